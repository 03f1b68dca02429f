/**
 * One WebRTC connection as signalling sees it: SDP in and out, publications, subscriptions and data channels, on top of
 * one transport peer. The one-connection form (`/rtc/v1`) and both halves of the two-connection form (`/rtc`) stand
 * behind this interface; only `role` tells them apart.
 */
import type { Downlink, MediaKind, Uplink } from '../forward/types.ts';
import type { PeerState } from '../transport/types.ts';

/**
 * - `single`: the client offers; it publishes and subscribes on one connection, and makes the data channels.
 * - `publisher`: the client offers and only publishes (and makes the data channels it sends on).
 * - `subscriber`: the server offers; only downlinks, and the server makes the channels it sends on.
 */
export type ConnectionRole = 'single' | 'publisher' | 'subscriber';

/** LiveKit's three data channels by meaning; labels `_reliable`, `_lossy`, `_data_track`. */
export type DataChannelKind = 'reliable' | 'lossy' | 'data_track';

/** A publication's section after an offer was accepted. */
export interface UplinkSection {
  readonly mid: string;
  readonly kind: MediaKind;
  /** Track id in the section's msid: the client's cid for the track (may be absent or lingering: match with care). */
  readonly trackId: string;
  readonly streamId: string;
  /** Mime type of the first codec of the answer. */
  readonly mimeType: string;
  readonly uplink: Uplink;
}

export interface ConnectionSink {
  onState(state: PeerState): void;
  /** A section began to send (or sends another track than before). Called before the answer is returned. */
  onUplinkStarted(section: UplinkSection): void;
  /** A section stopped sending: the track was unpublished, or its transceiver turned. */
  onUplinkStopped(mid: string): void;
  onDataChannelOpen(kind: DataChannelKind): void;
  onData(kind: DataChannelKind, data: Uint8Array): void;
  /**
   * Descriptions must change: `subscriber` → call `createOffer`; `single` → send `mediaSectionsRequirement` with the
   * numbers given (additional sections that are needed, `{0,0}` = just renegotiate). Gathered for a short while.
   */
  onNegotiationNeeded(needed: { readonly audios: number; readonly videos: number }): void;
  /**
   * What the client said (in its `addTrack` request) of the track it sends on this section. Asked while an offer is
   * accepted; absent or null: the offer stands as it is.
   */
  publishPreferences?(kind: MediaKind, trackId: string): PublishPreferences | null;
}

/** How a publisher wants to send a track: clients leave the choice to the answer, which names one codec first. */
export interface PublishPreferences {
  /** Mime type, lower case, to answer first where the room's policy allows it; empty for none. */
  readonly mimeType: string;
  /** Mime types to answer before that one, where they are offered and allowed: what everybody in the room can take. */
  readonly first?: readonly string[];
  readonly opus: OpusPreferences;
}

/** How a publisher's Opus is wanted. */
export interface OpusPreferences {
  readonly stereo: boolean;
  readonly dtx: boolean;
}

/** What a subscription needs of the connection. */
export interface SubscriptionOptions {
  readonly uplink: Uplink;
  /** Extension ids and codecs of the publication's section are looked up by its uplink id. */
  readonly kind: MediaKind;
  /** Track id written into SDP: the track's SID `TR_…`. */
  readonly trackSid: string;
  /** Stream id written into SDP: `PA_…|TR_…`. */
  readonly streamId: string;
}

export interface Subscription {
  readonly trackSid: string;
  /** mid once the section exists, else null. */
  readonly mid: string | null;
  /** null until a section was negotiated, or when the viewer has no codec in common (see `codecMismatch`). */
  readonly downlink: Downlink | null;
  readonly codecMismatch: boolean;
  setMaxLayer(layer: number): void;
  setPaused(paused: boolean): void;
  close(): void;
}

export interface SessionDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
  /** LiveKit's negotiation id: an answer carries its offer's. */
  readonly id: number;
  /** All entries, every time: mid → track SID of downlinks (one-connection form). */
  readonly midToTrackId: Readonly<Record<string, string>>;
}

/** Why a description was refused; the connection stays as it was. */
export class NegotiationError extends Error {
  override name = 'NegotiationError';
}

export interface Connection {
  readonly role: ConnectionRole;
  readonly state: PeerState;
  /** `single`, `publisher`. Throws {@link NegotiationError} on a hostile or unusable offer. */
  acceptOffer(sdp: string, id: number): SessionDescription;
  /** `subscriber` (or an ICE restart): the next offer; null when one is under way (it follows after its answer). */
  createOffer(options?: { readonly iceRestart?: boolean }): SessionDescription | null;
  /** `subscriber`. Late or unknown ids are ignored. */
  acceptAnswer(sdp: string, id: number): void;
  /** `single`, `subscriber`. */
  subscribe(options: SubscriptionOptions): Subscription;
  /** False when the channel is not open or its backlog is full (lossy: dropped; reliable: the caller disconnects). */
  sendData(kind: DataChannelKind, data: Uint8Array): boolean;
  /** Bytes queued on a channel. */
  dataBacklog(kind: DataChannelKind): number;
  /** Ends channels, uplinks, downlinks and the transport peer. Nothing is told afterwards; later calls do nothing. */
  close(): void;
}

/** What a room's policy lets a connection negotiate. */
export interface CodecPolicy {
  /** Mime types that publishers may send, lower case, preferred first; a kind that it does not name is free. */
  readonly publish: readonly string[];
}
