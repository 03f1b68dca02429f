import type { ReceivedPacket } from './received.ts';

export interface AccessUnit {
  readonly timestamp: number;
  /** With start codes. */
  readonly bytes: Buffer;
}

const START = Buffer.from([0, 0, 0, 1]);

/** H.264 pictures of RTP packets (RFC 6184: single units, STAP-A, FU-A) from the first that begins with parameter sets. */
export function accessUnits(packets: readonly ReceivedPacket[]): readonly AccessUnit[] {
  const units: { timestamp: number; parts: Buffer[] }[] = [];
  let begun = false;
  for (const { payload, timestamp } of packets) {
    const bytes = Buffer.from(payload);
    const type = (bytes[0] ?? 0) & 31;
    begun ||= type === 7 || (type === 24 && ((bytes[3] ?? 0) & 31) === 7);
    if (!begun) continue;
    let unit = units.at(-1);
    if (unit === undefined || unit.timestamp !== timestamp) {
      unit = { timestamp, parts: [] };
      units.push(unit);
    }
    if (type === 24) {
      for (let at = 1; at + 2 < bytes.length; at += 2 + bytes.readUInt16BE(at)) {
        unit.parts.push(START, bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)));
      }
    } else if (type === 28) {
      const [indicator = 0, header = 0] = bytes;
      if ((header & 0x80) !== 0) unit.parts.push(START, Buffer.from([(indicator & 0xe0) | (header & 31)]));
      unit.parts.push(bytes.subarray(2));
    } else {
      unit.parts.push(START, bytes);
    }
  }
  return units
    .filter(({ parts }) => hasSlice(parts))
    .map(({ timestamp, parts }) => ({ timestamp, bytes: Buffer.concat(parts) }));
}

/** Parameter sets alone are no picture. */
function hasSlice(parts: readonly Buffer[]): boolean {
  return parts.some((part, index) => {
    const type = (part[0] ?? 0) & 31;
    return parts[index - 1] === START && (type === 1 || type === 5);
  });
}
