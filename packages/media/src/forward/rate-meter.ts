import { RATE_INTERVAL_MS } from './constants.ts';

/** Bits per second over the last measuring interval. */
export class RateMeter {
  #bytes = 0;
  #since = Number.NaN;
  #rate = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Closes the interval when it is over. */
  review(now: number): void {
    const elapsed = now - this.#since;
    if (elapsed < RATE_INTERVAL_MS) return;
    this.#rate = Number.isNaN(elapsed) ? 0 : (this.#bytes * 8000) / elapsed;
    this.#bytes = 0;
    this.#since = now;
  }

  get bitrate(): number {
    return this.#rate;
  }
}
