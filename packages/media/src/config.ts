/** Every setting of the embedded engine, with its default. The server's configuration fills it in. */
import { z } from 'zod';

const seconds = z.number().positive();
const milliseconds = z.number().int().positive();
const count = z.number().int().positive();

/** What one client or room may cost. Every queue, size, count and rate of the control plane is bounded here. */
export const controlLimitsSchema = z.strictObject({
  /** Rooms at once. */
  rooms: count.default(10_000),
  /** Participants of one room at once (hidden ones too), unless the room's own maximum is lower. */
  participantsPerRoom: count.default(200),
  /** Participants of the engine at once. */
  participants: count.default(5_000),
  /** Tracks one participant publishes, pending ones too. */
  tracksPerParticipant: count.default(32),
  /** Subscriptions of one participant. */
  subscriptionsPerParticipant: count.default(500),
  /** Characters of an identity. */
  identityLength: count.default(256),
  /** Characters of a room's name. */
  roomNameLength: count.default(256),
  /** Characters of a participant's display name or of a track's name. */
  nameLength: count.default(256),
  /** Bytes of a participant's or room's metadata. */
  metadataBytes: count.default(64_000),
  /** Bytes of all attributes of a participant, keys and values. */
  attributesBytes: count.default(64_000),
  /** Bytes of one signal message. */
  signalMessageBytes: count.default(2_000_000),
  /** Bytes that a compressed `join_request` may inflate to. */
  joinRequestBytes: count.default(2_000_000),
  /** Characters of an SDP: a section of Chromium's takes about 6,500. */
  sdpLength: count.default(1_000_000),
  /** Signal messages per second of one client, on average; a burst of three times as many is allowed. */
  signalMessagesPerSecond: count.default(100),
  /** Changes of one participant announced per second; a burst of three times as many is allowed, the rest is gathered. */
  announcementsPerSecond: count.default(10),
  /** Offers and answers per second of one client; a burst of three times as many is allowed. */
  descriptionsPerSecond: count.default(10),
  /** Joins and validations per second from one address; a burst of three times as many is allowed. */
  joinsPerAddressPerSecond: count.default(50),
  /** Addresses remembered for the rate above. */
  trackedAddresses: count.default(20_000),
  /** Bytes waiting on one signal WebSocket; beyond it the WebSocket is closed (the client resumes). */
  socketBacklogBytes: count.default(4_000_000),
  /** Bytes of one user data packet, encoded. */
  dataPacketBytes: count.default(64_000),
  /** Data packets per second of one client, on average; a burst of twice as many is allowed. More are dropped. */
  dataPacketsPerSecond: count.default(2_000),
  /** Bytes of data per second of one client, on average; a burst of twice as many is allowed. */
  dataBytesPerSecond: count.default(16_000_000),
  /** Bytes kept of one participant's reliable packets for a replay after a resume. */
  replayBytes: count.default(4_000_000),
  /** Bytes of one server API call. */
  apiBodyBytes: count.default(1_000_000),
  /** Events waiting for one webhook URL; the oldest is dropped beyond it. */
  webhookQueue: count.default(10_000),
});

export const webhookSchema = z.strictObject({
  urls: z.array(z.url()).max(16).default([]),
  /** The key that signs; the first key when absent. */
  apiKey: z.string().optional(),
  /** Attempts for one event, the first one included. */
  attempts: count.default(6),
  /** Wait before the second attempt; doubles each time. */
  retryMs: milliseconds.default(500),
  timeoutMs: milliseconds.default(5_000),
});

