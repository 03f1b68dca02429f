/** What the gateway tells a codec process when it opens a job; plain JSON, so that it is easy to see in a log. */
import type { CodecJobKind, ForeignCodec } from './types.ts';

interface Common {
  readonly maxPixels: number;
  readonly maxFillMs: number;
}

export interface AacToOpusOrder extends Common {
  readonly kind: 'aac-to-opus';
  /** AudioSpecificConfig, hexadecimal. */
  readonly asc: string;
}

export interface OpusToAacOrder extends Common {
  readonly kind: 'opus-to-aac';
  readonly channels: 1 | 2;
}

export interface BridgeOrder extends Common {
  readonly kind: 'h264-bridge';
  readonly encodeFromMs: number;
  readonly bitsPerSecond: number;
}

export interface VideoOrder extends Common {
  readonly kind: 'video-to-h264';
  readonly codec: ForeignCodec;
}

export type Order = AacToOpusOrder | OpusToAacOrder | BridgeOrder | VideoOrder;

/** First word of a codec process: null when it can work, otherwise what the library said. */
export interface Hello {
  readonly unavailable: string | null;
}

/** Last word of a job that ended by itself. */
export interface End {
  readonly reason: 'undecodable' | 'refused';
  /** For the log. */
  readonly detail: string;
}

/** How much of a process a job of the kind takes, for spreading: roughly its CPU at work. */
export const weights: Readonly<Record<CodecJobKind, number>> = {
  'aac-to-opus': 1,
  'opus-to-aac': 1,
  'h264-bridge': 8,
  'video-to-h264': 30,
};
