import { MAX_DROPOUT, MAX_MISORDER } from './constants.ts';
import { distance, extendSequence, sequenceDistance } from './sequence.ts';

/** Numbering begins one cycle up, so that packets just before the first one have a number above zero. */
const FIRST_CYCLE = 0x10000;

/** What {@link Reception.accept} found. */
export const ARRIVAL = { stale: 0, late: 1, next: 2, restarted: 3 } as const;

/** Sequence, loss and jitter statistics of one incoming stream (RFC 3550 section 6.4.1, appendix A). */
export class Reception {
  /** Extended sequence number of the packet accepted last. */
  extended = 0;
  highest = 0;
  started = false;
  /** Packets that came by themselves, and those that came as a retransmission. */
  received = 0;
  repaired = 0;
  #base = 0;
  #suspect = -1;
  #jitter = 0;
  #transit = 0;
  #transitTimestamp = 0;
  #hasTransit = false;
  #reportExpected = 0;
  #reportReceived = 0;
  #statsExpected = 0;
  #statsReceived = 0;
  #statsRepaired = 0;

  /**
   * Places a packet. `stale` must be dropped; `restarted` means that the numbering began anew and everything known of
   * the stream is void (the packet itself is the first of the new numbering).
   */
  accept(sequence: number, repaired: boolean): number {
    if (!this.started) {
      if (repaired) return ARRIVAL.stale;
      this.#begin(sequence);
      return ARRIVAL.next;
    }
    const ahead = sequenceDistance(sequence, this.highest & 0xffff);
    if (ahead > MAX_DROPOUT || ahead < -MAX_MISORDER) {
      // RFC 3550 A.1: two packets in a row at the new place make it a restart, one alone is a stray.
      if (repaired) return ARRIVAL.stale;
      if (sequence !== this.#suspect) {
        this.#suspect = (sequence + 1) & 0xffff;
        return ARRIVAL.stale;
      }
      this.reset();
      this.#begin(sequence);
      return ARRIVAL.restarted;
    }
    this.#suspect = -1;
    this.extended = extendSequence(sequence, this.highest);
    if (ahead <= 0) return ARRIVAL.late;
    this.highest = this.extended;
    return ARRIVAL.next;
  }

  /** Counts a packet that is neither stale nor a duplicate. */
  count(repaired: boolean): void {
    if (repaired) this.repaired++;
    else this.received++;
    if (distance(this.extended, this.#base) < 0) this.#base = this.extended;
  }

  /** Interarrival jitter from the first packet of each frame (the others of a frame share its timestamp). */
  measureJitter(timestamp: number, now: number, clockRate: number): void {
    if (this.#hasTransit && timestamp === this.#transitTimestamp) return;
    const transit = (Math.floor((now * clockRate) / 1000) - timestamp) | 0;
    if (this.#hasTransit) {
      const change = Math.abs(distance(transit, this.#transit));
      // A gap in the media clock (mute, new source) is not jitter.
      if (change < clockRate * 5) this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
    this.#transitTimestamp = timestamp;
    this.#hasTransit = true;
  }

  /** In timestamp units. */
  get jitter(): number {
    return Math.floor(this.#jitter);
  }

  get expected(): number {
    return this.started ? distance(this.highest, this.#base) + 1 : 0;
  }

  /** Highest number with its cycles, as a receiver report carries it. */
  get reportedHighest(): number {
    return (this.highest - FIRST_CYCLE) | 0;
  }

  /** Packets lost before repair; never below 0 (duplicates). */
  get lost(): number {
    return Math.max(0, this.expected - this.received);
  }

  /** Fraction lost since the last report, 0…255 (RFC 3550 A.3). Reading starts the next interval. */
  takeFraction(): number {
    const expected = this.expected - this.#reportExpected;
    const received = this.received - this.#reportReceived;
    this.#reportExpected = this.expected;
    this.#reportReceived = this.received;
    const lost = expected - received;
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected));
  }

  /** Loss since the last reading, 0…1. */
  takeLoss(): { beforeRepair: number; afterRepair: number; expected: number } {
    const expected = this.expected - this.#statsExpected;
    const received = this.received - this.#statsReceived;
    const repaired = this.repaired - this.#statsRepaired;
    this.#statsExpected = this.expected;
    this.#statsReceived = this.received;
    this.#statsRepaired = this.repaired;
    if (expected <= 0) return { beforeRepair: 0, afterRepair: 0, expected: 0 };
    const share = (lost: number) => Math.min(1, Math.max(0, lost / expected));
    return { beforeRepair: share(expected - received), afterRepair: share(expected - received - repaired), expected };
  }

  reset(): void {
    this.started = false;
    this.received = 0;
    this.repaired = 0;
    this.#suspect = -1;
    this.#jitter = 0;
    this.#hasTransit = false;
    this.#reportExpected = 0;
    this.#reportReceived = 0;
    this.#statsExpected = 0;
    this.#statsReceived = 0;
    this.#statsRepaired = 0;
  }

  #begin(sequence: number): void {
    this.started = true;
    this.extended = sequence + FIRST_CYCLE;
    this.highest = this.extended;
    this.#base = this.extended;
  }
}
