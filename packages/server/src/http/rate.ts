import { LianmaiError } from '@lianmai/protocol';

/** Too many requests, with when to come again. */
export class RateLimitError extends LianmaiError {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('tooManyRequests');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * A token bucket for each key, bounded in number: the key that was quiet for longest is forgotten first, and since a
 * forgotten key begins with a full bucket, only a flood from very many addresses can gain by it.
 */
export class RateLimiter {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #maxKeys: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now a monotonic clock, ms. */
  constructor(options: { perSecond: number; burst: number; maxKeys: number; now?: () => number }) {
    this.#perMs = options.perSecond / 1000;
    this.#burst = Math.max(1, options.burst);
    this.#maxKeys = options.maxKeys;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Takes one request of this key. @throws RateLimitError when it has none left. */
  take(key: string): void {
    const now = this.#now();
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#maxKeys) this.#forgetOldest();
      bucket = { tokens: this.#burst, at: now };
    } else {
      bucket.tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) * this.#perMs);
      bucket.at = now;
      this.#buckets.delete(key);
    }
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) throw new RateLimitError(Math.max(1, Math.ceil((1 - bucket.tokens) / this.#perMs / 1000)));
    bucket.tokens -= 1;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
