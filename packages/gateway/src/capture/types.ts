/**
 * What a capture tells of one publish: plain data, without a ticket in it, ready for a worker's port. Times are milliseconds
 * since the connection's first message.
 */

/** An AMF0 value as JSON: dates in ISO 8601, undefined as null, numbers that JSON cannot hold as strings. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

export type CaptureDirection = 'in' | 'out';

/** A command, control or data message. */
export interface MessageRecord {
  readonly kind: 'message';
  readonly at: number;
  readonly direction: CaptureDirection;
  /** `command`, `set-chunk-size` …; `type-<n>` for one that has no name. */
  readonly type: string;
  readonly messageStream: number;
  readonly timestamp: number;
  readonly bytes: number;
  /** Decoded; null when it could not be (then `error` says why). */
  readonly values: readonly JsonValue[] | null;
  readonly error?: string;
}

/** An audio, video or metadata message, as it came. */
export interface MediaRecord {
  readonly kind: 'media';
  readonly at: number;
  readonly media: 'audio' | 'video' | 'data';
  /** 32 bits, as sent. */
  readonly timestamp: number;
  readonly what: 'config' | 'keyframe' | 'frame' | 'metadata' | 'other';
  /** Video: composition offset in ms; anything but 0 means B frames. */
  readonly compositionMs: number;
  /** FLV tag body; metadata without their wrapping and without tickets. */
  readonly payload: Uint8Array;
}

export interface VideoConfigRecord {
  readonly kind: 'video-config';
  readonly at: number;
  readonly timestamp: number;
  /** null: the sequence header could not be read. */
  readonly sets: {
    readonly profile: number;
    readonly constraints: number;
    /** Ten times the level. */
    readonly level: number;
    readonly width: number;
    readonly height: number;
    readonly lengthSize: number;
    readonly spsCount: number;
    readonly ppsCount: number;
    /** Null where the VUI says nothing. */
    readonly maxNumReorderFrames: number | null;
  } | null;
  /** The record in hexadecimal, at most 512 bytes of it. */
  readonly hex: string;
}

export interface AudioConfigRecord {
  readonly kind: 'audio-config';
  readonly at: number;
  readonly timestamp: number;
  /** AudioSpecificConfig as sent, at most 512 bytes. */
  readonly hex: string;
  readonly objectType: number;
  readonly sampleRate: number | null;
  readonly channels: number;
  /** Why the gateway would not take it; null when it does. */
  readonly refused: string | null;
}

/** A group of pictures that is complete: the next keyframe has come. */
export interface GroupRecord {
  readonly kind: 'group';
  readonly at: number;
  readonly timestamp: number;
  readonly lengthMs: number;
  readonly frames: number;
  readonly bytes: number;
}

export interface TrackSummary {
  readonly messages: number;
  readonly bytes: number;
  readonly firstTimestamp: number | null;
  readonly lastTimestamp: number | null;
  /** Longest step between neighbours, ms. */
  readonly longestStepMs: number;
  /** How often a stamp was lower than the one before. */
  readonly stepsBack: number;
}

export interface BeginRecord {
  readonly kind: 'begin';
  readonly app: string;
  readonly stream: string;
  readonly remoteAddress: string;
  /** Where the client put the query, and its length. */
  readonly query: { readonly place: 'stream' | 'app' | 'tcUrl' | 'none'; readonly characters: number };
  /** Messages before the publish that were too many to keep. */
  readonly dropped: number;
}

/** A publish of the stream that was not let in, and that this capture did not want: it waits on. */
export interface RefusedRecord {
  readonly kind: 'refused';
  readonly remoteAddress: string;
  readonly reason: string;
}

export interface EndRecord {
  readonly kind: 'end';
  readonly at: number;
  readonly reason: string;
  readonly video: TrackSummary;
  readonly audio: TrackSummary;
  readonly keyframes: number;
  readonly groups: { readonly count: number; readonly shortestMs: number | null; readonly longestMs: number | null };
}

/** `refused` as often as it happens (bounded), then `begin` first, `end` last, each once. */
export type CaptureRecord =
  | RefusedRecord
  | BeginRecord
  | MessageRecord
  | MediaRecord
  | VideoConfigRecord
  | AudioConfigRecord
  | GroupRecord
  | EndRecord;

export interface CaptureRequest {
  /** Stream name without its query. */
  readonly stream: string;
  /** A publish that is refused will do, too; else it is told (`refused`), and the capture waits for one that is let in. */
  readonly refused: boolean;
  /** Counted from the publish. */
  readonly maxMs: number;
  /** Bytes of media. */
  readonly maxBytes: number;
}
