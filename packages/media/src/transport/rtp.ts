/**
 * Reading and patching RTP in place (RFC 3550 §5.1, RFC 8285), on any byte array and offset, without allocating.
 * Reads do not check bounds on their own: call {@link isRtp} on a packet once (the transport does so for every packet
 * that it hands out), then the fixed fields and {@link headerLength} are safe.
 */

/** Bytes of the fixed header. */
export const RTP_FIXED_HEADER = 12;

/** Extension profile of the one-byte form (RFC 8285 §4.2). */
export const ONE_BYTE_PROFILE = 0xbede;
/** Extension profile of the two-byte form, without its 4 application bits (RFC 8285 §4.3). */
export const TWO_BYTE_PROFILE = 0x1000;

/** Whether the whole header (CSRCs, extension block and padding count too) fits into `length` bytes at `at`. */
export function isRtp(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < RTP_FIXED_HEADER || bytes[at]! >> 6 !== 2) return false;
  const first = bytes[at]!;
  let header = RTP_FIXED_HEADER + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (header + 4 > length) return false;
    header += 4 + 4 * ((bytes[at + header + 2]! << 8) | bytes[at + header + 3]!);
  }
  return header <= length;
}

/**
 * Bytes before the payload: fixed header, CSRCs and extension block. Of a packet that {@link isRtp} accepted.
 */
export function headerLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const header = RTP_FIXED_HEADER + (first & 0x0f) * 4;
  if ((first & 0x10) === 0) return header;
  return header + 4 + 4 * ((bytes[at + header + 2]! << 8) | bytes[at + header + 3]!);
}

/** Bytes of padding at the end (0 when the P bit is not set); at most what lies behind the header. */
export function paddingLength(bytes: Uint8Array, at: number, length: number): number {
  if ((bytes[at]! & 0x20) === 0) return 0;
  return Math.min(bytes[at + length - 1]!, length - headerLength(bytes, at));
}

/** Bytes of payload, without padding. */
export function payloadLength(bytes: Uint8Array, at: number, length: number): number {
  return length - headerLength(bytes, at) - paddingLength(bytes, at, length);
}

export function marker(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + 1]! & 0x80) !== 0;
}

export function payloadType(bytes: Uint8Array, at: number): number {
  return bytes[at + 1]! & 0x7f;
}

export function sequence(bytes: Uint8Array, at: number): number {
  return (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Unsigned 32 bits. */
export function timestamp(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
}

/** Unsigned 32 bits. */
export function ssrc(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 8]! << 24) | (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!) >>> 0;
}

/**
 * Finds a header extension by id, in the one-byte or the two-byte form.
 *
 * The answer packs place and size: `offset * 256 + size`, with `offset` counted from the start of the array (so that it
 * may be read directly), or −1 when the packet has no such extension. Take it apart with {@link extensionOffset} and
 * {@link extensionSize}. A malformed block ends the search.
 */
export function findExtension(bytes: Uint8Array, at: number, id: number): number {
  const first = bytes[at]!;
  if ((first & 0x10) === 0 || id < 1) return -1;
  const block = at + RTP_FIXED_HEADER + (first & 0x0f) * 4;
  const profile = (bytes[block]! << 8) | bytes[block + 1]!;
  const end = block + 4 + 4 * ((bytes[block + 2]! << 8) | bytes[block + 3]!);
  let p = block + 4;
  if (profile === ONE_BYTE_PROFILE) {
    while (p < end) {
      const head = bytes[p]!;
      if (head === 0) {
        p += 1;
        continue;
      }
      const found = head >> 4;
      // Id 15 is reserved: reading stops there (RFC 8285 §4.2).
      if (found === 15) return -1;
      const size = (head & 0x0f) + 1;
      if (p + 1 + size > end) return -1;
      if (found === id) return (p + 1) * 256 + size;
      p += 1 + size;
    }
    return -1;
  }
  if ((profile & 0xfff0) !== TWO_BYTE_PROFILE) return -1;
  while (p < end) {
    const found = bytes[p]!;
    if (found === 0) {
      p += 1;
      continue;
    }
    if (p + 2 > end) return -1;
    const size = bytes[p + 1]!;
    if (p + 2 + size > end) return -1;
    if (found === id) return (p + 2) * 256 + size;
    p += 2 + size;
  }
  return -1;
}

/** Where the extension's data begins, in the array. */
export function extensionOffset(found: number): number {
  return Math.floor(found / 256);
}

/** Bytes of the extension's data. */
export function extensionSize(found: number): number {
  return found % 256;
}

/** Whether sequence number `a` is newer than `b` (RFC 1982 arithmetic on 16 bits). */
export function isNewer(a: number, b: number): boolean {
  const distance = (a - b) & 0xffff;
  return distance !== 0 && distance < 0x8000;
}
