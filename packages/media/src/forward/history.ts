import type { PacketSlab } from '../transport/slab.ts';
import { distance, powerOfTwo } from './sequence.ts';

/**
 * The last packets of one layer, by extended sequence number: what retransmissions are answered from and what tells a
 * duplicate. It owns the slots put into it and gives each back when a newer packet takes its place.
 */
export class PacketHistory {
  readonly capacity: number;
  readonly #slab: PacketSlab;
  readonly #mask: number;
  readonly #slots: Int32Array;
  readonly #extended: Int32Array;
  readonly #seen: Uint8Array;
  #highest = 0;
  #oldest = 0;
  #empty = true;
  #held = 0;

  constructor(slab: PacketSlab, packets: number) {
    this.#slab = slab;
    this.capacity = powerOfTwo(Math.max(1, packets));
    this.#mask = this.capacity - 1;
    this.#slots = new Int32Array(this.capacity).fill(-1);
    this.#extended = new Int32Array(this.capacity);
    this.#seen = new Uint8Array(this.capacity);
  }

  /** Slots held now. */
  get held(): number {
    return this.#held;
  }

  /** Whether a packet with this number came (kept or not), or is too old to be told from one that did. */
  seen(extended: number): boolean {
    if (this.#empty) return false;
    if (distance(this.#highest, extended) >= this.capacity) return true;
    const index = extended & this.#mask;
    return this.#seen[index] === 1 && this.#extended[index] === extended;
  }

  /** Takes a packet over. The caller has asked {@link seen}. */
  put(extended: number, slot: number): void {
    this.mark(extended);
    this.#slots[extended & this.#mask] = slot;
    this.#held++;
  }

  /** Remembers that a packet came without keeping it. */
  mark(extended: number): void {
    const index = extended & this.#mask;
    this.#release(index);
    this.#extended[index] = extended;
    this.#seen[index] = 1;
    if (this.#empty) {
      this.#empty = false;
      this.#highest = extended;
      this.#oldest = extended;
      return;
    }
    if (distance(extended, this.#highest) > 0) this.#highest = extended;
    if (distance(extended, this.#oldest) < 0) this.#oldest = extended;
  }

  /** The slot of a packet, −1 when it is not held. */
  slotOf(extended: number): number {
    const index = extended & this.#mask;
    return this.#extended[index] === extended ? this.#slots[index]! : -1;
  }

  /** Gives back up to `count` of the oldest slots, keeping at least `keep`. */
  shed(count: number, keep: number): void {
    if (distance(this.#highest, this.#oldest) >= this.capacity) {
      this.#oldest = (this.#highest - this.capacity + 1) | 0;
    }
    let left = Math.min(count, this.#held - keep);
    while (left > 0 && distance(this.#highest, this.#oldest) > 0) {
      const index = this.#oldest & this.#mask;
      if (this.#slots[index] !== -1) {
        this.#release(index);
        left--;
      }
      this.#oldest = (this.#oldest + 1) | 0;
    }
  }

  /** Gives every slot back and forgets what came. */
  clear(): void {
    for (let index = 0; index < this.capacity; index++) this.#release(index);
    this.#seen.fill(0);
    this.#empty = true;
  }

  /** Gives every slot back; duplicates are still told. */
  drop(): void {
    for (let index = 0; index < this.capacity; index++) this.#release(index);
  }

  #release(index: number): void {
    const slot = this.#slots[index]!;
    if (slot === -1) return;
    this.#slots[index] = -1;
    this.#held--;
    this.#slab.release(slot);
  }
}
