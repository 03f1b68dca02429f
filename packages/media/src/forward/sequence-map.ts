import { distance } from './sequence.ts';

/** Changes of the offset that are remembered, so that late packets find the one of their time. */
const REMEMBERED = 32;

/** Answered by {@link SequenceMap.map} for a packet that has no place in the output. */
export const NO_PLACE = -0x80000000;

/**
 * Maps the extended sequence numbers of the layer being sent to those of one downlink. Packets that are left out on
 * purpose leave no gap; packets lost on the way to us leave their place open until they come.
 */
export class SequenceMap {
  readonly #from = new Int32Array(REMEMBERED);
  readonly #offset = new Int32Array(REMEMBERED);
  #changes = 0;
  #highestIn = 0;
  #highestOut: number;

  /** @param first the first sequence number to be sent. */
  constructor(first: number) {
    this.#highestOut = first - 1;
  }

  /** Highest extended number sent. */
  get highestOut(): number {
    return this.#highestOut;
  }

  /** From `extended` on, a new source follows what was sent without a gap; what is older has no place any more. */
  anchor(extended: number): void {
    this.#changes = 1;
    this.#from[0] = extended;
    this.#offset[0] = (extended - this.#highestOut - 1) | 0;
    this.#highestIn = (extended - 1) | 0;
  }

  /** The output number of a packet, {@link NO_PLACE} when it is older than the anchor or than what is remembered. */
  map(extended: number): number {
    let i = this.#changes - 1;
    while (i >= 0 && distance(extended, this.#from[i]!) < 0) i--;
    if (i < 0) return NO_PLACE;
    const out = (extended - this.#offset[i]!) | 0;
    if (distance(extended, this.#highestIn) > 0) {
      this.#highestIn = extended;
      this.#highestOut = out;
    }
    return out;
  }

  /**
   * Leaves a packet out without a gap. False when a later one went out already: its place is then open and it should be
   * sent after all.
   */
  skip(extended: number): boolean {
    if (this.#changes === 0 || distance(extended, this.#highestIn) <= 0) return false;
    const last = this.#changes - 1;
    const offset = (this.#offset[last]! + 1) | 0;
    const missing = distance(extended, this.#highestIn) - 1;
    this.#highestIn = extended;
    this.#highestOut = (extended - offset) | 0;
    if (missing === 0 && this.#from[last] === extended && last > 0) {
      // One of a run of packets left out: the change moves on.
      this.#from[last] = (extended + 1) | 0;
      this.#offset[last] = offset;
      return true;
    }
    if (this.#changes === REMEMBERED) {
      this.#from.copyWithin(0, 1);
      this.#offset.copyWithin(0, 1);
      this.#changes--;
    }
    this.#from[this.#changes] = (extended + 1) | 0;
    this.#offset[this.#changes] = offset;
    this.#changes++;
    return true;
  }
}
