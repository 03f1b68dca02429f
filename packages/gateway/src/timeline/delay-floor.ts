/** Least delay seen within a sliding window, kept as one minimum for each of a few spans of time. */
export class DelayFloor {
  readonly #spanMs: number;
  readonly #minima: Float64Array;
  #slot = 0;
  #slotEndsAt = Number.NEGATIVE_INFINITY;

  /** @param windowMs @param spans parts of it; the window's length is exact to one of them. */
  constructor(windowMs: number, spans: number) {
    this.#spanMs = windowMs / spans;
    this.#minima = new Float64Array(spans).fill(Number.POSITIVE_INFINITY);
  }

  add(delayMs: number, now: number): void {
    this.#advance(now);
    if (delayMs < this.#minima[this.#slot]!) this.#minima[this.#slot] = delayMs;
  }

  /** Infinite when nothing was added within the window. */
  least(now: number): number {
    this.#advance(now);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#minima.length; i++) least = Math.min(least, this.#minima[i]!);
    return least;
  }

  clear(): void {
    this.#minima.fill(Number.POSITIVE_INFINITY);
  }

  #advance(now: number): void {
    if (now < this.#slotEndsAt) return;
    const steps = Math.ceil((now - this.#slotEndsAt) / this.#spanMs);
    if (!(steps < this.#minima.length)) {
      this.clear();
      this.#slotEndsAt = now + this.#spanMs;
      return;
    }
    // A moment exactly at the end belongs to the next span.
    const turns = Math.max(1, steps);
    for (let i = 0; i < turns; i++) {
      this.#slot = (this.#slot + 1) % this.#minima.length;
      this.#minima[this.#slot] = Number.POSITIVE_INFINITY;
      this.#slotEndsAt += this.#spanMs;
    }
    if (now >= this.#slotEndsAt) this.#advance(now);
  }
}
