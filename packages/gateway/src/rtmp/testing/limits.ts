import type { RtmpLimits } from '../types.ts';

export const LIMITS: RtmpLimits = {
  maxConnections: 100,
  maxConnectionsPerAddress: 100,
  setupMs: 10_000,
  idleMs: 30_000,
  maxMessageBytes: 2_000_000,
  maxPendingBytes: 4_000_000,
  maxChunkBytes: 1_048_576,
  maxChunkStreams: 16,
  maxBitsPerSecond: 50_000_000,
  maxPublishMs: 3_600_000,
  amf: { maxDepth: 8, maxValues: 256, maxStringBytes: 8_192 },
};
