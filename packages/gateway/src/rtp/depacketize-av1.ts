/**
 * AV1 over RTP (AV1 RTP specification 1.0): elements become OBUs with a size each, a temporal unit in the low-overhead
 * format (AV1 bitstream specification §5.2).
 */
import { type Depacketizer, PictureBuffer, type PictureSink } from './depacketize.ts';

const obuTypes = { sequenceHeader: 1, temporalDelimiter: 2, tileList: 8 } as const;
/** OBUs of one temporal unit; encoders make a handful for each layer. */
const maxObus = 256;

export class Av1Depacketizer implements Depacketizer {
  readonly #sink: PictureSink;
  readonly #unit: PictureBuffer;
  /** The OBU being gathered. */
  readonly #obu: PictureBuffer;
  #open = false;
  #timestamp = 0;
  #damaged = false;
  #continues = false;
  #obus = 0;
  #sequenceHeader = false;

  constructor(sink: PictureSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#unit = new PictureBuffer(maxFrameBytes);
    this.#obu = new PictureBuffer(maxFrameBytes);
  }

  push(payload: Uint8Array, timestamp: number, marker: boolean): void {
    if (payload.length === 0) return;
    if (this.#open && timestamp !== this.#timestamp) this.#finish();
    if (!this.#open) this.#begin(timestamp);
    if (!this.#elements(payload)) this.#damaged = true;
    if (marker) this.#finish();
  }

  lost(): void {
    if (this.#open) this.#sink.onDamage();
    this.#open = false;
  }

  #begin(timestamp: number): void {
    this.#open = true;
    this.#timestamp = timestamp;
    this.#damaged = false;
    this.#continues = false;
    this.#obus = 0;
    this.#sequenceHeader = false;
    this.#unit.length = 0;
    this.#obu.length = 0;
    // Temporal delimiters do not travel; decoders expect one.
    this.#unit.byte((obuTypes.temporalDelimiter << 3) | 2);
    this.#unit.byte(0);
  }

  /** §4.4: the aggregation header (Z, Y, W, N) and the elements behind it. */
  #elements(payload: Uint8Array): boolean {
    const head = payload[0]!;
    if (((head & 0x80) !== 0) !== this.#continues) return false;
    const count = (head >> 4) & 3;
    let at = 1;
    for (let i = 1; at < payload.length; i++) {
      let size = payload.length - at;
      // The last of W elements has no length; with W = 0 all have one.
      if (i !== count) {
        size = 0;
        let shift = 0;
        for (;;) {
          const byte = payload[at++];
          if (byte === undefined || shift > 21) return false;
          size |= (byte & 0x7f) << shift;
          if ((byte & 0x80) === 0) break;
          shift += 7;
        }
      }
      if (size > payload.length - at || !this.#obu.append(payload, at, at + size)) return false;
      at += size;
      this.#continues = at === payload.length && (head & 0x40) !== 0;
      if (!this.#continues && !this.#close()) return false;
      if (i === count && at < payload.length) return false;
    }
    return true;
  }

  /** The OBU is whole: into the unit, with its size. */
  #close(): boolean {
    const obu = this.#obu.view(0, this.#obu.length);
    this.#obu.length = 0;
    if (obu.length === 0) return true;
    const head = obu[0]!;
    const type = (head >> 3) & 15;
    if (type === obuTypes.temporalDelimiter || type === obuTypes.tileList) return true;
    if (++this.#obus > maxObus) return false;
    if (type === obuTypes.sequenceHeader) this.#sequenceHeader = true;
    const headBytes = (head & 4) === 0 ? 1 : 2;
    if ((head & 2) !== 0) return this.#unit.append(obu, 0, obu.length);
    if (obu.length < headBytes) return false;
    let room = this.#unit.byte(head | 2);
    if (headBytes === 2) room = this.#unit.byte(obu[1]!) && room;
    for (let size = obu.length - headBytes; ; size >>>= 7) {
      room = this.#unit.byte(size > 0x7f ? (size & 0x7f) | 0x80 : size) && room;
      if (size <= 0x7f) break;
    }
    return this.#unit.append(obu, headBytes, obu.length) && room;
  }

  #finish(): void {
    this.#open = false;
    if (this.#damaged || this.#continues || this.#obus === 0) {
      this.#sink.onDamage();
      return;
    }
    // Encoders for RTP send the sequence header with keyframes, and only with them.
    this.#sink.onPicture(this.#unit.take(), this.#timestamp, this.#sequenceHeader);
  }
}
