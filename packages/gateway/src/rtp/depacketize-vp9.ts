/**
 * VP9 over RTP (RFC 9628). The frames of one picture's spatial layers become one superframe, which decoders take as one
 * picture (VP9 bitstream specification, annex B).
 */
import { type Depacketizer, PictureBuffer, type PictureSink } from './depacketize.ts';

/** N_S has three bits. */
const maxLayers = 8;

export class Vp9Depacketizer implements Depacketizer {
  readonly #sink: PictureSink;
  readonly #buffer: PictureBuffer;
  /** Bytes of the layer frames gathered. */
  readonly #sizes: number[] = [];
  #open = false;
  #timestamp = 0;
  #damaged = false;
  /** A layer frame has begun and not ended. */
  #inside = false;

  constructor(sink: PictureSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#buffer = new PictureBuffer(maxFrameBytes);
  }

  push(payload: Uint8Array, timestamp: number, marker: boolean): void {
    if (payload.length === 0) return;
    if (this.#open && timestamp !== this.#timestamp) this.#finish();
    if (!this.#open) {
      this.#open = true;
      this.#timestamp = timestamp;
      this.#buffer.length = 0;
      this.#sizes.length = 0;
      this.#damaged = false;
      this.#inside = false;
    }
    this.#take(payload);
    if (marker) this.#finish();
  }

  lost(): void {
    if (this.#open) this.#sink.onDamage();
    this.#open = false;
  }

  #take(payload: Uint8Array): void {
    const body = descriptorLength(payload);
    const begins = (payload[0]! & 0x08) !== 0;
    const ends = (payload[0]! & 0x04) !== 0;
    // B: the first packet of a layer frame. A picture whose first packets are lost begins inside one.
    if (body < 0 || begins === this.#inside || this.#sizes.length > maxLayers) {
      this.#damaged = true;
      return;
    }
    if (begins) this.#sizes.push(0);
    if (this.#sizes.length > maxLayers || !this.#buffer.append(payload, body, payload.length)) {
      this.#damaged = true;
      return;
    }
    this.#sizes[this.#sizes.length - 1]! += payload.length - body;
    this.#inside = !ends;
  }

  #finish(): void {
    this.#open = false;
    if (this.#damaged || this.#inside || this.#buffer.length === 0 || !this.#index()) {
      this.#sink.onDamage();
      return;
    }
    const data = this.#buffer.take();
    const head = data[0]!;
    // uncompressed_header(): frame_marker 2, profile, show_existing_frame 0, frame_type 0 (key).
    const reserved = (head & 0x30) === 0x30 ? 1 : 0;
    const keyframe = (head & 0xc0) === 0x80 && (head & ((0x08 | 0x04) >> reserved)) === 0;
    this.#sink.onPicture(data, this.#timestamp, keyframe);
  }

  /** Appends the superframe index where there is more than one layer frame. */
  #index(): boolean {
    const count = this.#sizes.length;
    if (count < 2) return true;
    const largest = Math.max(...this.#sizes);
    const bytes = largest < 0x1_00 ? 1 : largest < 0x1_00_00 ? 2 : largest < 0x1_00_00_00 ? 3 : 4;
    const marker = 0xc0 | ((bytes - 1) << 3) | (count - 1);
    let room = this.#buffer.byte(marker);
    for (const size of this.#sizes) {
      for (let i = 0; i < bytes; i++) room = this.#buffer.byte((size >>> (8 * i)) & 0xff) && room;
    }
    return this.#buffer.byte(marker) && room;
  }
}

/** Bytes before the VP9 payload (§4.2); -1 when there is nothing behind them. */
function descriptorLength(payload: Uint8Array): number {
  const head = payload[0]!;
  const flexible = (head & 0x10) !== 0;
  let at = 1;
  // I: a picture id of 7 or 15 bits.
  if ((head & 0x80) !== 0) at += ((payload[at] ?? 0) & 0x80) !== 0 ? 2 : 1;
  // L: layer indices, and TL0PICIDX in non-flexible mode.
  if ((head & 0x20) !== 0) at += flexible ? 1 : 2;
  // F and P: up to three reference indices, each telling whether another follows.
  if (flexible && (head & 0x40) !== 0) {
    for (let i = 0; i < 3; i++) if (((payload[at++] ?? 0) & 1) === 0) break;
  }
  if ((head & 0x02) !== 0) at = skipStructure(payload, at);
  return at < payload.length ? at : -1;
}

/** V: the scalability structure. */
function skipStructure(payload: Uint8Array, begin: number): number {
  const head = payload[begin] ?? 0;
  let at = begin + 1;
  // Y: width and height of every layer.
  if ((head & 0x10) !== 0) at += 4 * ((head >> 5) + 1);
  if ((head & 0x08) === 0) return at;
  // G: a group of pictures, each with its references.
  for (let pictures = payload[at++] ?? 0; pictures > 0 && at < payload.length; pictures--) {
    at += 1 + (((payload[at] ?? 0) >> 2) & 3);
  }
  return at;
}
