/**
 * Encoded media between the parts of the gateway, in the form RTMP and FLV carry it. Whoever makes a unit has checked it;
 * whoever gets one may rely on these words.
 */

/** Which kinds of track a stream carries. */
export interface Tracks {
  readonly video: boolean;
  readonly audio: boolean;
}

/** H.264 parameter sets, told before the first keyframe and again before the keyframe that changes them. */
export interface VideoConfig {
  readonly kind: 'video-config';
  /** NAL units without start code or length. */
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
}

/** AAC-LC's AudioSpecificConfig (ISO 14496-3 §1.6.2.1), cut to its first two bytes. */
export interface AudioConfig {
  readonly kind: 'audio-config';
  readonly asc: Uint8Array;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
}

/** One access unit: NAL units each behind a 4-byte length; no parameter sets, AUD, filler or SEI; never a B slice. */
export interface VideoFrame {
  readonly kind: 'video';
  /** Milliseconds of the stream's own timeline, extended past 32 bits, never going back within a kind. */
  readonly timestampMs: number;
  /** Every slice is IDR. */
  readonly keyframe: boolean;
  readonly data: Uint8Array;
}

/** One raw AAC frame (1,024 samples), without ADTS. */
export interface AudioFrame {
  readonly kind: 'audio';
  readonly timestampMs: number;
  readonly data: Uint8Array;
}

export type MediaUnit = VideoConfig | AudioConfig | VideoFrame | AudioFrame;

/** Takes units of one stream, in order. Never throws. */
export interface UnitSink {
  write(unit: MediaUnit): void;
}

/** Why a viewer's stream ended. `tracks`: the set of tracks changed, new URLs have been told by signalling. */
export type ViewEnd = 'source-ended' | 'tracks' | 'slow' | 'revoked' | 'expired' | 'shutdown';

/** The socket end of a viewer. Buffers handed to `write` are shared with other viewers: they are never written to. */
export interface ViewerSocket {
  write(chunk: Uint8Array): void;
  /** Bytes accepted by `write` and not yet taken by the kernel. */
  backlogBytes(): number;
  end(reason: ViewEnd): void;
}

/** Makes the bytes of one container, once for all viewers of a stream. */
export interface Muxer {
  /** Bytes a newcomer needs first: header, metadata and the parameter sets known so far. */
  preamble(tracks: Tracks, video: VideoConfig | null, audio: AudioConfig | null): Uint8Array;
  /** Bytes of one unit. */
  unit(unit: MediaUnit): Uint8Array;
}

/** One viewer of a broadcast. */
export interface Viewer {
  /** Forgets the viewer; its socket is the caller's to close. */
  leave(): void;
  /** Ends the viewer with a reason: `socket.end` is called. */
  end(reason: ViewEnd): void;
}

export interface BroadcastLimits {
  /** A viewer with more than this waiting is skipped to the next keyframe ... */
  readonly skipBacklogBytes: number;
  /** ... and one with more than this, or one who has been skipping for `maxSkipMs`, is dropped. */
  readonly maxBacklogBytes: number;
  readonly maxSkipMs: number;
  readonly maxViewers: number;
  /** The cached group serves a newcomer only when its keyframe is younger than this; otherwise he waits for the next. */
  readonly freshGroupMs: number;
  /** Bytes kept of one group of pictures; a longer group is not kept. */
  readonly maxGroupBytes: number;
}

/** One stream (`main` or `aux` of one user) with all its viewers. */
export interface Broadcast extends UnitSink {
  readonly tracks: Tracks;
  readonly viewers: number;
  /** Throws {@link Error} beyond `maxViewers`. Asks for a keyframe when the newcomer needs one. */
  addViewer(format: 'flv' | 'rtmp', socket: ViewerSocket): Viewer;
  /** The current group, keyframe first, with its parameter sets: what the bridge decodes. Empty when none is kept. */
  group(): readonly (VideoConfig | VideoFrame)[];
  /** Ends every viewer. */
  close(reason: ViewEnd): void;
}

/** Container of a viewer. */
export type StreamFormat = 'flv' | 'rtmp';

/** One unit in a container, with what must be known to hand it to viewers without reading it. */
export interface MuxedChunk {
  readonly kind: 'video' | 'audio' | 'config';
  /** A viewer can begin here. */
  readonly keyframe: boolean;
  /** Stream's own timeline; 0 for a configuration. */
  readonly timestampMs: number;
  readonly bytes: Uint8Array;
}

/**
 * What a tap tells, all of it plain data that can be posted to another thread, where an `Audience` takes it:
 * `preamble` → `setPreamble`, `chunk` → `push(chunk, ageMs)`, `end` → `close(reason)`. The first event is a `preamble`;
 * then, when the current group is fresh enough for a newcomer, its chunks with their age; then every chunk as it is made.
 */
export type TapEvent =
  | { readonly kind: 'preamble'; readonly bytes: Uint8Array }
  | { readonly kind: 'chunk'; readonly chunk: MuxedChunk; readonly ageMs: number }
  | { readonly kind: 'end'; readonly reason: ViewEnd };

export interface BroadcastTap {
  /** For the remote audience's `onKeyframeNeeded`. */
  requestKeyframe(): void;
  /** Nothing is told afterwards. */
  stop(): void;
}

/** A broadcast whose muxed chunks can be handed to viewers elsewhere. Bytes are shared: copy or post them, never write. */
export interface TappableBroadcast extends Broadcast {
  /** The listener must not throw; the first events are told before this returns. */
  tap(format: StreamFormat, listener: (event: TapEvent) => void): BroadcastTap;
}
