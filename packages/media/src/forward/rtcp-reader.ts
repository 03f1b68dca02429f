import { readInt32 } from './packet.ts';
import { RTCP } from './rtcp-writer.ts';

/** Told of each item of a compound packet. SSRCs and 32-bit times are int32. */
export interface RtcpVisitor {
  onSenderReport(ssrc: number, ntpHigh: number, ntpLow: number, timestamp: number): void;
  onReportBlock(
    ssrc: number,
    fraction: number,
    lost: number,
    highest: number,
    jitter: number,
    lastReport: number,
    delay: number,
  ): void;
  onNack(ssrc: number, sequence: number, following: number): void;
  /** PLI or FIR. */
  onKeyframeRequest(ssrc: number): void;
  onBye(ssrc: number): void;
  /** A DLRR sub-block (RFC 3611 section 4.5). */
  onDelay(lastReference: number, delay: number): void;
}

/**
 * Walks a compound RTCP packet. Whatever is malformed, truncated or unknown ends the walk or is skipped; nothing throws,
 * and nothing is allocated.
 */
export function readRtcp(bytes: Uint8Array, visitor: RtcpVisitor): void {
  let at = 0;
  while (at + 4 <= bytes.length) {
    const first = bytes[at]!;
    if (first >> 6 !== 2) return;
    const count = first & 0x1f;
    const end = at + 4 + 4 * ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    if (end > bytes.length) return;
    const body = at + 4;
    switch (bytes[at + 1]!) {
      case RTCP.senderReport:
        if (body + 24 <= end) {
          const ssrc = readInt32(bytes, body);
          visitor.onSenderReport(
            ssrc,
            readInt32(bytes, body + 4),
            readInt32(bytes, body + 8),
            readInt32(bytes, body + 12),
          );
          readBlocks(bytes, body + 24, end, count, visitor);
        }
        break;
      case RTCP.receiverReport:
        readBlocks(bytes, body + 4, end, count, visitor);
        break;
      case RTCP.bye:
        for (let i = 0; i < count && body + 4 * i + 4 <= end; i++) visitor.onBye(readInt32(bytes, body + 4 * i));
        break;
      case RTCP.rtpFeedback:
        if (count === 1 && body + 8 <= end) {
          const media = readInt32(bytes, body + 4);
          for (let p = body + 8; p + 4 <= end; p += 4) {
            visitor.onNack(media, (bytes[p]! << 8) | bytes[p + 1]!, (bytes[p + 2]! << 8) | bytes[p + 3]!);
          }
        }
        break;
      case RTCP.payloadFeedback:
        if (count === 1 && body + 8 <= end) visitor.onKeyframeRequest(readInt32(bytes, body + 4));
        // FIR names its streams in its entries (RFC 5104 section 4.3.1.1).
        else if (count === 4)
          for (let p = body + 8; p + 8 <= end; p += 8) visitor.onKeyframeRequest(readInt32(bytes, p));
        break;
      case RTCP.extended:
        readExtended(bytes, body + 4, end, visitor);
        break;
    }
    at = end;
  }
}

function readBlocks(bytes: Uint8Array, from: number, end: number, count: number, visitor: RtcpVisitor): void {
  for (let i = 0, p = from; i < count && p + 24 <= end; i++, p += 24) {
    visitor.onReportBlock(
      readInt32(bytes, p),
      bytes[p + 4]!,
      // Cumulative loss is signed, 24 bits.
      (((bytes[p + 5]! << 16) | (bytes[p + 6]! << 8) | bytes[p + 7]!) << 8) >> 8,
      readInt32(bytes, p + 8),
      readInt32(bytes, p + 12),
      readInt32(bytes, p + 16),
      readInt32(bytes, p + 20),
    );
  }
}

function readExtended(bytes: Uint8Array, from: number, end: number, visitor: RtcpVisitor): void {
  let p = from;
  while (p + 4 <= end) {
    const next = p + 4 + 4 * ((bytes[p + 2]! << 8) | bytes[p + 3]!);
    if (next > end) return;
    if (bytes[p] === 5)
      for (let q = p + 4; q + 12 <= next; q += 12) visitor.onDelay(readInt32(bytes, q + 4), readInt32(bytes, q + 8));
    p = next;
  }
}
