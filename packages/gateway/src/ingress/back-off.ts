/** Pauses between tries, doubling up to a limit; forgotten after a time without failures. */
export class BackOff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #pauseMs: number;
  #until = Number.NEGATIVE_INFINITY;
  #failures = 0;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#pauseMs = firstMs;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  failed(now: number): void {
    // One that held for longer than the longest pause is not of the same series.
    if (now - this.#until > this.#maxMs) this.succeeded();
    this.#failures++;
    this.#until = now + this.#pauseMs;
    this.#pauseMs = Math.min(this.#maxMs, this.#pauseMs * 2);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = this.#firstMs;
  }

  /** Whether the next try may be made. */
  ready(now: number): boolean {
    return now >= this.#until;
  }
}
