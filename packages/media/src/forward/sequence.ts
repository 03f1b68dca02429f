/**
 * Arithmetic on wrapping counters. RTP sequence numbers are widened to int32 ("extended", RFC 3550 appendix A.1); even
 * those may wrap in a stream of weeks, so that every comparison is a difference.
 */

/** Signed distance from `b` to `a` of 16-bit sequence numbers. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 16) >> 16;
}

/** The extended number nearest to `reference` whose low 16 bits are `sequence`. */
export function extendSequence(sequence: number, reference: number): number {
  return (reference + sequenceDistance(sequence, reference & 0xffff)) | 0;
}

/** Signed distance from `b` to `a` of int32 counters (extended sequence numbers, RTP timestamps). */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}

/** The smallest power of two that is not below `value`. */
export function powerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}
