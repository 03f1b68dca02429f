/**
 * The forwarding boundary: packets of publications (uplinks) in, rows for subscribers (downlinks) out. It knows peers,
 * streams and layers; it knows no room, participant or SDP. One {@link Forwarder} per engine worker.
 */
import type { PeerIndex } from '../transport/types.ts';

export type MediaKind = 'audio' | 'video';

/** One payload type as negotiated on a section, with its retransmission partner. */
export interface CodecBinding {
  readonly payloadType: number;
  /** Lower case: `video/vp8`, `video/h264`, `audio/opus` … */
  readonly mimeType: string;
  readonly clockRate: number;
  readonly channels?: number;
  /** As in SDP, e.g. `profile-level-id=42e01f;packetization-mode=1`. */
  readonly fmtp: string;
  /** RTX payload type (RFC 4588), or null. */
  readonly rtxPayloadType: number | null;
  readonly nack: boolean;
  readonly pli: boolean;
}

/** Header-extension ids on one peer's section; absent = not negotiated. */
export interface ExtensionIds {
  readonly mid?: number;
  readonly rid?: number;
  readonly repairedRid?: number;
  readonly transportCc?: number;
  readonly absSendTime?: number;
  readonly audioLevel?: number;
  readonly playoutDelay?: number;
  readonly dependencyDescriptor?: number;
}

/** A publication's section, as negotiated. */
export interface UplinkOptions {
  readonly peer: PeerIndex;
  readonly kind: MediaKind;
  readonly mid: string;
  readonly codecs: readonly CodecBinding[];
  readonly extensions: ExtensionIds;
  /** Simulcast rids, lowest quality first (`q`,`h`,`f`); empty when the section sends one encoding. */
  readonly rids: readonly string[];
  /** SSRCs announced in SDP (`a=ssrc`), with RTX partner from `ssrc-group:FID`; may be empty (mid/rid extensions tell). */
  readonly ssrcs: readonly { readonly ssrc: number; readonly rtxSsrc: number | null }[];
  readonly sink: UplinkSink;
}

export interface UplinkSink {
  /** The first packet of a layer has come (layer 0 for audio and single encodings). */
  onLayerStarted(uplink: Uplink, layer: number): void;
  /** A layer has been silent for a while (the publisher stopped it); it may start again. */
  onLayerStopped(uplink: Uplink, layer: number): void;
}

/** One published track as it arrives. */
export interface Uplink {
  readonly id: number;
  readonly kind: MediaKind;
  /** Mime type of the packets that really come; null before the first packet. */
  readonly mimeType: string | null;
  /** Layers heard within the last second, lowest first. */
  activeLayers(): readonly number[];
  /** Applies a renegotiation of the section (payload types, rids, ssrcs). */
  update(options: Omit<UplinkOptions, 'sink' | 'peer'>): void;
  /** Muted by the server or the publisher: packets are dropped, downlinks stay. */
  setMuted(muted: boolean): void;
  /**
   * RFC 6464 level of the last interval: linear 0 (silence) … 1, averaged over active packets; 0 when nothing came.
   * Reading resets the interval.
   */
  takeAudioLevel(): number;
  stats(now: number): UplinkStats;
  /** Ends every downlink too. */
  close(): void;
}

export interface UplinkStats {
  readonly packets: number;
  readonly bytes: number;
  /** Lost on the way to us since the last reading, 0…1, after retransmission. */
  readonly lossRate: number;
  readonly lossBeforeRepair: number;
  readonly jitterMs: number;
  readonly bitrate: number;
  readonly rttMs: number | null;
  readonly layers: readonly { readonly layer: number; readonly bitrate: number; readonly active: boolean }[];
}

/** A subscription's section at the viewer. */
export interface DownlinkOptions {
  readonly uplink: Uplink;
  readonly peer: PeerIndex;
  readonly mid: string;
  /** Chosen by the connection, unique per peer. */
  readonly ssrc: number;
  readonly rtxSsrc: number | null;
  /** The viewer's codecs on that section; matched with the uplink's by mime type and fmtp. */
  readonly codecs: readonly CodecBinding[];
  readonly extensions: ExtensionIds;
  /** Sender's extension ids, for the copy table. */
  readonly uplinkExtensions: ExtensionIds;
}

/** One subscription: rewriting state is per downlink (sequence and timestamp offsets, VP8 picture id and TL0, maps). */
export interface Downlink {
  readonly id: number;
  /** Highest layer the viewer asked for: 0 low, 1 medium, 2 high. The best active layer not above it is sent. */
  setMaxLayer(layer: number): void;
  /** Viewer switched the track off (UpdateTrackSettings.disabled) or it is not allowed: nothing is sent. */
  setPaused(paused: boolean): void;
  /** Layer being sent, −1 when none. */
  currentLayer(): number;
  stats(now: number): DownlinkStats;
  close(): void;
}

export interface DownlinkStats {
  readonly packets: number;
  readonly bytes: number;
  /** From the viewer's receiver reports, 0…1, since the last reading. */
  readonly lossRate: number;
  readonly rttMs: number | null;
  readonly jitterMs: number;
  readonly nacks: number;
  readonly plis: number;
}

export interface ForwarderLimits {
  /** Packets kept per video layer for retransmission. */
  readonly historyPackets: number;
  /** At most one keyframe request per layer in this time. */
  readonly keyframeIntervalMs: number;
  /** Streams (SSRCs) accepted per peer. */
  readonly maxStreamsPerPeer: number;
}

export interface Forwarder {
  createUplink(options: UplinkOptions): Uplink;
  createDownlink(options: DownlinkOptions): Downlink;
  /** From the peer's sink; takes the slot over. */
  handleRtp(peer: PeerIndex, slot: number, now: number): void;
  handleRtcp(peer: PeerIndex, packet: Uint8Array, now: number): void;
  /** Periodic work (reports, feedback, NACK, keyframe retries); call about every 20 ms. */
  tick(now: number): void;
  /** Forgets everything of a peer: its uplinks and downlinks are closed. */
  closePeer(peer: PeerIndex): void;
}
