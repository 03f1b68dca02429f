/**
 * Asks the publisher for a keyframe of one layer: at once when somebody wants it, at most once in `intervalMs`, and again
 * until one comes (RFC 4585 section 6.3.1: a lost PLI is the asker's to repeat).
 */
export class KeyframeRequester {
  readonly #intervalMs: number;
  #wanted = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  /** Somebody cannot decode without a keyframe. */
  want(): void {
    this.#wanted = true;
  }

  arrived(): void {
    this.#wanted = false;
  }

  /** Whether a request is to be sent now. */
  due(now: number): boolean {
    if (!this.#wanted || now - this.#sentAt < this.#intervalMs) return false;
    this.#sentAt = now;
    return true;
  }
}
