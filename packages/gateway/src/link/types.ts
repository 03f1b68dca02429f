/**
 * The link port: how the gateway takes part in rooms of a LiveKit server. Two implementations pass one contract suite
 * (`contract.ts`): over WebRTC to any LiveKit server, and in process to the embedded engine.
 */
import type { ChatMessage } from '../room/chat-message.ts';

export type LinkQuality = 'excellent' | 'good' | 'poor' | 'lost';
export type TrackSourceName = 'camera' | 'microphone' | 'screen_share' | 'screen_share_audio' | 'unknown';

/** A published track of somebody else, as signalling tells it. */
export interface RemoteTrack {
  readonly sid: string;
  readonly kind: 'audio' | 'video';
  readonly source: TrackSourceName;
  readonly muted: boolean;
  /** Lower case, `video/h264` …; the codec a subscriber gets first. */
  readonly mimeType: string;
  readonly encrypted: boolean;
  readonly width: number;
  readonly height: number;
}

/** Somebody else in the room. */
export interface RemoteParticipant {
  readonly identity: string;
  readonly sid: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tracks: readonly RemoteTrack[];
}

/**
 * One RTP packet of a subscribed track, as it arrives: not ordered, repaired packets among them. Padding alone (servers
 * probe with it) has an empty payload and fills its sequence number.
 */
export interface IncomingRtp {
  readonly payload: Uint8Array;
  readonly sequence: number;
  /** 32 bits, of the stream's clock (90 kHz video, 48 kHz Opus). */
  readonly timestamp: number;
  readonly marker: boolean;
}

/** What a subscription tells. The payload is the receiver's own. */
export interface SubscriptionSink {
  /** @param now monotonic milliseconds of its arrival. */
  onRtp(packet: IncomingRtp, now: number): void;
  /** RTCP sender report: wall-clock time of the sender (ms since 1900-01-01, fractions) at an RTP timestamp. */
  onSenderReport(ntpMs: number, rtpTimestamp: number, now: number): void;
}

export interface LinkSubscription {
  readonly trackSid: string;
  /** Mime type of the packets that come; null until it is negotiated. */
  readonly mimeType: string | null;
  /** Asks for a keyframe, at most one request a second; more often it does nothing. */
  requestKeyframe(): void;
  /** Tells that packets from..to (16-bit, inclusive) did not come: asks for them again (RFC 4585 NACK). */
  nack(sequences: readonly number[]): void;
  close(): void;
}

export interface PublicationOptions {
  readonly kind: 'audio' | 'video';
  readonly source: TrackSourceName;
  readonly name: string;
  /** Pictures' size when known; 0 otherwise. */
  readonly width: number;
  readonly height: number;
  readonly muted: boolean;
}

export interface PublicationSink {
  /** Somebody needs a keyframe (PLI or FIR). Video only. */
  onKeyframeNeeded(): void;
  /** The room's owner or the server muted it, or lifted that. */
  onMutedByServer(muted: boolean): void;
}

/** A track that this participant publishes: Opus, or H.264 with packetization mode 1. */
export interface LinkPublication {
  readonly sid: string;
  /**
   * Sends one RTP packet: sequence numbers are the link's (no gap but by loss), retransmission too.
   *
   * @param level audio only: how loud it is, −dBov from 0 to 127 (RFC 6464 §3); by it the room knows who speaks.
   */
  send(payload: Uint8Array, timestamp: number, marker: boolean, level?: number): void;
  /** Sends a sender report with this mapping; counts are the link's. The link never makes up reports of its own. */
  report(ntpMs: number, rtpTimestamp: number): void;
  setMuted(muted: boolean): void;
  unpublish(): void;
}

export type LinkEnd =
  | 'left'
  | 'duplicate-identity'
  | 'removed'
  | 'room-deleted'
  | 'server-shutdown'
  | 'refused'
  | 'lost';

export interface LinkSink {
  /** The full roster without self and without hidden ones, after every change; `[]` when alone. */
  onParticipants(participants: readonly RemoteParticipant[]): void;
  onChat(message: ChatMessage): void;
  /** Connection quality by identity (self too). */
  onQuality(identity: string, quality: LinkQuality): void;
  /** The connection is being brought back; media stands still. */
  onReconnecting(): void;
  /**
   * It is back; publications and subscriptions are the same objects and go on (a keyframe may be needed). Tracks have new
   * SIDs when their owner joined anew; sequence numbers and timestamps of a subscription may start anew.
   */
  onReconnected(): void;
  onEnd(end: LinkEnd, detail: string): void;
}

export interface JoinOptions {
  /** A LiveKit access token; it names room, identity and grants. */
  readonly token: string;
  /** A fresh token, for coming back after the first one ran out. */
  readonly renewToken: () => Promise<string>;
}

/** One participant of a room. */
export interface LinkSession {
  readonly identity: string;
  readonly sid: string;
  readonly room: string;
  /** Resolves when the server has confirmed the publication and media can flow. */
  publish(options: PublicationOptions, sink: PublicationSink): Promise<LinkPublication>;
  /** Nothing is subscribed by itself. Video: the highest layer. */
  subscribe(trackSid: string, sink: SubscriptionSink): LinkSubscription;
  /**
   * Sends a chat message to everybody, as LiveKit's own components do (text stream on topic `lk.chat`). Throws
   * {@link LinkAway} while the connection is being brought back or is full, another error when it is too long; after the
   * end it does nothing.
   */
  sendChat(message: ChatMessage): void;
  /** Leaves; nothing is told afterwards. */
  leave(): Promise<void>;
}

export interface Link {
  /** Rejects with {@link LinkRefused} when the server does not let it in, with another error when it is out of reach. */
  join(options: JoinOptions, sink: LinkSink): Promise<LinkSession>;
  close(): Promise<void>;
}

/** Nothing carries it to the server now: another try in a moment may be of use. */
export class LinkAway extends Error {
  override name = 'LinkAway';
}

/** The server answered, and said no: another try with the same token is of no use. */
export class LinkRefused extends Error {
  override name = 'LinkRefused';
}
