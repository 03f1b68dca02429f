import { MAX_MISSING, MAX_NACK_TRIES, MIN_RETRY_MS } from './constants.ts';
import { distance } from './sequence.ts';

/**
 * The missing packets of one layer, in order, and when each was last asked for (RFC 4585 section 6.2.1). Bounded: a gap
 * too wide to repair is left to the next keyframe.
 */
export class NackGenerator {
  readonly #missing = new Int32Array(MAX_MISSING);
  readonly #askedAt = new Float64Array(MAX_MISSING);
  readonly #tries = new Uint8Array(MAX_MISSING);
  #count = 0;
  /** Numbers to ask for now, filled by {@link collect}. */
  readonly due = new Uint16Array(MAX_MISSING);

  get size(): number {
    return this.#count;
  }

  /** The packets after `highest` and before `extended` are missing. False when they are too many to ask for. */
  gap(highest: number, extended: number): boolean {
    const width = distance(extended, highest) - 1;
    if (width > MAX_MISSING) {
      this.#count = 0;
      return false;
    }
    if (this.#count + width > MAX_MISSING) this.#forget(this.#count + width - MAX_MISSING);
    for (let i = 1; i <= width; i++) {
      this.#missing[this.#count] = (highest + i) | 0;
      this.#askedAt[this.#count] = Number.NEGATIVE_INFINITY;
      this.#tries[this.#count] = 0;
      this.#count++;
    }
    return true;
  }

  /**
   * A packet came late or repaired. Answers the round trip in ms when it can be told (asked for exactly once and it came
   * as a retransmission), else −1.
   */
  arrived(extended: number, repaired: boolean, now: number): number {
    for (let i = 0; i < this.#count; i++) {
      if (this.#missing[i] !== extended) continue;
      const roundTrip = repaired && this.#tries[i] === 1 ? now - this.#askedAt[i]! : -1;
      this.#missing.copyWithin(i, i + 1, this.#count);
      this.#askedAt.copyWithin(i, i + 1, this.#count);
      this.#tries.copyWithin(i, i + 1, this.#count);
      this.#count--;
      return roundTrip;
    }
    return -1;
  }

  /** How many of {@link due} are to be asked for now; each again after one round trip, a bounded number of times. */
  collect(now: number, rttMs: number): number {
    const spacing = Math.max(MIN_RETRY_MS, rttMs);
    let due = 0;
    let kept = 0;
    for (let i = 0; i < this.#count; i++) {
      let tries = this.#tries[i]!;
      let askedAt = this.#askedAt[i]!;
      if (now - askedAt >= spacing) {
        if (tries >= MAX_NACK_TRIES) continue;
        tries++;
        askedAt = now;
        this.due[due++] = this.#missing[i]! & 0xffff;
      }
      this.#missing[kept] = this.#missing[i]!;
      this.#askedAt[kept] = askedAt;
      this.#tries[kept] = tries;
      kept++;
    }
    this.#count = kept;
    return due;
  }

  clear(): void {
    this.#count = 0;
  }

  #forget(count: number): void {
    this.#missing.copyWithin(0, count, this.#count);
    this.#askedAt.copyWithin(0, count, this.#count);
    this.#tries.copyWithin(0, count, this.#count);
    this.#count -= count;
  }
}
