/** Bytes of one slot: an Ethernet MTU's payload with room to grow by a header extension. */
export const SLOT_BYTES = 2048;
/** Packets start here inside a slot, so that headers can grow in place (RTX, added extensions). */
export const SLOT_HEADROOM = 64;

/**
 * Packets live in fixed slots of one slab of memory: nothing is allocated per packet. A slot has one owner at a time:
 * the transport that fills it, then the forwarder that keeps it as history, which releases it.
 */
export class PacketSlab {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Length of the packet in each slot, in bytes, counted from {@link offset}. */
  readonly lengths: Uint16Array;
  /** Rises each time a slot is taken anew, so that a stale reference can be told. */
  readonly generations: Uint32Array;
  readonly #free: Uint32Array;
  #freeCount: number;

  constructor(slots: number) {
    this.bytes = Buffer.alloc(slots * SLOT_BYTES);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.lengths = new Uint16Array(slots);
    this.generations = new Uint32Array(slots);
    this.#free = new Uint32Array(slots);
    for (let i = 0; i < slots; i++) this.#free[i] = slots - 1 - i;
    this.#freeCount = slots;
  }

  /** Slots that can be taken now. */
  get available(): number {
    return this.#freeCount;
  }

  /** Takes a slot; −1 when all are in use (the packet must then be dropped). */
  take(): number {
    if (this.#freeCount === 0) return -1;
    const slot = this.#free[--this.#freeCount]!;
    this.generations[slot] = (this.generations[slot]! + 1) >>> 0;
    return slot;
  }

  /** Gives a slot back. The caller must own it and must not use it any more. */
  release(slot: number): void {
    this.lengths[slot] = 0;
    this.#free[this.#freeCount++] = slot;
  }

  /** Where the packet of a slot begins in {@link bytes}. */
  offset(slot: number): number {
    return slot * SLOT_BYTES + SLOT_HEADROOM;
  }
}
