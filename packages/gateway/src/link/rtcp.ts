/** RTCP of the link: reports, keyframe requests, retransmission requests (RFC 3550 §6, RFC 4585 §6, RFC 5104 §4.3.1). */
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
const NACK = 1;
const PLI = 1;
const FIR = 4;

export interface RtcpReader {
  onSenderReport(ssrc: number, ntpMs: number, ntpMiddle: number, rtpTimestamp: number): void;
  /** PLI or FIR. */
  onKeyframeRequest(ssrc: number): void;
  onNack(ssrc: number, sequence: number): void;
}

/** Reads a compound packet; a malformed rest is left out. */
export function readRtcp(packet: Buffer, reader: RtcpReader): void {
  let at = 0;
  while (at + 8 <= packet.length) {
    const end = at + (packet.readUInt16BE(at + 2) + 1) * 4;
    if (packet[at]! >> 6 !== 2 || end > packet.length) return;
    readOne(packet, at, end, reader);
    at = end;
  }
}

function readOne(packet: Buffer, at: number, end: number, reader: RtcpReader): void {
  const format = packet[at]! & 0x1f;
  switch (packet[at + 1]) {
    case SENDER_REPORT: {
      if (end - at < 28) return;
      const seconds = packet.readUInt32BE(at + 8);
      const fraction = packet.readUInt32BE(at + 12);
      const ntpMs = seconds * 1_000 + (fraction / 0x1_0000_0000) * 1_000;
      const middle = (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
      reader.onSenderReport(packet.readUInt32BE(at + 4), ntpMs, middle, packet.readUInt32BE(at + 16));
      return;
    }
    case PAYLOAD_FEEDBACK: {
      if (end - at < 12) return;
      if (format === PLI) reader.onKeyframeRequest(packet.readUInt32BE(at + 8));
      else if (format === FIR) {
        for (let entry = at + 12; entry + 8 <= end; entry += 8) reader.onKeyframeRequest(packet.readUInt32BE(entry));
      }
      return;
    }
    case TRANSPORT_FEEDBACK: {
      if (format !== NACK || end - at < 16) return;
      const ssrc = packet.readUInt32BE(at + 8);
      for (let entry = at + 12; entry + 4 <= end; entry += 4) {
        const first = packet.readUInt16BE(entry);
        const more = packet.readUInt16BE(entry + 2);
        reader.onNack(ssrc, first);
        for (let bit = 0; bit < 16; bit++) {
          if ((more & (1 << bit)) !== 0) reader.onNack(ssrc, (first + bit + 1) & 0xffff);
        }
      }
    }
  }
}

/** A sender report with an empty list of reports, and the CNAME that ties the streams of one sender. */
export function writeSenderReport(report: {
  readonly ssrc: number;
  /** Milliseconds since 1900-01-01. */
  readonly ntpMs: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  readonly octets: number;
  readonly cname: string;
}): Buffer {
  const cname = Buffer.from(report.cname).subarray(0, 255);
  // SSRC, one CNAME item, at least one zero, whole words (RFC 3550 §6.5).
  const chunk = Math.ceil((4 + 2 + cname.length + 1) / 4) * 4;
  const packet = Buffer.alloc(28 + 4 + chunk);
  packet[0] = 0x80;
  packet[1] = SENDER_REPORT;
  packet.writeUInt16BE(6, 2);
  packet.writeUInt32BE(report.ssrc, 4);
  const seconds = Math.floor(report.ntpMs / 1_000);
  packet.writeUInt32BE(seconds % 0x1_0000_0000, 8);
  packet.writeUInt32BE(Math.floor((report.ntpMs / 1_000 - seconds) * 0x1_0000_0000), 12);
  packet.writeUInt32BE(report.rtpTimestamp >>> 0, 16);
  packet.writeUInt32BE(report.packets >>> 0, 20);
  packet.writeUInt32BE(report.octets >>> 0, 24);
  packet[28] = 0x81;
  packet[29] = SOURCE_DESCRIPTION;
  packet.writeUInt16BE(chunk / 4, 30);
  packet.writeUInt32BE(report.ssrc, 32);
  packet[36] = 1;
  packet[37] = cname.length;
  cname.copy(packet, 38);
  return packet;
}

export interface ReceptionReport {
  readonly ssrc: number;
  /** Of 256. */
  readonly fractionLost: number;
  readonly lost: number;
  readonly highestSequence: number;
  readonly jitter: number;
  readonly lastReport: number;
  readonly delaySinceLastReport: number;
}

/** A receiver report holds at most so many blocks. */
export const MAX_REPORT_BLOCKS = 31;

export function writeReceiverReport(ssrc: number, blocks: readonly ReceptionReport[]): Buffer {
  const count = Math.min(blocks.length, MAX_REPORT_BLOCKS);
  const packet = Buffer.alloc(8 + count * 24);
  packet[0] = 0x80 | count;
  packet[1] = RECEIVER_REPORT;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  for (let i = 0; i < count; i++) {
    const block = blocks[i]!;
    const at = 8 + i * 24;
    packet.writeUInt32BE(block.ssrc, at);
    packet[at + 4] = block.fractionLost & 0xff;
    packet.writeUIntBE(Math.max(0, Math.min(block.lost, 0x7f_ff_ff)), at + 5, 3);
    packet.writeUInt32BE(block.highestSequence >>> 0, at + 8);
    packet.writeUInt32BE(block.jitter >>> 0, at + 12);
    packet.writeUInt32BE(block.lastReport >>> 0, at + 16);
    packet.writeUInt32BE(block.delaySinceLastReport >>> 0, at + 20);
  }
  return packet;
}

export function writePli(ssrc: number, mediaSsrc: number): Buffer {
  const packet = Buffer.alloc(12);
  packet[0] = 0x80 | PLI;
  packet[1] = PAYLOAD_FEEDBACK;
  packet.writeUInt16BE(2, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  return packet;
}

/** One request names at most so many runs of 17 numbers. */
const MAX_NACK_ENTRIES = 250;

export function writeNack(ssrc: number, mediaSsrc: number, sequences: readonly number[]): Buffer {
  const entries: { first: number; more: number }[] = [];
  for (const sequence of sequences) {
    const last = entries.at(-1);
    const distance = last === undefined ? 0 : (sequence - last.first) & 0xffff;
    if (last !== undefined && distance >= 1 && distance <= 16) last.more |= 1 << (distance - 1);
    else if (entries.length < MAX_NACK_ENTRIES) entries.push({ first: sequence & 0xffff, more: 0 });
  }
  const packet = Buffer.alloc(12 + entries.length * 4);
  packet[0] = 0x80 | NACK;
  packet[1] = TRANSPORT_FEEDBACK;
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(mediaSsrc, 8);
  for (const [i, entry] of entries.entries()) {
    packet.writeUInt16BE(entry.first, 12 + i * 4);
    packet.writeUInt16BE(entry.more, 14 + i * 4);
  }
  return packet;
}
