import { distance } from './sequence.ts';

/** The publisher's wall clock of one stream, from its last sender report (RFC 3550 section 6.4.1). */
export class SenderClock {
  valid = false;
  /** NTP seconds and fraction, int32. */
  ntpHigh = 0;
  ntpLow = 0;
  /** The same instant in the stream's timestamps. */
  timestamp = 0;
  /** Monotonic ms at which the report came. */
  receivedAt = 0;

  set(ntpHigh: number, ntpLow: number, timestamp: number, now: number): void {
    this.valid = true;
    this.ntpHigh = ntpHigh;
    this.ntpLow = ntpLow;
    this.timestamp = timestamp;
    this.receivedAt = now;
  }

  clear(): void {
    this.valid = false;
  }

  /** NTP milliseconds of a timestamp of this stream. */
  toNtpMs(timestamp: number, clockRate: number): number {
    return ntpToMs(this.ntpHigh, this.ntpLow) + (distance(timestamp, this.timestamp) * 1000) / clockRate;
  }

  /** Timestamp of this stream at NTP milliseconds. */
  toTimestamp(ntpMs: number, clockRate: number): number {
    const elapsed = ntpMs - ntpToMs(this.ntpHigh, this.ntpLow);
    return (this.timestamp + Math.round((elapsed * clockRate) / 1000)) | 0;
  }
}

const FRACTION = 2 ** 32;

export function ntpToMs(high: number, low: number): number {
  return (high >>> 0) * 1000 + ((low >>> 0) * 1000) / FRACTION;
}

export function ntpSeconds(ms: number): number {
  return Math.floor(ms / 1000) | 0;
}

export function ntpFraction(ms: number): number {
  return Math.floor(((ms % 1000) / 1000) * FRACTION) | 0;
}

/** The middle 32 bits of an NTP time, as LSR and LRR carry it. */
export function ntpMiddle(high: number, low: number): number {
  return ((high & 0xffff) << 16) | (low >>> 16);
}
