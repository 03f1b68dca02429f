/** The RTP side of one subscription: what arrived, what is missing, what a receiver report says (RFC 3550 §6.4, A.3, A.8). */
import { MIME_BY_PAYLOAD_TYPE } from './payload-types.ts';
import type { ReceptionReport } from './rtcp.ts';
import type { IncomingHeader } from './rtp.ts';
import type { SubscriptionSink } from './types.ts';

export class RtpReceiver {
  readonly #sink: SubscriptionSink;
  mimeType: string | null = null;
  /** The stream that carries the track on the present connection; 0 = none yet. */
  ssrc = 0;
  #payloadType = -1;
  #base = -1;
  #highest = 0;
  #cycles = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitter = 0;
  #transit = 0;
  #clockRate = 90_000;
  #reportMiddle = 0;
  #reportAt = 0;

  constructor(sink: SubscriptionSink) {
    this.#sink = sink;
  }

  /** Another stream carries the track from here on. */
  reset(ssrc: number): void {
    this.ssrc = ssrc;
    this.#base = -1;
    this.#cycles = 0;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#jitter = 0;
    this.#transit = 0;
    this.#reportAt = 0;
  }

  onPacket(packet: Buffer, header: IncomingHeader, now: number): void {
    if (header.payloadType !== this.#payloadType) {
      const mimeType = MIME_BY_PAYLOAD_TYPE[header.payloadType];
      if (mimeType === undefined) return;
      this.#payloadType = header.payloadType;
      this.mimeType = mimeType;
      this.#clockRate = mimeType.startsWith('audio/') ? 48_000 : 90_000;
    }
    this.#count(header.sequence, header.timestamp, now);
    this.#hand(packet, header.payloadStart, header.payloadEnd, header.sequence, header.timestamp, header.marker, now);
  }

  /** A retransmission in a stream of its own (RFC 4588 §4): the original number stands before the payload. */
  onRepaired(packet: Buffer, header: IncomingHeader, now: number): void {
    const { payloadStart, payloadEnd } = header;
    // Less than that is padding, sent to probe the path.
    if (payloadEnd - payloadStart <= 2 || this.mimeType === null) return;
    const sequence = packet.readUInt16BE(payloadStart);
    this.#hand(packet, payloadStart + 2, payloadEnd, sequence, header.timestamp, header.marker, now);
  }

  onSenderReport(ntpMs: number, ntpMiddle: number, rtpTimestamp: number, now: number): void {
    this.#reportMiddle = ntpMiddle;
    this.#reportAt = now;
    this.#sink.onSenderReport(ntpMs, rtpTimestamp, now);
  }

  /** null when nothing has come. Each call starts a new interval. */
  report(now: number): ReceptionReport | null {
    if (this.#base < 0 || this.ssrc === 0) return null;
    const extended = this.#cycles + this.#highest;
    const expected = extended - this.#base + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    return {
      ssrc: this.ssrc,
      fractionLost: expectedNow <= 0 || lostNow <= 0 ? 0 : Math.min(255, Math.floor((lostNow * 256) / expectedNow)),
      lost: expected - this.#received,
      highestSequence: extended,
      jitter: this.#jitter,
      lastReport: this.#reportAt === 0 ? 0 : this.#reportMiddle,
      delaySinceLastReport: this.#reportAt === 0 ? 0 : Math.round(((now - this.#reportAt) / 1_000) * 65_536),
    };
  }

  #count(sequence: number, timestamp: number, now: number): void {
    this.#received += 1;
    if (this.#base < 0) {
      this.#base = sequence;
      this.#highest = sequence;
    } else {
      const ahead = (sequence - this.#highest) & 0xffff;
      if (ahead < 0x8000) {
        if (sequence < this.#highest) this.#cycles += 0x1_0000;
        this.#highest = sequence;
      }
    }
    const transit = Math.trunc((now * this.#clockRate) / 1_000) - timestamp;
    // Differences are modulo 2^32, as timestamps are.
    const distance = Math.abs((transit - this.#transit) | 0);
    if (this.#received > 1) this.#jitter += (distance - this.#jitter) / 16;
    this.#transit = transit;
  }

  #hand(
    packet: Buffer,
    start: number,
    end: number,
    sequence: number,
    timestamp: number,
    marker: boolean,
    now: number,
  ): void {
    this.#sink.onRtp({ payload: packet.subarray(start, end), sequence, timestamp, marker }, now);
  }
}
