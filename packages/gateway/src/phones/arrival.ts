import type { PhoneQuality } from '@lianmai/protocol';

/** Lateness up to which a push counts as so good, ms. */
const EXCELLENT_MS = 250;
const GOOD_MS = 800;
/** Nothing came for so long: the phone has lost its network, whatever its connection says. */
const LOST_MS = 4_000;
/** How long one judgement looks back. */
const WINDOW_MS = 2_000;
/** The fastest way seen is forgotten this slowly: clocks drift, and phones change networks. */
const FORGET_MS_PER_SECOND = 5;

/**
 * How well a push arrives, judged by how much later than at best its media comes: RTMP runs over TCP, so a poor network is
 * delay first and silence later, never loss.
 */
export class Arrival {
  #best = Number.POSITIVE_INFINITY;
  #bestAt = 0;
  #worst = 0;
  #windowBegan: number;
  #lastAt: number;

  constructor(now: number) {
    this.#windowBegan = this.#lastAt = now;
  }

  /** A unit with this stamp came. */
  add(timestampMs: number, now: number): void {
    const delay = now - timestampMs;
    this.#best = Math.min(this.#best + ((now - this.#bestAt) * FORGET_MS_PER_SECOND) / 1_000, delay);
    this.#bestAt = now;
    this.#worst = Math.max(this.#worst, delay - this.#best);
    this.#lastAt = now;
  }

  /** The quality of the window that is over, or null while it lasts. */
  take(now: number): PhoneQuality | null {
    const silence = now - this.#lastAt;
    if (silence > LOST_MS) return 'lost';
    if (now - this.#windowBegan < WINDOW_MS) return null;
    const worst = Math.max(this.#worst, silence);
    this.#windowBegan = now;
    this.#worst = 0;
    if (worst <= EXCELLENT_MS) return 'excellent';
    return worst <= GOOD_MS ? 'good' : 'poor';
  }
}
