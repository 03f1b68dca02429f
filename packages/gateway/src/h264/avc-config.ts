/** AVCDecoderConfigurationRecord (ISO 14496-15 §5.3.3.1): what FLV, RTMP and MP4 call the sequence header. */
import type { LengthSize } from './nal.ts';
import { maxParameterSetBytes } from './pps.ts';
import { readSps } from './sps.ts';

export interface AvcConfig {
  readonly lengthSize: LengthSize;
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/** Reads a record; the sets are views of it. Null when it is cut short, of another version, or holds an oversized set. */
export function readAvcConfig(record: Uint8Array): AvcConfig | null {
  if (record.length < 7 || record[0] !== 1) return null;
  const lengthSize = ((record[4] ?? 0) & 3) + 1;
  if (lengthSize === 3) return null;
  const sps: Uint8Array[] = [];
  const pps: Uint8Array[] = [];
  let at = 5;
  for (const [sets, mask] of [[sps, 0x1f] as const, [pps, 0xff] as const]) {
    const count = record[at];
    if (count === undefined) return null;
    at++;
    for (let i = 0; i < (count & mask); i++) {
      if (at + 2 > record.length) return null;
      const length = (record[at] ?? 0) * 256 + (record[at + 1] ?? 0);
      at += 2;
      if (length > record.length - at || length > maxParameterSetBytes) return null;
      if (length > 0) sets.push(record.subarray(at, at + length));
      at += length;
    }
  }
  return { lengthSize: lengthSize as LengthSize, sps, pps };
}

/** Makes a record with 4-byte lengths of one set each. */
export function makeAvcConfig(sps: Uint8Array, pps: Uint8Array): Uint8Array {
  const info = readSps(sps);
  // The record of High profile and its kin has four bytes more; profiles as in §5.3.3.1.2.
  const high = info !== null && ![66, 77, 88].includes(info.profile);
  const out = new Uint8Array(11 + sps.length + pps.length + (high ? 4 : 0));
  out.set([1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xfc | 3, 0xe0 | 1, sps.length >> 8, sps.length & 0xff]);
  out.set(sps, 8);
  let at = 8 + sps.length;
  out.set([1, pps.length >> 8, pps.length & 0xff], at);
  out.set(pps, at + 3);
  at += 3 + pps.length;
  if (high) {
    out.set([0xfc | info.chromaFormat, 0xf8 | (info.bitDepthLuma - 8), 0xf8 | (info.bitDepthChroma - 8), 0], at);
  }
  return out;
}
