/**
 * Transcoding, done in a pool of child processes: a crash in a codec ends only the jobs of its process, which are told and
 * may be opened again. Without the codec library every `open…` answers null and the rest of the gateway goes on.
 */
import type { VideoConfig, VideoFrame } from '../stream/types.ts';

export type CodecJobKind = 'aac-to-opus' | 'opus-to-aac' | 'h264-bridge' | 'video-to-h264';

/** One job. Writing never blocks; a job that falls behind its bound drops input (oldest first) and counts it. */
export interface CodecJob<Input> {
  write(input: Input): void;
  close(): void;
}

/** What a job tells. Nothing is told after `onEnd` or after `close`. */
export interface CodecSink<Output> {
  onOutput(output: Output): void;
  /** Video: input was dropped or damaged; nothing comes out before the next keyframe, so ask for one. */
  onNeedKeyframe?(): void;
  /** The process died, the input cannot be decoded, or the job was refused; open another when it makes sense. */
  onEnd(reason: 'crashed' | 'undecodable' | 'refused'): void;
}

/**
 * AAC frame with its place on the source's timeline, in samples at 48 kHz (fractions allowed: RTMP has milliseconds only).
 * The job keeps its own count of samples: it follows the places given by a slow resampling compensation (drift), fills a
 * gap with silence, and jumps forward only when the gap is longer than `maxFillMs`. It never steps back.
 */
export interface AacInput {
  readonly data: Uint8Array;
  readonly place: number;
}

/** One 20 ms Opus packet, 48 kHz. `place`: its first sample on the same timeline, encoder delay taken off. */
export interface OpusOutput {
  readonly data: Uint8Array;
  readonly place: number;
  /** Loudness of the sound in it: −dBov, 0 … 127, which is silence (RFC 6464 §3). */
  readonly level: number;
}

/** One Opus packet (any frame length), or null where one is lost or not sent (DTX, mute): concealed, then silence. */
export interface OpusInput {
  readonly data: Uint8Array | null;
  /** First sample, 48 kHz, extended past 32 bits. */
  readonly place: number;
  /** Samples at 48 kHz that this packet stands for. */
  readonly samples: number;
}

/** One AAC frame of 1,024 samples at 48 kHz; `place` is the encoder's own stamp, never negative. */
export interface AacOutput {
  readonly data: Uint8Array;
  readonly place: number;
}

/** H.264 access unit in any NAL framing (4-byte lengths), with the place given by the input it was made from. */
export type BridgeInput = VideoConfig | VideoFrame;

/** What the bridge makes: parameter sets are told before the keyframe they belong to. */
export type BridgeOutput = VideoConfig | VideoFrame;

/** A bridge at work. One picture comes out for each that goes in from `encodeFromMs` on, stamped as it was. */
export interface BridgeJob extends CodecJob<BridgeInput> {
  /** Another newcomer: the next picture written is encoded as IDR. */
  requestKeyframe(): void;
}

/** An assembled frame of a codec that phones cannot decode. */
export interface ForeignFrame {
  readonly data: Uint8Array;
  /** Milliseconds of the stream's timeline. */
  readonly timestampMs: number;
  readonly keyframe: boolean;
}

export type ForeignCodec = 'vp8' | 'vp9' | 'av1' | 'h265';

export interface CodecPool {
  /** Null when codecs work; otherwise one sentence why not, with what to do. */
  readonly unavailable: string | null;
  /** @param asc AudioSpecificConfig. Null: no codec library, or no place within the budget. */
  openAacToOpus(asc: Uint8Array, sink: CodecSink<OpusOutput>): CodecJob<AacInput> | null;
  openOpusToAac(options: { readonly channels: 1 | 2 }, sink: CodecSink<AacOutput>): CodecJob<OpusInput> | null;
  /**
   * The late viewer's help: decodes the frames written and encodes from the picture at `encodeFrom` (a `timestampMs`) on:
   * that one as IDR, the following as they come. The frames before it are a whole group, written at once: they do not count
   * against `maxQueuedFrames`. A bridge drops no input (one picture less spoils the rest): one that falls behind ends.
   */
  openBridge(
    options: { readonly encodeFromMs: number; readonly bitsPerSecond: number },
    sink: CodecSink<BridgeOutput>,
  ): BridgeJob | null;
  /** Transcodes a whole video track; costs much, so it is within a budget of its own. */
  openVideoToH264(codec: ForeignCodec, sink: CodecSink<BridgeOutput>): CodecJob<ForeignFrame> | null;
  /** Jobs at work, for metrics and tests. */
  readonly jobs: Readonly<Record<CodecJobKind, number>>;
  /** Process ids of the pool, for tests that kill one. */
  processes(): readonly number[];
  close(): Promise<void>;
}

export interface CodecLimits {
  /** Child processes; jobs are spread over them. */
  readonly processes: number;
  readonly maxAudioJobs: number;
  readonly maxBridges: number;
  readonly maxVideoJobs: number;
  /** Frames waiting for one job; older ones are dropped beyond it. */
  readonly maxQueuedFrames: number;
  /** Pictures larger than this are refused. */
  readonly maxPixels: number;
  /** Gaps in audio up to this are filled with silence. */
  readonly maxFillMs: number;
}
