import { distance } from './sequence.ts';

/** What a viewer's receiver reports say of one downlink (RFC 3550 section 6.4.1). */
export class ViewerReports {
  rttMs: number | null = null;
  /** In timestamp units. */
  jitter = 0;
  #highest = 0;
  #lost = 0;
  #seen = false;
  #expectedSince = 0;
  #lostSince = 0;

  add(lost: number, highest: number, jitter: number): void {
    this.jitter = jitter >>> 0;
    if (this.#seen) {
      const expected = distance(highest, this.#highest);
      // A report out of order, or of a stream begun anew, tells nothing of this interval.
      if (expected > 0 && expected < 0x10000) {
        this.#expectedSince += expected;
        this.#lostSince += Math.max(0, Math.min(expected, lost - this.#lost));
      }
    }
    this.#seen = true;
    this.#highest = highest;
    this.#lost = lost;
  }

  measuredRtt(ms: number): void {
    if (!(ms >= 0 && ms < 10_000)) return;
    this.rttMs = this.rttMs === null ? ms : this.rttMs + (ms - this.rttMs) / 8;
  }

  /** Share lost since the last reading, 0…1. */
  takeLoss(): number {
    const share = this.#expectedSince === 0 ? 0 : this.#lostSince / this.#expectedSince;
    this.#expectedSince = 0;
    this.#lostSince = 0;
    return share;
  }
}
