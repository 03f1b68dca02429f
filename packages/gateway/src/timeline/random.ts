import { randomInt } from 'node:crypto';

/** Source of RTP offsets; tests give their own. */
export type RandomUint32 = () => number;

/** 32 random bits: RTP timestamps begin anywhere (RFC 3550 §5.1). */
export const randomUint32: RandomUint32 = () => randomInt(0x1_00_00_00_00);
