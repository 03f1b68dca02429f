/** Longer than the interval by this, so that a request does not fall into the link's own interval and get lost. */
const marginMs = 20;

/** When to ask a source for a keyframe: at most once in an interval, again while none comes. */
export class KeyframeRequests {
  readonly #intervalMs: number;
  readonly #send: () => void;
  #wanted = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Requests sent so far. */
  sent = 0;

  constructor(intervalMs: number, send: () => void) {
    this.#intervalMs = intervalMs + marginMs;
    this.#send = send;
  }

  /** A keyframe is needed from now on. */
  want(now: number): void {
    this.#wanted = true;
    this.tick(now);
  }

  /** One came. */
  came(): void {
    this.#wanted = false;
  }

  tick(now: number): void {
    if (!this.#wanted || now - this.#askedAt < this.#intervalMs) return;
    this.#askedAt = now;
    this.sent++;
    this.#send();
  }
}
