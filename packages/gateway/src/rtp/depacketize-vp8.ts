/** VP8 over RTP (RFC 7741): the descriptor is taken off, the partitions of a frame are put together. */
import { type Depacketizer, MIN_SIDE, PictureBuffer, type PictureSink } from './depacketize.ts';

export class Vp8Depacketizer implements Depacketizer {
  readonly #sink: PictureSink;
  readonly #buffer: PictureBuffer;
  #open = false;
  #timestamp = 0;
  #damaged = false;
  /** The last key frame was a blank picture: it and what refers to it are dropped. */
  #blank = false;

  constructor(sink: PictureSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#buffer = new PictureBuffer(maxFrameBytes);
  }

  push(payload: Uint8Array, timestamp: number, marker: boolean): void {
    if (payload.length === 0) return;
    if (this.#open && timestamp !== this.#timestamp) this.#finish();
    const body = descriptorLength(payload);
    // §4.2: S and partition 0 mark the beginning of a frame.
    const begins = (payload[0]! & 0x17) === 0x10;
    if (!this.#open) {
      this.#open = true;
      this.#timestamp = timestamp;
      this.#buffer.length = 0;
      this.#damaged = !begins;
    }
    if (body < 0 || !this.#buffer.append(payload, body, payload.length)) this.#damaged = true;
    if (marker) this.#finish();
  }

  lost(): void {
    if (this.#open) this.#sink.onDamage();
    this.#open = false;
  }

  #finish(): void {
    this.#open = false;
    if (this.#damaged || this.#buffer.length < 3) {
      this.#sink.onDamage();
      return;
    }
    const data = this.#buffer.take();
    // RFC 6386 §9.1: bit 0 of the frame tag is 0 for key frames, which have a start code.
    const keyframe = (data[0]! & 1) === 0;
    if (keyframe && (data.length < 10 || data[3] !== 0x9d || data[4] !== 0x01 || data[5] !== 0x2a)) {
      this.#sink.onDamage();
      return;
    }
    if (keyframe) this.#blank = isBlank(data);
    if (!this.#blank) this.#sink.onPicture(data, this.#timestamp, keyframe);
  }
}

/** By the width and height behind the start code, 14 bits each (RFC 6386 §9.1). */
function isBlank(data: Uint8Array): boolean {
  const width = (data[6]! | (data[7]! << 8)) & 0x3fff;
  const height = (data[8]! | (data[9]! << 8)) & 0x3fff;
  return width < MIN_SIDE || height < MIN_SIDE;
}

/** Bytes before the VP8 payload (§4.2); -1 when there is nothing behind them. */
function descriptorLength(payload: Uint8Array): number {
  let at = 1;
  if ((payload[0]! & 0x80) !== 0) {
    const extensions = payload[at++];
    if (extensions === undefined) return -1;
    // I: a picture id of one or two bytes.
    if ((extensions & 0x80) !== 0) at += ((payload[at] ?? 0) & 0x80) !== 0 ? 2 : 1;
    // L: TL0PICIDX.
    if ((extensions & 0x40) !== 0) at++;
    // T, K: one byte for both.
    if ((extensions & 0x30) !== 0) at++;
  }
  return at < payload.length ? at : -1;
}
