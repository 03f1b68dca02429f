/** The last packets of one publication, header and payload as they were sent, for retransmission. */
export class PacketHistory {
  readonly #slots: number;
  readonly #slotBytes: number;
  readonly #bytes: Buffer;
  /** Sequence number in a slot; −1 = none. */
  readonly #sequences: Int32Array;
  readonly #lengths: Uint16Array;
  readonly #headerLengths: Uint16Array;
  /** Monotonic ms when a slot was last sent again. */
  readonly #resent: Float64Array;

  constructor(slots: number, slotBytes: number) {
    this.#slots = slots;
    this.#slotBytes = slotBytes;
    this.#bytes = Buffer.allocUnsafeSlow(slots * slotBytes);
    this.#sequences = new Int32Array(slots).fill(-1);
    this.#lengths = new Uint16Array(slots);
    this.#headerLengths = new Uint16Array(slots);
    this.#resent = new Float64Array(slots);
  }

  put(sequence: number, header: Buffer, payload: Uint8Array): void {
    const slot = sequence % this.#slots;
    const total = header.length + payload.length;
    if (total > this.#slotBytes) {
      this.#sequences[slot] = -1;
      return;
    }
    const at = slot * this.#slotBytes;
    header.copy(this.#bytes, at);
    this.#bytes.set(payload, at + header.length);
    this.#sequences[slot] = sequence;
    this.#lengths[slot] = total;
    this.#headerLengths[slot] = header.length;
    this.#resent[slot] = Number.NEGATIVE_INFINITY;
  }

  /** The slot of a packet, or −1 when it is gone, or was sent again less than `holdMs` ago. */
  take(sequence: number, now: number, holdMs: number): number {
    const slot = sequence % this.#slots;
    if (this.#sequences[slot] !== sequence || now - this.#resent[slot]! < holdMs) return -1;
    this.#resent[slot] = now;
    return slot;
  }

  header(slot: number): Buffer {
    const at = slot * this.#slotBytes;
    return this.#bytes.subarray(at, at + this.#headerLengths[slot]!);
  }

  payload(slot: number): Buffer {
    const at = slot * this.#slotBytes;
    return this.#bytes.subarray(at + this.#headerLengths[slot]!, at + this.#lengths[slot]!);
  }

  clear(): void {
    this.#sequences.fill(-1);
  }
}
