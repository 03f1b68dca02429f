export { type CodecPoolOptions, type CodecPoolWithCounts, createCodecPool } from './pool.ts';
export type * from './types.ts';
