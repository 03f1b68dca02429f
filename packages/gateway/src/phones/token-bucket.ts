/** Bounds a rate: so much a second on average, a burst at once. What was taken beyond it is owed, and earned back first. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: () => number;
  #tokens: number;
  #refilledAt: number;

  /** @param clock monotonic milliseconds. */
  constructor(perSecond: number, burst: number, clock: () => number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#refilledAt = clock();
  }

  /** Whether anything may be taken now. */
  get open(): boolean {
    this.#refill();
    return this.#tokens > 0;
  }

  /** Takes one if there is one. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes so many, there or not. */
  owe(tokens: number): void {
    this.#refill();
    this.#tokens -= tokens;
  }

  #refill(): void {
    const now = this.#clock();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#refilledAt) * this.#perSecond) / 1_000);
    this.#refilledAt = now;
  }
}
