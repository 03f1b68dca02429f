/** One HTTP request, in terms that both `fetch` and `wx.request` can carry out. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Give up after this many milliseconds. */
  readonly timeoutMs: number;
  /** The request must outlive the page (sent while it is being closed); nobody reads the answer. */
  readonly keepalive?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** One header of the answer, by its lower-case name. */
  header(name: string): string | null;
}

/** Carries a request out; rejects only when no answer came (network, timeout). */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/** Small, synchronous storage: `sessionStorage`, `wx.getStorageSync` … */
export interface KeyValueStore {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

/** Time, injected so that tests need not wait. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Calls once after `ms`; the answer cancels. */
  after(ms: number, call: () => void): () => void;
}

/** The platform's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** Storage that forgets at the end of the page: for platforms that refuse theirs. */
export function memoryStore(): KeyValueStore {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

/** Resolves after `ms`. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
