/** More bits were asked for than there are, or an Exp-Golomb code is longer than any legal one. */
export class BitsExhausted extends Error {
  override name = 'BitsExhausted';
}

/** Reads bits, most significant first, from a payload without emulation prevention. Throws {@link BitsExhausted}. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position = 0;

  /** @param length bytes of `bytes` that count. */
  constructor(bytes: Uint8Array, length: number = bytes.length) {
    this.#bytes = bytes;
    this.#end = length * 8;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#position;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  bit(): 0 | 1 {
    if (this.#position >= this.#end) throw new BitsExhausted('no bit left');
    const byte = this.#bytes[this.#position >> 3] ?? 0;
    const bit = (byte >> (7 - (this.#position & 7))) & 1;
    this.#position++;
    return bit === 1 ? 1 : 0;
  }

  /** An unsigned number of up to 32 bits. */
  bits(count: number): number {
    if (count > this.remaining) throw new BitsExhausted('no bits left');
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit();
    return value;
  }

  /** ue(v), ITU-T H.264 §9.1: at most 2^32 - 2, so at most 32 leading zeros. */
  unsigned(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros++;
      if (zeros > 32) throw new BitsExhausted('an Exp-Golomb code is too long');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v), ITU-T H.264 §9.1.1. */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 0 ? -code / 2 : (code + 1) / 2;
  }
}

/** Writes bits, most significant first; the last byte is filled with zeros. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #used = 0;

  bit(value: number): void {
    if ((this.#used & 7) === 0) this.#bytes.push(0);
    if (value !== 0) this.#bytes[this.#bytes.length - 1]! |= 0x80 >> (this.#used & 7);
    this.#used++;
  }

  /** The lowest `count` bits of a number below 2^32. */
  bits(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) this.bit(Math.floor(value / 2 ** i) % 2);
  }

  /** ue(v). */
  unsigned(value: number): void {
    const length = Math.floor(Math.log2(value + 1));
    this.bits(0, length);
    this.bits(value + 1, length + 1);
  }

  /** Copies the first `count` bits of `bytes`. */
  copy(bytes: Uint8Array, count: number): void {
    const reader = new BitReader(bytes);
    for (let i = 0; i < count; i++) this.bit(reader.bit());
  }

  /** rbsp_trailing_bits, ITU-T H.264 §7.3.2.11: a one, then zeros up to the byte's end (which are there already). */
  trailing(): void {
    this.bit(1);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
