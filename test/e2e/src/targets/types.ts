import type { WebhookLog } from '../webhooks.ts';

/** Settings that both servers have under some name. */
export interface TargetOptions {
  /** Largest number of participants in a room; 0 = no limit. */
  readonly maxParticipants?: number;
  /** Bytes of metadata. */
  readonly maxMetadataBytes?: number;
  /** Bytes of all attributes. */
  readonly maxAttributesBytes?: number;
  /** Seconds a room outlives its last participant. */
  readonly departureTimeoutSeconds?: number;
  /** Codecs that publishers may send (mime types); absent = the server's default. */
  readonly publishCodecs?: readonly string[];
  /** Told of everything besides the suite's own receiver. */
  readonly webhookUrl?: string;
  /** A join makes an absent room. */
  readonly autoCreate?: boolean;
}

/** A running server that speaks LiveKit's protocol. The suite asks nothing else of it, and never asks which one it is. */
export interface Target {
  readonly name: 'livekit' | 'embedded';
  readonly wsUrl: string;
  readonly httpUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** UDP port of all media, on 127.0.0.1. */
  readonly mediaPort: number;
  readonly webhooks: WebhookLog;
  /** Ends it gracefully; resolves when the process has gone. */
  stop(): Promise<void>;
  /** Ends it without a word. */
  kill(): Promise<void>;
  /** Starts it again on the same ports. */
  start(): Promise<void>;
  /** Ends everything that belongs to it. */
  close(): Promise<void>;
  /** Last lines that it wrote, for failures. */
  log(): string;
}
