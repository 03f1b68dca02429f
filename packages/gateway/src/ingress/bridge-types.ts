/** What the bridge's switch is given, and its bounds. */
import type { BridgeJob, BridgeOutput, CodecSink } from '../codec/types.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';

export type GroupUnit = VideoConfig | VideoFrame;

export interface BridgePorts {
  /** Monotonic milliseconds. */
  clock(): number;
  /** Goes out, in this order; `parameters` stand before keyframes. */
  send(frame: VideoFrame, parameters: VideoConfig | null): void;
  /** The phone's current group: keyframe first, nothing missing; empty when there is none. */
  group(): readonly GroupUnit[];
  /** Null: no place or no codecs. */
  open(encodeFromMs: number, sink: CodecSink<BridgeOutput>): BridgeJob | null;
}

export interface BridgeLimits {
  /** From the opening of one bridge to that of the next, at least. */
  readonly intervalMs: number;
  /** A newcomer asked before the keyframe reached him: one that went out so short a time ago is his. */
  readonly freshMs: number;
  /** The phone's own next keyframe is waited for when it is due within this. */
  readonly dueMs: number;
  /** Between keyframes of a running bridge, at least. */
  readonly keyframeIntervalMs: number;
  /** Pictures are held back for a bridge's first one up to this; then they go out as they are. */
  readonly holdMs: number;
  /** The phone's keyframe is held back for the bridge's last pictures up to this after the last one that came. */
  readonly drainMs: number;
  /** Time from a bridge's opening to its first picture that can be sent. */
  readonly setUpMs: number;
  /** A bridge at work that is behind by so much is given up. */
  readonly lagMs: number;
  /** How far ahead `E` is chosen at first; follows what bridges need. */
  readonly leadMs: number;
}

export const bridgeDefaults: Omit<BridgeLimits, 'intervalMs'> = {
  freshMs: 100,
  dueMs: 80,
  keyframeIntervalMs: 250,
  holdMs: 50,
  drainMs: 150,
  setUpMs: 2_000,
  lagMs: 1_000,
  leadMs: 20,
};
