/**
 * NAL units in their three framings: alone, behind lengths (ISO 14496-15, "AVCC") and behind start codes (ITU-T H.264
 * annex B). Every function takes hostile bytes; null says that they are not what they should be.
 */

/** nal_unit_type values that the gateway looks at (ITU-T H.264 table 7-1). */
export const nalTypes = {
  slice: 1,
  partitionA: 2,
  partitionB: 3,
  partitionC: 4,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  delimiter: 9,
  filler: 12,
} as const;

/** nal_unit_type of a NAL unit; 0 (unspecified) of an empty one. */
export function nalType(nal: Uint8Array): number {
  return (nal[0] ?? 0) & 0x1f;
}

/** Whether it is one of an IDR or other picture's slices. */
export function isSlice(nal: Uint8Array): boolean {
  const type = nalType(nal);
  return type === nalTypes.slice || type === nalTypes.idr;
}

/** Units of one access unit beyond which it is refused: 1080p has 68 rows of macroblocks, 8K has 270. */
const maxNals = 1_024;

export type LengthSize = 1 | 2 | 4;

/**
 * NAL units behind big-endian lengths; views of `data`, empty units left out. Null when a length points beyond the end or
 * there are too many units.
 */
export function splitAvcc(data: Uint8Array, lengthSize: LengthSize = 4, limit = maxNals): Uint8Array[] | null {
  const nals: Uint8Array[] = [];
  let at = 0;
  // Empty units count too: a message of zeros alone must not cost a long loop.
  for (let units = 0; at < data.length; units++) {
    if (units >= limit || at + lengthSize > data.length) return null;
    let length = 0;
    for (let i = 0; i < lengthSize; i++) length = length * 256 + (data[at + i] ?? 0);
    at += lengthSize;
    if (length > data.length - at) return null;
    if (length > 0) nals.push(data.subarray(at, at + length));
    at += length;
  }
  return nals;
}

/** Puts a 4-byte length before each unit. */
export function joinAvcc(nals: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const nal of nals) size += 4 + nal.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const nal of nals) {
    out[at] = nal.length >>> 24;
    out[at + 1] = nal.length >>> 16;
    out[at + 2] = nal.length >>> 8;
    out[at + 3] = nal.length;
    out.set(nal, at + 4);
    at += 4 + nal.length;
  }
  return out;
}

/**
 * NAL units between start codes of 3 or 4 bytes; views of `data`, trailing zeros and empty units left out, and so is
 * what stands before the first start code. Null when there are too many.
 */
export function splitAnnexB(data: Uint8Array, limit = maxNals): Uint8Array[] | null {
  const nals: Uint8Array[] = [];
  let begin = -1;
  let zeros = 0;
  for (let i = 0; i < data.length; i++) {
    const byte = data[i];
    if (byte === 0) {
      zeros++;
      continue;
    }
    if (byte === 1 && zeros >= 2) {
      if (begin >= 0 && i - zeros > begin) {
        if (nals.length >= limit) return null;
        nals.push(data.subarray(begin, i - zeros));
      }
      begin = i + 1;
    }
    zeros = 0;
  }
  if (begin >= 0 && data.length - zeros > begin) {
    if (nals.length >= limit) return null;
    nals.push(data.subarray(begin, data.length - zeros));
  }
  return nals;
}

/** Puts a 4-byte start code before each unit. */
export function joinAnnexB(nals: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const nal of nals) size += 4 + nal.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const nal of nals) {
    out[at + 3] = 1;
    out.set(nal, at + 4);
    at += 4 + nal.length;
  }
  return out;
}

/**
 * Takes out the emulation prevention bytes (ITU-T H.264 §7.4.1). The same array comes back when there are none.
 * @param limit bytes of the result that are wanted; the rest is not looked at.
 */
export function withoutEmulationPrevention(bytes: Uint8Array, limit: number = bytes.length): Uint8Array {
  const wanted = Math.min(limit, bytes.length);
  const out = new Uint8Array(wanted);
  const length = unescapeInto(bytes, out);
  return length === bytes.length ? bytes : out.subarray(0, length);
}

/** Fills `out` with the bytes of `bytes` less emulation prevention, as many as there is room for; answers how many. */
export function unescapeInto(bytes: Uint8Array, out: Uint8Array): number {
  let zeros = 0;
  let length = 0;
  for (let i = 0; i < bytes.length && length < out.length; i++) {
    const byte = bytes[i] ?? 0;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    out[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return length;
}

/** Puts emulation prevention in: no 00 00 00 … 00 00 03 stays, nor a last byte of zero. */
export function withEmulationPrevention(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + Math.floor(bytes.length / 2) + 2);
  let zeros = 0;
  let length = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      out[length++] = 3;
      zeros = 0;
    }
    out[length++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  if (length > 0 && out[length - 1] === 0) out[length++] = 3;
  return out.slice(0, length);
}
