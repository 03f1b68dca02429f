/** From WebRTC to phones: subscribed tracks of one participant become the units of one broadcast. */
import type { CodecPool } from '../codec/types.ts';
import type { LinkSession, RemoteTrack } from '../link/types.ts';
import type { UnitSink } from '../stream/types.ts';

export type EgressTrouble =
  /** The video codec cannot be shown on phones, and there is no place (or library) to transcode it. */
  | { readonly kind: 'no-video-codec'; readonly detail: string }
  | { readonly kind: 'no-audio-codec'; readonly detail: string };

export interface EgressLimits {
  /** Reorder window: grows from the least to the most with what the network does. */
  readonly minReorderMs: number;
  readonly maxReorderMs: number;
  /** Packets kept while one is missing. */
  readonly maxReorderPackets: number;
  /** Bytes of one assembled picture. */
  readonly maxFrameBytes: number;
  /** At most one keyframe request in this time. */
  readonly keyframeIntervalMs: number;
}

export interface EgressOptions {
  readonly session: LinkSession;
  readonly codecs: CodecPool;
  readonly limits: EgressLimits;
  /** Where the units go. */
  readonly sink: UnitSink;
  readonly clock: () => number;
  /** Where the stream's milliseconds begin; 0 when absent. One that goes on in a broadcast begins behind its last unit. */
  readonly beginMs?: number;
  readonly onTrouble: (trouble: EgressTrouble) => void;
}

/**
 * The camera and microphone (or the screen and its sound) of one participant, on one timeline. Audio goes on as silence
 * while its track is muted, silent or lossy: players stall on a gap.
 */
export interface Egress {
  /** Subscribes. At most one track of a kind at a time; another of the same kind replaces it. */
  add(track: RemoteTrack): void;
  /** The track's state changed (muted, codec). */
  update(track: RemoteTrack): void;
  remove(trackSid: string): void;
  /** A viewer came: a keyframe is asked for, sparingly. */
  requestKeyframe(): void;
  /** The link came back after a loss. */
  resumed(): void;
  /** Periodic work (reorder window, silence); call about every 10 ms. */
  tick(): void;
  close(): void;
}
