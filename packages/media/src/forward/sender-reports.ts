import type { RtcpWriter } from './rtcp-writer.ts';
import type { SenderClock } from './sender-clock.ts';
import { ntpFraction, ntpMiddle, ntpSeconds, ntpToMs } from './sender-clock.ts';

/** Reports that a viewer may still answer to. */
const REMEMBERED = 4;

/**
 * The sender reports of one downlink, rebuilt from the publisher's: its wall clock moved on by the time since its report
 * came. So the viewer sees how the publisher's own streams relate (lip-sync), whatever our clock says.
 */
export class SenderReports {
  /** Monotonic ms at which the next one is to be sent. */
  dueAt = 0;
  readonly #middles = new Int32Array(REMEMBERED);
  readonly #sentAt = new Float64Array(REMEMBERED).fill(Number.NaN);
  #next = 0;

  soon(): void {
    this.dueAt = 0;
  }

  write(
    writer: RtcpWriter,
    clock: SenderClock,
    clockRate: number,
    timestampOffset: number,
    ssrc: number,
    packets: number,
    octets: number,
    cname: Uint8Array,
    now: number,
  ): void {
    const elapsed = now - clock.receivedAt;
    const ntpMs = ntpToMs(clock.ntpHigh, clock.ntpLow) + elapsed;
    const high = ntpSeconds(ntpMs);
    const low = ntpFraction(ntpMs);
    const timestamp = (clock.timestamp + Math.round((elapsed * clockRate) / 1000) + timestampOffset) | 0;
    writer.senderReport(ssrc, high, low, timestamp, packets, octets, cname);
    this.#middles[this.#next] = ntpMiddle(high, low);
    this.#sentAt[this.#next] = now;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /**
   * Round trip in ms from a report block's LSR and DLSR (1/65536 s), −1 when it answers none of ours. Our clock only:
   * the NTP time sent is the publisher's and serves as a name.
   */
  roundTrip(lastReport: number, delay: number, now: number): number {
    if (lastReport === 0) return -1;
    for (let i = 0; i < REMEMBERED; i++) {
      if (this.#middles[i] === lastReport && !Number.isNaN(this.#sentAt[i]!)) {
        return Math.max(0, now - this.#sentAt[i]! - ((delay >>> 0) * 1000) / 65_536);
      }
    }
    return -1;
  }
}
