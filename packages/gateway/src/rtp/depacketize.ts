/** What all depacketizers share: packets in order go in, whole pictures come out. */

/** A picture's bytes, complete and the receiver's own. */
export interface PictureSink {
  /** H.264 and H.265 only: told before the keyframe that needs them, when they differ from the ones told last. */
  onParameterSets(sps: Uint8Array, pps: Uint8Array): void;
  /**
   * @param data H.264: NAL units behind 4-byte lengths; others: the frame as its decoder takes it.
   * @param timestamp extended RTP timestamp.
   */
  onPicture(data: Uint8Array, timestamp: number, keyframe: boolean): void;
  /** A picture cannot be put together: those after it refer to what is not there, until a keyframe. */
  onDamage(): void;
}

export interface Depacketizer {
  /** The next packet in order. The payload is only read. */
  push(payload: Uint8Array, timestamp: number, marker: boolean): void;
  /** Packets before the next one are lost. */
  lost(): void;
}

/** Pictures with a smaller side are the blank ones that a media server sends when a camera is muted or withdrawn. */
export const MIN_SIDE = 16;

/** Bytes of a picture being gathered: grows up to a bound and is used again for the next picture. */
export class PictureBuffer {
  readonly #limit: number;
  #bytes = new Uint8Array(16_384);
  length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Appends `source[begin, end)`; false when the bound is passed, and then nothing is appended. */
  append(source: Uint8Array, begin: number, end: number): boolean {
    const size = this.length + end - begin;
    if (!this.#room(size)) return false;
    this.#bytes.set(begin === 0 && end === source.length ? source : source.subarray(begin, end), this.length);
    this.length = size;
    return true;
  }

  byte(value: number): boolean {
    if (!this.#room(this.length + 1)) return false;
    this.#bytes[this.length++] = value;
    return true;
  }

  /** Writes a 32-bit big-endian number over what is at `offset`. */
  patch32(offset: number, value: number): void {
    this.#bytes[offset] = value >>> 24;
    this.#bytes[offset + 1] = value >>> 16;
    this.#bytes[offset + 2] = value >>> 8;
    this.#bytes[offset + 3] = value;
  }

  /** A view, good until the next append. */
  view(begin: number, end: number): Uint8Array {
    return this.#bytes.subarray(begin, end);
  }

  /** A copy of everything. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #room(size: number): boolean {
    if (size > this.#limit) return false;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#limit, Math.max(size, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    return true;
  }
}
