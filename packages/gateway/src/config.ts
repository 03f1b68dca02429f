/** Every setting of the gateway, with its default. The server's configuration fills it in. */
import { z } from 'zod';

const count = z.number().int().positive();
const milliseconds = z.number().int().positive();
const bytes = z.number().int().positive();

export const rtmpLimitsSchema = z.strictObject({
  maxConnections: count.default(2_000),
  maxConnectionsPerAddress: count.default(200),
  /** Handshake, connect and publish or play must be done within this. */
  setupMs: milliseconds.default(10_000),
  /** A publisher that sends nothing for so long is closed. */
  idleMs: milliseconds.default(30_000),
  maxMessageBytes: bytes.default(2_000_000),
  maxPendingBytes: bytes.default(4_000_000),
  maxChunkBytes: bytes.default(1_048_576),
  maxChunkStreams: count.default(16),
  maxBitsPerSecond: count.default(8_000_000),
  maxPublishMs: milliseconds.default(24 * 3_600_000),
  amf: z
    .strictObject({
      maxDepth: count.default(8),
      maxValues: count.default(256),
      maxStringBytes: bytes.default(8_192),
    })
    .prefault({}),
});

export const broadcastLimitsSchema = z.strictObject({
  skipBacklogBytes: bytes.default(256_000),
  maxBacklogBytes: bytes.default(2_000_000),
  maxSkipMs: milliseconds.default(10_000),
  maxViewers: count.default(2_000),
  freshGroupMs: milliseconds.default(300),
  maxGroupBytes: bytes.default(8_000_000),
});

export const codecLimitsSchema = z.strictObject({
  processes: count.default(1),
  maxAudioJobs: count.default(256),
  maxBridges: count.default(16),
  maxVideoJobs: z.number().int().min(0).default(2),
  maxQueuedFrames: count.default(100),
  maxPixels: count.default(1920 * 1088),
  maxFillMs: milliseconds.default(2_000),
});

export const ingressLimitsSchema = z.strictObject({
  payloadBytes: bytes.default(1_150),
  bridgeIntervalMs: milliseconds.default(1_000),
  bridgeBitsPerSecond: count.default(1_500_000),
  reportIntervalMs: milliseconds.default(1_000),
});

export const egressLimitsSchema = z.strictObject({
  minReorderMs: milliseconds.default(20),
  maxReorderMs: milliseconds.default(150),
  maxReorderPackets: count.default(512),
  maxFrameBytes: bytes.default(2_000_000),
  keyframeIntervalMs: milliseconds.default(1_000),
});

export const phoneLimitsSchema = z.strictObject({
  /** Phones at once, and in one room. */
  maxPhones: count.default(1_000),
  maxPhonesPerRoom: count.default(64),
  /** Streams that one phone plays at once: a page shows a few, and tries again before an old connection is gone. */
  maxViewsPerPhone: count.default(64),
  /** A phone whose WebSocket and push are both gone may come back within this; then its seat is free. */
  resumeMs: milliseconds.default(20_000),
  /** A WebSocket that says nothing for so long is taken for lost. */
  idleMs: milliseconds.default(30_000),
  /** Requests per second of one phone; a burst of three times as many is allowed. */
  requestsPerSecond: count.default(10),
  /** Bytes of one frame. */
  maxFrameBytes: bytes.default(16_384),
  /** Bytes waiting for one WebSocket; beyond it the phone is closed and comes back with a full roster. */
  maxBacklogBytes: bytes.default(1_000_000),
  /** Messages of the conversation that a newcomer gets. */
  chatHistory: count.default(50),
});

const settingsSchema = z.strictObject({
  sdkAppId: z.number().int().positive(),
  /** Secret of the tickets in URLs, base64url. */
  ticketKey: z.string().min(32),
  /** Life of push, play and signalling URLs. */
  ticketSeconds: z.number().int().min(10).max(86_400).default(1_800),
  rtmp: z.strictObject({
    port: z.number().int().min(0).max(65_535),
    host: z.string().default('::'),
    limits: rtmpLimitsSchema.prefault({}),
  }),
  /** The media service to join: its signal URL (ws or wss), or the engine in this process. */
  media: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('livekit'), url: z.string() }),
    z.strictObject({ kind: z.literal('in-process') }),
  ]),
  broadcast: broadcastLimitsSchema.prefault({}),
  codecs: codecLimitsSchema.prefault({}),
  ingress: ingressLimitsSchema.prefault({}),
  egress: egressLimitsSchema.prefault({}),
  phones: phoneLimitsSchema.prefault({}),
  /**
   * A question to the server (may he come in, a token, a request of a phone) waits for its answer at most this long. Less than
   * `rtmp.limits.setupMs`, so that whoever stands at an RTMP door hears of it before his time is over.
   */
  hostTimeoutMs: milliseconds.default(8_000),
  logLevel: z.string().default('warn'),
});

export const gatewayConfigSchema = settingsSchema.refine(
  ({ hostTimeoutMs, rtmp }) => hostTimeoutMs < rtmp.limits.setupMs,
  { path: ['hostTimeoutMs'], error: 'hostTimeoutMs must be less than rtmp.limits.setupMs' },
);

export type GatewayConfigInput = z.input<typeof gatewayConfigSchema>;
export type GatewayConfig = z.output<typeof gatewayConfigSchema>;
export type PhoneLimits = GatewayConfig['phones'];
