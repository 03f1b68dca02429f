/** How many packets late one may come. Retransmissions on the same SSRC come hundreds of packets late. */
const WINDOW = 1024;
const WORDS = WINDOW / 32;

/**
 * Replay list (RFC 3711 §3.3.2) over packet indices (up to 2^48, exact in a number). Check before authenticating, commit
 * after: a forged packet must not move the window.
 */
export class ReplayWindow {
  readonly #bits = new Int32Array(WORDS);
  #highest = -1;

  /** Highest committed index, −1 at first. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether this index is new and not too old. */
  isFresh(index: number): boolean {
    if (index > this.#highest) return true;
    if (this.#highest - index >= WINDOW) return false;
    const bit = index % WINDOW;
    return (this.#bits[bit >> 5]! & (1 << (bit & 31))) === 0;
  }

  /** Marks an authenticated index as seen. */
  commit(index: number): void {
    if (index > this.#highest) {
      if (index - this.#highest >= WINDOW) this.#bits.fill(0);
      else {
        for (let i = this.#highest + 1; i < index; i++) {
          const stale = i % WINDOW;
          this.#bits[stale >> 5]! &= ~(1 << (stale & 31));
        }
      }
      this.#highest = index;
    }
    const bit = index % WINDOW;
    this.#bits[bit >> 5]! |= 1 << (bit & 31);
  }
}
