/** Counters of RTP that wrap, widened to plain numbers (RFC 3550 appendix A.1): a double holds them for ever. */

/** Signed distance from `b` to `a` of 16-bit sequence numbers. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** The extended number nearest to `reference` whose low 16 bits are `sequence`. */
export function extendSequence(sequence: number, reference: number): number {
  return reference + (((sequence - (reference % 65_536)) << 16) >> 16);
}

/** The extended number nearest to `reference` whose low 32 bits are `timestamp`. */
export function extendTimestamp(timestamp: number, reference: number): number {
  return reference + ((timestamp - (reference % 4_294_967_296)) | 0);
}
