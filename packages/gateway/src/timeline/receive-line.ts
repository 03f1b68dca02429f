/** How long one span of the arrival floor is; the floor is the least of the last two. */
const spanMs = 4_000;
/** Correction towards the arrivals: so much of the error per second, and at most this rate. */
const gainPerSecond = 0.02;
const maxRate = 500e-6;
/** A standstill of the arrivals longer than this teaches nothing of the rate. */
const maxStepMs = 1_000;

/**
 * Positions of one track (RTP ticks, samples) on the local clock: a straight line of nominal rate that is moved a little
 * at a time and never stepped once it is in use. Local time of a position means: when it comes at the earliest.
 *
 * The line follows its packets' arrival by their least delay, so that a sender's clock that drifts (±100 ppm) drifts
 * neither away from the players' nor from the other track's.
 */
export class ReceiveLine {
  readonly #perMs: number;
  /** Local time of position 0, or NaN. */
  #base = Number.NaN;
  #seenAt = 0;
  /** Least lateness in this span and in the last one. */
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #spanEnd = 0;
  /** Lateness that is to be kept, or NaN until a span is over. */
  #goal = Number.NaN;

  /** @param perMs positions in a millisecond. */
  constructor(perMs: number) {
    this.#perMs = perMs;
  }

  get anchored(): boolean {
    return !Number.isNaN(this.#base);
  }

  /** Least lateness of late: how long after the line's time the fastest packets come. */
  get floor(): number {
    const least = Math.min(this.#least, this.#leastBefore);
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }

  /** Puts a position at a local time, and forgets what was learnt of the arrivals. */
  anchor(position: number, localMs: number, now: number): void {
    this.#base = localMs - position / this.#perMs;
    this.#seenAt = now;
    this.#least = Number.POSITIVE_INFINITY;
    this.#leastBefore = Number.POSITIVE_INFINITY;
    this.#spanEnd = now + spanMs;
    this.#goal = Number.NaN;
  }

  at(position: number): number {
    return this.#base + position / this.#perMs;
  }

  positionAt(localMs: number): number {
    return (localMs - this.#base) * this.#perMs;
  }

  /** A packet of this position came. Answers how late. */
  observe(position: number, now: number): number {
    const lateness = now - this.at(position);
    if (now >= this.#spanEnd) {
      this.#leastBefore = this.#least;
      this.#least = lateness;
      this.#spanEnd = now + spanMs;
      if (Number.isNaN(this.#goal) && this.#leastBefore !== Number.POSITIVE_INFINITY) this.#goal = this.floor;
    } else if (lateness < this.#least) this.#least = lateness;
    return lateness;
  }

  /** Moves the line towards its arrivals, by what is due since the last call. */
  follow(now: number): void {
    const elapsed = Math.min(maxStepMs, now - this.#seenAt);
    this.#seenAt = now;
    if (Number.isNaN(this.#goal) || elapsed <= 0) return;
    const rate = Math.max(-maxRate, Math.min(maxRate, ((this.floor - this.#goal) * gainPerSecond) / 1_000));
    this.move(rate * elapsed);
  }

  /** Another clock leads: where the line is now is where it is to stay when that ends. */
  lead(now: number): void {
    this.#seenAt = now;
    if (!Number.isNaN(this.#goal)) this.#goal = this.floor;
  }

  /** Moves the line by so many milliseconds. */
  move(ms: number): void {
    this.#base += ms;
    this.#least -= ms;
    this.#leastBefore -= ms;
  }
}
