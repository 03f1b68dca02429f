const SLOTS = 10;
const SLOT_MS = 500;
/** The time that a rate is averaged over. */
export const RATE_WINDOW_MS = SLOTS * SLOT_MS;

/** A sum (of bytes, of messages) over the last five seconds, in half-second slots. */
export class RateWindow {
  readonly #slots = new Float64Array(SLOTS);
  #slot = 0;
  #total = 0;

  /** @returns the sum within the window, this included. */
  add(now: number, amount: number): number {
    const slot = Math.floor(now / SLOT_MS);
    const passed = Math.min(SLOTS, slot - this.#slot);
    for (let i = 1; i <= passed; i += 1) {
      const at = (this.#slot + i) % SLOTS;
      this.#total -= this.#slots[at]!;
      this.#slots[at] = 0;
    }
    if (passed > 0) {
      // After a long pause the numbers of the slots start anew; all of them are empty then.
      this.#slot = slot;
    }
    this.#slots[this.#slot % SLOTS]! += amount;
    this.#total += amount;
    return this.#total;
  }
}
