/** A token bucket: `rate` per second on average, `burst` at once. Times are monotonic milliseconds. */
export class RateLimit {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes `cost`; false (and nothing taken) when it is not there. */
  take(now: number, cost = 1): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }

  /** True when the bucket is as good as new and may be forgotten. */
  isFull(now: number): boolean {
    return this.#tokens + ((now - this.#at) / 1000) * this.#rate >= this.#burst;
  }
}

/** One bucket per key (an address), never more than `capacity` of them. */
export class KeyedRateLimit {
  readonly #buckets = new Map<string, RateLimit>();
  readonly #rate: number;
  readonly #burst: number;
  readonly #capacity: number;

  constructor(rate: number, burst: number, capacity: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#capacity = capacity;
  }

  take(key: string, now: number): boolean {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#capacity) this.#prune(now);
      bucket = new RateLimit(this.#rate, this.#burst, now);
      this.#buckets.set(key, bucket);
    }
    return bucket.take(now);
  }

  get size(): number {
    return this.#buckets.size;
  }

  #prune(now: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
    // Still full: forget the oldest. A flood from very many addresses may so win fresh buckets, never memory.
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size < this.#capacity) break;
      this.#buckets.delete(key);
    }
  }
}