export const engineConfigSchema = z
  .strictObject({
    /** API key → secret. At least one. */
    keys: z.record(z.string().min(1), z.string().min(1)).refine((keys) => Object.keys(keys).length > 0, 'no API key'),
    rtc: z
      .strictObject({
        /** UDP port of all media; 0 = any free one. */
        port: z.number().int().min(0).max(65_535).default(0),
        /** Addresses to bind; empty = every useful interface, loopback too. */
        listenAddresses: z.array(z.string()).default([]),
        /** Announced besides those found. */
        announcedAddresses: z.array(z.string()).default([]),
        /** Names this worker in every ICE ufrag. */
        workerTag: z
          .string()
          .regex(/^[A-Za-z0-9+/]{1,4}$/)
          .default('w0'),
        slots: count.default(4_096),
        maxPeers: count.default(8_192),
        /** No valid packet for this long: the connection counts as disconnected. Firefox asks for consent every 5 s or so. */
        disconnectedAfterMs: milliseconds.default(8_000),
        /** ... and as failed after this long. */
        failedAfterMs: milliseconds.default(12_000),
        maxUnauthenticatedStunPerSecond: count.default(100),
        maxHandshakes: count.default(512),
        handshakeTimeoutMs: milliseconds.default(15_000),
        /** Packets kept per video layer for retransmission. */
        historyPackets: count.default(512),
        keyframeIntervalMs: milliseconds.default(500),
        maxStreamsPerPeer: count.default(128),
      })
      .prefault({}),
    room: z
      .strictObject({
        /** A join makes an absent room. When false, only a token with `roomCreate` does. */
        autoCreate: z.boolean().default(true),
        /** A room nobody has joined yet ends after this. */
        emptyTimeoutSeconds: seconds.default(300),
        /** A room ends this long after its last participant left. */
        departureTimeoutSeconds: seconds.default(20),
        /** 0 = only the limit `participantsPerRoom`. */
        maxParticipants: z.number().int().min(0).default(0),
        /** Mime types that publishers may send, preferred first; empty = all that the engine forwards. */
        publishCodecs: z.array(z.string()).default([]),
        /**
         * Mime types to prefer for tracks published while a phone is in the room, the best first; empty = no preference.
         * Newcomers are told that they may publish only these, and who cannot falls back on another.
         */
        phonePublishCodecs: z.array(z.string().toLowerCase()).default(['video/h264', 'audio/opus']),
      })
      .prefault({}),
    participant: z
      .strictObject({
        /** A participant of whom neither signal nor media is heard may resume for this long, then it is gone. */
        resumeWindowMs: milliseconds.default(20_000),
        /** Signal lost while media still flows: gone after this. */
        signalLostLimitMs: milliseconds.default(120_000),
        /** A participant whose media never connected is removed after this. */
        connectTimeoutMs: milliseconds.default(60_000),
        /** Signal lost and media closed by its own end (a closed tab): gone after this. */
        closedGraceMs: milliseconds.default(1_000),
      })
      .prefault({}),
    signal: z
      .strictObject({
        pingIntervalSeconds: count.default(5),
        pingTimeoutSeconds: count.default(15),
        /** A WebSocket without any message for this long is closed; the client resumes if it still lives. */
        silenceSeconds: count.default(45),
        tokenRefreshMs: milliseconds.default(300_000),
        tokenLifetimeSeconds: count.default(600),
        /** Passed to clients; empty = none. */
        iceServers: z
          .array(
            z.strictObject({
              urls: z.array(z.string()).min(1),
              username: z.string().default(''),
              credential: z.string().default(''),
            }),
          )
          .default([]),
      })
      .prefault({}),
    audio: z
      .strictObject({
        /** How often levels are read and speakers announced. */
        intervalMs: milliseconds.default(400),
        /** Linear level (0 … 1) from which a participant speaks; LiveKit's 35 dBov. */
        threshold: z.number().min(0).max(1).default(0.0178),
      })
      .prefault({}),
    quality: z
      .strictObject({
        /** How often connection quality is judged and announced. */
        intervalMs: milliseconds.default(5_000),
      })
      .prefault({}),
    data: z
      .strictObject({
        /** Reliable packets are kept this long for a replay after a resume. */
        replayMs: milliseconds.default(2_000),
      })
      .prefault({}),
    webhooks: webhookSchema.prefault({}),
    limits: controlLimitsSchema.prefault({}),
    /** Shown to clients as the server's region. */
    region: z.string().max(64).default(''),
    logLevel: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('warn'),
  })
  .refine((config) => config.webhooks.apiKey === undefined || Object.hasOwn(config.keys, config.webhooks.apiKey), {
    path: ['webhooks', 'apiKey'],
    message: 'is no configured key',
  });

/** Settings with every default filled in. */
export type EngineConfig = z.output<typeof engineConfigSchema>;
/** Settings as given: only `keys` is required. */
export type EngineConfigInput = z.input<typeof engineConfigSchema>;
export type ControlLimits = EngineConfig['limits'];

/** Validates and fills in defaults. Throws a `ZodError` that names the wrong setting. */
export function parseEngineConfig(input: EngineConfigInput): EngineConfig {
  return engineConfigSchema.parse(input);
}
