import { sequenceDistance } from './sequence.ts';

/** RTCP packet types (RFC 3550 section 12.1, RFC 4585 section 6.1, RFC 3611). */
export const RTCP = {
  senderReport: 200,
  receiverReport: 201,
  sdes: 202,
  bye: 203,
  rtpFeedback: 205,
  payloadFeedback: 206,
  extended: 207,
} as const;

/** Largest compound packet that is written. */
const CAPACITY = 1200;

/** Writes compound RTCP into one buffer that is used again and again. */
export class RtcpWriter {
  readonly bytes = new Uint8Array(CAPACITY);
  readonly view = new DataView(this.bytes.buffer);
  length = 0;

  reset(): void {
    this.length = 0;
  }

  /** What was written; valid until the next {@link reset}. */
  packet(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  room(bytes: number): boolean {
    return this.length + bytes <= CAPACITY;
  }

  uint8(value: number): void {
    this.bytes[this.length++] = value;
  }

  uint16(value: number): void {
    this.view.setUint16(this.length, value & 0xffff);
    this.length += 2;
  }

  uint32(value: number): void {
    this.view.setUint32(this.length, value >>> 0);
    this.length += 4;
  }

  /** Begins a packet; its length is filled in by {@link end}. Answers its place. */
  begin(count: number, type: number): number {
    const at = this.length;
    this.bytes[at] = 0x80 | count;
    this.bytes[at + 1] = type;
    this.length += 4;
    return at;
  }

  /** Ends a packet begun at `at`; its size must be a multiple of four. */
  end(at: number): void {
    this.view.setUint16(at + 2, (this.length - at) / 4 - 1);
  }

  /** Sets the count of a packet begun at `at`. */
  setCount(at: number, count: number): void {
    this.bytes[at] = 0x80 | count;
  }

  pli(sender: number, media: number): void {
    const at = this.begin(1, RTCP.payloadFeedback);
    this.uint32(sender);
    this.uint32(media);
    this.end(at);
  }

  bye(ssrc: number): void {
    const at = this.begin(1, RTCP.bye);
    this.uint32(ssrc);
    this.end(at);
  }

  /** Generic NACK (RFC 4585 section 6.2.1) for ascending sequence numbers, as many as fit. */
  nack(sender: number, media: number, sequences: Uint16Array, count: number): void {
    const at = this.begin(1, RTCP.rtpFeedback);
    this.uint32(sender);
    this.uint32(media);
    let i = 0;
    while (i < count && this.room(4)) {
      const first = sequences[i++]!;
      let following = 0;
      while (i < count) {
        const ahead = sequenceDistance(sequences[i]!, first);
        if (ahead < 1 || ahead > 16) break;
        following |= 1 << (ahead - 1);
        i++;
      }
      this.uint16(first);
      this.uint16(following);
    }
    this.end(at);
  }

  /** Sender report without blocks, and the CNAME that every compound needs (RFC 3550 section 6.1). */
  senderReport(
    ssrc: number,
    ntpHigh: number,
    ntpLow: number,
    timestamp: number,
    packets: number,
    octets: number,
    cname: Uint8Array,
  ): void {
    const report = this.begin(0, RTCP.senderReport);
    this.uint32(ssrc);
    this.uint32(ntpHigh);
    this.uint32(ntpLow);
    this.uint32(timestamp);
    this.uint32(packets);
    this.uint32(octets);
    this.end(report);
    const sdes = this.begin(1, RTCP.sdes);
    this.uint32(ssrc);
    this.uint8(1);
    this.uint8(cname.length);
    this.bytes.set(cname, this.length);
    this.length += cname.length;
    // The chunk ends with at least one null octet, at a 32-bit boundary (section 6.5).
    do this.uint8(0);
    while (this.length % 4 !== 0);
    this.end(sdes);
  }

  /** Receiver reference time (RFC 3611 section 4.4): the publisher answers with DLRR, which tells the round trip. */
  referenceTime(ssrc: number, ntpHigh: number, ntpLow: number): void {
    const at = this.begin(0, RTCP.extended);
    this.uint32(ssrc);
    this.uint8(4);
    this.uint8(0);
    this.uint16(2);
    this.uint32(ntpHigh);
    this.uint32(ntpLow);
    this.end(at);
  }
}
