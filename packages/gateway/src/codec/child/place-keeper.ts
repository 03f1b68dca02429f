/**
 * Rules that keep a stream of sound on the places its source gives, without audible steps. Pure.
 *
 * The job counts its own samples. Small differences between its count and the places given (drift of the source's
 * clock, milliseconds rounded by RTMP) are smoothed and answered with a tiny change of speed; a gap is filled with
 * silence; only a gap too long to fill moves the count, and only forward.
 */

export interface KeeperOptions {
  /** Differences from this on are gaps (or overlaps), not drift. Samples at 48 kHz. */
  readonly gap: number;
  /** Longest gap filled with silence. */
  readonly maxFill: number;
}

const RATE = 48_000;
/** Rounding noise is averaged over this time before it steers. */
const SMOOTHING = 1 * RATE;
/** A difference is worked off over this time: critically damped with the smoothing above. */
const CORRECTION = 5 * RATE;
/** 0.2 % is 3.5 cents, below what is heard; it works off 2 ms a second. */
const MAX_SPEED = 0.002;

export type Verdict = 'play' | 'fill' | 'jump' | 'drop';

export class PlaceKeeper {
  readonly #options: KeeperOptions;
  #shift = 0;
  #smoothed = 0;
  #dropped = 0;
  /** After `fill`: samples of silence. After `jump`: the place to go on at. */
  amount = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /**
   * What to do with a frame.
   * @param given its place by the source
   * @param own the place where the job's count stands
   * @param samples its length at 48 kHz
   */
  judge(given: number, own: number, samples: number): Verdict {
    const offset = given + this.#shift - own;
    if (offset > this.#options.maxFill) {
      this.amount = Math.round(given >= own ? given : given + this.#shift);
      this.#restart(given >= own ? 0 : this.#shift);
      return 'jump';
    }
    if (offset >= this.#options.gap) {
      this.amount = Math.round(offset);
      this.#restart(this.#shift);
      return 'fill';
    }
    if (offset <= -this.#options.gap) {
      this.#dropped += samples;
      if (offset >= -this.#options.maxFill && this.#dropped <= this.#options.maxFill) return 'drop';
      // The source's timeline went back for good: go on where the count stands, and follow the new one from there.
      this.#restart(own - given);
      return 'play';
    }
    this.#dropped = 0;
    this.#smoothed += (offset - this.#smoothed) * Math.min(1, samples / SMOOTHING);
    return 'play';
  }

  /** Change of speed now wanted: samples to add for each sample, −0.002 … 0.002. */
  get speed(): number {
    return Math.max(-MAX_SPEED, Math.min(MAX_SPEED, this.#smoothed / CORRECTION));
  }

  #restart(shift: number): void {
    this.#shift = shift;
    this.#smoothed = 0;
    this.#dropped = 0;
  }
}
