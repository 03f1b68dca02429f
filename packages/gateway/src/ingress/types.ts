/** From a phone to WebRTC: units of an RTMP publish become publications of the phone's participant. */
import type { CodecPool } from '../codec/types.ts';
import type { LinkSession } from '../link/types.ts';
import type { UnitSink, VideoConfig, VideoFrame } from '../stream/types.ts';

/** What a phone's publish meets on its way, for signalling and logs. */
export type IngressTrouble =
  /** No codec library, no place in the budget, or its process died: video goes on, sound does not reach browsers. */
  | { readonly kind: 'no-audio-codec'; readonly detail: string }
  /** The room did not take the track (privileges). */
  | { readonly kind: 'not-published'; readonly track: 'audio' | 'video'; readonly detail: string };

export interface IngressLimits {
  /** Bytes of one RTP payload; 1,150 keeps every path's MTU. */
  readonly payloadBytes: number;
  /** At most one bridge in this time for one source. */
  readonly bridgeIntervalMs: number;
  readonly bridgeBitsPerSecond: number;
  /** Sender reports. */
  readonly reportIntervalMs: number;
}

export interface IngressOptions {
  readonly session: LinkSession;
  readonly codecs: CodecPool;
  readonly limits: IngressLimits;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Unix milliseconds, for sender reports. */
  readonly wallClock: () => number;
  /** The current group of the phone's broadcast, for the bridge. */
  readonly group: () => readonly (VideoConfig | VideoFrame)[];
  readonly onTrouble: (trouble: IngressTrouble) => void;
  /** The room's owner (or the server) muted a kind, or lifted it. */
  readonly onMutedByServer: (track: 'audio' | 'video', muted: boolean) => void;
}

/**
 * One publish of a phone as its participant's tracks. A track is published when its first configuration comes; `setMuted`
 * says what the phone's owner chose (signalling is the truth; media that stops by itself is a watchdog's business).
 */
export interface Ingress extends UnitSink {
  /**
   * Nothing goes out while muted. Pictures may be written all the same (as into the broadcast's group): then the first
   * one afterwards can come from a bridge; otherwise it is the phone's next keyframe.
   */
  setMuted(track: 'audio' | 'video', muted: boolean): void;
  /** Periodic work (reports, retries); call about every 100 ms. */
  tick(): void;
  /** Unpublishes. */
  close(): void;
}
