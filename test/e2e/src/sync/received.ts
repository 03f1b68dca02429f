import type { IncomingRtp } from '@lianmai/gateway/testing';

/** What came of one track, in the order of its sequence numbers. */
export interface ReceivedPacket {
  readonly sequence: number;
  /** Unwrapped. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

interface Report {
  readonly ntpMs: number;
  readonly timestamp: number;
}

/** More packets than this are not missed but left out. */
const MAX_MISSED = 200;

/** Keeps the packets and sender reports of one subscribed track. */
export class ReceivedTrack {
  /** Asks for packets once more: whoever only listens while he is busy loses some on the way. */
  onMissing: (sequences: readonly number[]) => void = () => {};
  readonly #clockRate: number;
  readonly #packets = new Map<number, ReceivedPacket>();
  readonly #reports: Report[] = [];
  #lastSequence = Number.NaN;
  #lastTimestamp = Number.NaN;

  /** @param clockRate of its RTP timestamps, Hz. */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  onRtp(packet: IncomingRtp): void {
    const sequence = unwrap(packet.sequence, this.#lastSequence, 2 ** 16);
    const timestamp = unwrap(packet.timestamp, this.#lastTimestamp, 2 ** 32);
    const missed = sequence - this.#lastSequence - 1;
    if (missed > 0 && missed <= MAX_MISSED) {
      this.onMissing(Array.from({ length: missed }, (_, index) => (this.#lastSequence + 1 + index) % 2 ** 16));
    }
    // One that was asked for is older than what came last.
    if (!(sequence < this.#lastSequence)) {
      this.#lastSequence = sequence;
      this.#lastTimestamp = timestamp;
    }
    // Padding alone, with which servers probe.
    if (packet.payload.length === 0) return;
    this.#packets.set(sequence, { sequence, timestamp, payload: packet.payload.slice() });
  }

  onSenderReport(ntpMs: number, rtpTimestamp: number): void {
    if (Number.isNaN(this.#lastTimestamp)) return;
    this.#reports.push({ ntpMs, timestamp: unwrap(rtpTimestamp, this.#lastTimestamp, 2 ** 32) });
  }

  get reports(): number {
    return this.#reports.length;
  }

  /** Media time that has come, in ms. */
  get lengthMs(): number {
    const [first] = this.#packets.values();
    return first === undefined ? 0 : ((this.#lastTimestamp - first.timestamp) * 1000) / this.#clockRate;
  }

  packets(): readonly ReceivedPacket[] {
    return [...this.#packets.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** The sender's wall clock (ms) at a timestamp, by the nearest of its reports (RFC 3550 §6.4.1). */
  wallClock(timestamp: number): number {
    const apart = (report: Report) => Math.abs(report.timestamp - timestamp);
    const [first, ...rest] = this.#reports;
    if (first === undefined) throw new Error('no sender report came');
    const near = rest.reduce((best, report) => (apart(report) < apart(best) ? report : best), first);
    return near.ntpMs + ((timestamp - near.timestamp) * 1000) / this.#clockRate;
  }
}

/** The number nearest to the last one that is the value modulo the range. */
function unwrap(value: number, last: number, range: number): number {
  if (Number.isNaN(last)) return value + range;
  return value + Math.round((last - value) / range) * range;
}
