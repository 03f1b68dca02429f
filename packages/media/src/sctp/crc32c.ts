/** CRC-32C (Castagnoli), the checksum of SCTP packets (RFC 9260 appendix A). */
const TABLE = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  TABLE[i] = value;
}

/** Checksum of `data`, as unsigned 32 bits; the four bytes at `skip` count as zero. */
export function crc32c(data: Uint8Array, skip: number): number {
  let crc = -1;
  for (let i = 0; i < data.length; i++) {
    const byte = i >= skip && i < skip + 4 ? 0 : data[i]!;
    crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
