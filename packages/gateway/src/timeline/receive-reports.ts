import { extendTimestamp } from '../rtp/sequence.ts';

/** Reports that contradict what was known by more than this are believed only when the next one agrees. */
const jumpMs = 300;
/** Weight of a new report: senders' own pairs are off by some milliseconds. */
const weight = 0.35;

/**
 * What a sender's reports say of one track: its RTP timestamps on the sender's wall clock (RFC 3550 §6.4.1). Between
 * reports the nominal rate holds; 100 ppm over five seconds are half a millisecond.
 */
export class ReportClock {
  readonly #perMs: number;
  /** Wall clock at RTP timestamp 0, or NaN. */
  #offset = Number.NaN;
  #odd = Number.NaN;

  /** @param perMs ticks of the RTP clock in a millisecond. */
  constructor(perMs: number) {
    this.#perMs = perMs;
  }

  /** Whether a report came. */
  get known(): boolean {
    return !Number.isNaN(this.#offset);
  }

  /** @param reference the track's extended timestamp of late. */
  report(ntpMs: number, rtpTimestamp: number, reference: number): void {
    if (!Number.isFinite(ntpMs)) return;
    const offset = ntpMs - extendTimestamp(rtpTimestamp, reference) / this.#perMs;
    if (Number.isNaN(this.#offset)) this.#offset = offset;
    else if (Math.abs(offset - this.#offset) <= jumpMs) {
      this.#offset += (offset - this.#offset) * weight;
      this.#odd = Number.NaN;
    } else if (Math.abs(offset - this.#odd) <= jumpMs) {
      this.#offset = offset;
      this.#odd = Number.NaN;
    } else this.#odd = offset;
  }

  /** Wall clock of an extended timestamp. */
  ntpAt(timestamp: number): number {
    return this.#offset + timestamp / this.#perMs;
  }

  /** Extended timestamp at a time of the wall clock. */
  timestampAt(ntpMs: number): number {
    return (ntpMs - this.#offset) * this.#perMs;
  }

  /** The timestamps began anew: what was said of the old ones is worth nothing. */
  clear(): void {
    this.#offset = Number.NaN;
    this.#odd = Number.NaN;
  }
}
