/**
 * One participant: joining → joined → active → gone, with its signal lost or not beside that. A resume swaps the signal
 * session and raises the generation, so that a stale socket is ignored.
 */
import {
  type ClientInfo,
  type ConnectionQuality,
  type DisconnectReason,
  LeaveRequest,
  type LeaveRequest_Action,
  MediaSectionsRequirement,
  ParticipantInfo,
  type ParticipantInfo_Kind,
  ParticipantInfo_State,
  SessionDescription as SessionDescriptionProto,
} from '@livekit/protocol';
import type { Connection, ConnectionRole, SessionDescription, UplinkSection } from '../connection/types.ts';
import { isDependent, type Permission, permissionToProto } from '../signal/permission.ts';
import { RateLimit } from '../signal/rate.ts';
import type { ResponseMessage, SignalSession } from '../signal/session.ts';
import { newSid } from '../signal/sid.ts';
import type { PeerState } from '../transport/types.ts';
import type { ConnectionFactory, EngineContext } from './context.ts';
import { DataInbox, DataOutbox } from './data.ts';
import { Links } from './links.ts';
import type { PresenceFacts } from './presence.ts';
import { Publications } from './publications.ts';
import { QualityScore } from './quality.ts';
import { SpeakerLevel } from './speakers.ts';
import { Subscriptions } from './subscriptions.ts';
import { layerQualities, type PublishedTrack } from './track.ts';

export interface ParticipantInit {
  readonly identity: string;
  readonly name: string;
  readonly kind: ParticipantInfo_Kind;
  readonly metadata: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly permission: Permission;
  /** Passed on in refreshed tokens only. */
  readonly grants: {
    readonly roomCreate: boolean;
    readonly roomAdmin: boolean;
    readonly roomList: boolean;
    readonly roomRecord: boolean;
  };
  /** Unix seconds. */
  readonly tokenExpiresAt: number;
  readonly client: ClientInfo;
  readonly singleConnection: boolean;
  readonly autoSubscribe: boolean;
  /** Makes its connections: over WebRTC, or to a link in this process. */
  readonly createConnection: ConnectionFactory;
}

/** What a participant needs of its room. */
export interface ParticipantHost {
  readonly name: string;
  /** See {@link Room.publishFirst}. */
  readonly publishFirst: readonly string[];
  onActive(participant: Participant): void;
  onTrackPublished(track: PublishedTrack): void;
  onTrackUnpublished(track: PublishedTrack): void;
  onTrackChanged(track: PublishedTrack): void;
  onSubscribed(viewer: Participant, track: PublishedTrack): void;
  mayReceive(viewer: Participant, track: PublishedTrack): { readonly viewer: boolean; readonly publisher: boolean };
  onData(from: Participant, kind: 'reliable' | 'lossy', data: Uint8Array): void;
  /** The participant cannot go on as it is: it is asked to come back as a new one. */
  onBroken(participant: Participant, reason: DisconnectReason): void;
}

type Stage = 'joining' | 'joined' | 'active' | 'gone';

export class Participant {
  readonly sid = newSid('PA');
  readonly init: ParticipantInit;
  readonly identity: string;
  readonly publications: Publications;
  readonly subscriptions: Subscriptions;
  readonly inbox: DataInbox;
  readonly outbox: DataOutbox;
  readonly speaker: SpeakerLevel;
  readonly quality = new QualityScore();
  readonly #links: Links;
  readonly #context: EngineContext;
  readonly #host: ParticipantHost;
  readonly #joinedAt: number;
  readonly #joinedAtWall: number;
  name: string;
  metadata: string;
  attributes: Record<string, string>;
  permission: Permission;
  /** Which participants may receive what we publish; null = everybody. */
  subscriptionRule: ((viewer: Participant, trackSid: string) => boolean) | null = null;
  /** Time of the next refreshed token. */
  nextRefreshAt: number;
  readonly #announcements: RateLimit;
  activeOnce = false;
  /** By participants' SIDs, the connection quality that this client was told of last. */
  readonly heardQualities = new Map<string, ConnectionQuality>();
  #stage: Stage = 'joining';
  #session: SignalSession | null = null;
  #generation = 0;
  #sessionSince: number;
  #signalLostAt: number | null = null;
  #lastSignalAt: number;
  #mediaLostAt: number | null = null;
  #version = 0;
  #disconnectReason: DisconnectReason = 0;

  constructor(context: EngineContext, host: ParticipantHost, init: ParticipantInit) {
    this.#context = context;
    this.#host = host;
    this.init = init;
    this.identity = init.identity;
    this.name = init.name;
    this.metadata = init.metadata;
    this.attributes = { ...init.attributes };
    this.permission = init.permission;
    const { limits } = context.config;
    const now = context.clock();
    this.#joinedAt = now;
    this.#lastSignalAt = now;
    this.#sessionSince = now;
    this.#joinedAtWall = context.wallClock();
    this.nextRefreshAt = now + context.config.signal.tokenRefreshMs;
    this.speaker = new SpeakerLevel(context.config.audio.threshold);
    this.publications = new Publications({
      participant: this,
      limits,
      permission: () => this.permission,
      publishFirst: () => host.publishFirst,
      send: (message) => this.send(message),
      onPublished: (track) => host.onTrackPublished(track),
      onUnpublished: (track) => host.onTrackUnpublished(track),
      onChanged: (track) => host.onTrackChanged(track),
    });
    this.subscriptions = new Subscriptions({
      limit: limits.subscriptionsPerParticipant,
      autoSubscribe: init.autoSubscribe,
      connection: () => this.#links.downstream,
      mayReceive: (track) => host.mayReceive(this, track),
      send: (message) => this.send(message),
      onSubscribed: (track) => host.onSubscribed(this, track),
    });
    const rate = limits.announcementsPerSecond;
    this.#announcements = new RateLimit(rate, rate * 3, now);
    this.inbox = new DataInbox(limits, now);
    this.outbox = new DataOutbox(limits.replayBytes, () => this.#links.downstream);
    this.#links = new Links(init.createConnection, init.singleConnection, {
      onLinkState: (role, state) => this.#onLinkState(role, state),
      onUplinkStarted: (section: UplinkSection) => this.publications.sectionStarted(section),
      onUplinkStopped: (mid) => this.publications.sectionStopped(mid),
      publishPreferences: (kind, trackId) => this.publications.preferences(kind, trackId),
      onDataOpen: (role, kind) => {
        if (role !== 'publisher') this.outbox.opened(kind);
      },
      onData: (kind, data) => {
        if (kind !== 'data_track' && this.#stage !== 'gone') host.onData(this, kind, data);
      },
      onNegotiationNeeded: (role, needed) => this.#onNegotiationNeeded(role, needed),
    });
  }

  get stage(): Stage {
    return this.#stage;
  }

  get active(): boolean {
    return this.#stage === 'active';
  }

  get gone(): boolean {
    return this.#stage === 'gone';
  }

  get signalAlive(): boolean {
    return this.#session !== null;
  }

  get generation(): number {
    return this.#generation;
  }

  /** An agent, a recorder or an egress serves others: it takes no seat (LiveKit's `IsDependent`). */
  get dependent(): boolean {
    return isDependent(this.init.kind, this.permission);
  }

  get downstream(): Connection | null {
    return this.#links.downstream;
  }

  get media(): PeerState {
    return this.#links.mediaState;
  }

  /** Two-connection form: media first comes over the subscriber's connection, unless nothing may be subscribed. */
  get subscriberPrimary(): boolean {
    return !this.#links.single && this.init.permission.canSubscribe;
  }

  get isPublisher(): boolean {
    return this.publications.size > 0;
  }

  get presence(): PresenceFacts {
    return {
      joinedAt: this.#joinedAt,
      signalLostAt: this.#signalLostAt,
      lastSignalAt: this.#lastSignalAt,
      sessionSince: this.#sessionSince,
      media: this.#links.mediaState,
      mediaLostAt: this.#mediaLostAt,
    };
  }

  /** LiveKit's description, at its present version. */
  info(): ParticipantInfo {
    return new ParticipantInfo({
      sid: this.sid,
      identity: this.identity,
      name: this.name,
      state: PROTO_STATE[this.#stage],
      tracks: [...this.publications.tracks].map((track) => track.info),
      metadata: this.metadata,
      attributes: this.attributes,
      joinedAt: BigInt(Math.floor(this.#joinedAtWall / 1000)),
      joinedAtMs: BigInt(this.#joinedAtWall),
      version: this.#version,
      permission: permissionToProto(this.permission),
      region: this.#context.config.region,
      isPublisher: this.isPublisher,
      kind: this.init.kind,
      disconnectReason: this.#disconnectReason,
      clientProtocol: this.init.client.clientProtocol,
      capabilities: this.init.client.capabilities,
    });
  }

  /** Whether a change may be announced at once. */
  takeAnnouncement(): boolean {
    return this.#announcements.take(this.#context.clock());
  }

  /** Something that others see changed. */
  touch(): void {
    this.#version++;
  }

  // --- signal ---

  /** First session, or the one of a resume. */
  attach(session: SignalSession): void {
    const previous = this.#session;
    this.#session = session;
    this.#generation++;
    // What the last one was told may have been lost with it.
    this.heardQualities.clear();
    const now = this.#context.clock();
    this.#signalLostAt = null;
    this.#lastSignalAt = now;
    this.#sessionSince = now;
    previous?.close(1000, 'resumed elsewhere');
  }

  /** The join response went out. */
  markJoined(): void {
    if (this.#stage === 'joining') this.#stage = 'joined';
    this.#maybeActive();
  }

  owns(session: SignalSession): boolean {
    return this.#session === session;
  }

  heard(now: number): void {
    this.#lastSignalAt = now;
  }

  signalClosed(session: SignalSession): void {
    if (this.#session !== session) return;
    this.#session = null;
    this.#signalLostAt = this.#context.clock();
  }

  /** Closes the WebSocket from our side; the participant stays. */
  dropSignal(lostAt = this.#context.clock()): void {
    const session = this.#session;
    this.#session = null;
    this.#signalLostAt = lostAt;
    session?.close(1000, '');
  }

  send(message: ResponseMessage): void {
    this.#session?.send(message);
  }

  sendFrame(frame: Uint8Array): void {
    this.#session?.sendFrame(frame);
  }

  sendLeave(reason: DisconnectReason, action: LeaveRequest_Action): void {
    this.send({ case: 'leave', value: new LeaveRequest({ reason, action, canReconnect: action !== 0 }) });
  }

  // --- descriptions ---

  acceptOffer(offer: SessionDescriptionProto): void {
    const connection = this.#links.upstream;
    if (!connection) return;
    const answer = connection.acceptOffer(offer.sdp, offer.id);
    this.send({ case: 'answer', value: toProto(answer) });
    this.subscriptions.afterNegotiation();
  }

  acceptAnswer(answer: SessionDescriptionProto): void {
    const connection = this.#links.downstream;
    if (connection?.role !== 'subscriber') return;
    connection.acceptAnswer(answer.sdp, answer.id);
    this.subscriptions.afterNegotiation();
  }

  /** Two-connection form: the server's offer; after a resume with an ICE restart. */
  offer(iceRestart: boolean): void {
    const connection = this.#links.downstream;
    if (connection?.role !== 'subscriber') return;
    const offer = connection.createOffer({ iceRestart });
    if (offer) this.send({ case: 'offer', value: toProto(offer) });
  }

  /** LiveKit's `subscribedQualityUpdate`: every layer stays on until layers are switched by demand. */
  requestAllLayers(track: PublishedTrack): void {
    const value = layerQualities(track.info);
    if (value) this.send({ case: 'subscribedQualityUpdate', value });
  }

  // --- end ---

  /** Ends everything of the participant. The room has already forgotten it. */
  close(reason: DisconnectReason): void {
    if (this.#stage === 'gone') return;
    this.#stage = 'gone';
    this.#disconnectReason = reason;
    this.publications.closeAll();
    this.subscriptions.closeAll();
    this.#links.close();
    const session = this.#session;
    this.#session = null;
    session?.close(1000, '');
  }

  #onLinkState(role: ConnectionRole, state: PeerState): void {
    const media = this.#links.mediaState;
    if (media === 'connected') this.#mediaLostAt = null;
    else if (media !== 'new' && media !== 'checking') {
      // Not heard since before the transport noticed.
      const silent = media === 'disconnected' ? this.#context.config.rtc.disconnectedAfterMs : 0;
      this.#mediaLostAt ??= this.#context.clock() - silent;
    }
    if (state === 'connected' && role === this.#primaryRole()) this.#maybeActive();
  }

  #primaryRole(): ConnectionRole {
    if (this.#links.single) return 'single';
    return this.subscriberPrimary ? 'subscriber' : 'publisher';
  }

  #maybeActive(): void {
    if (this.#stage !== 'joined' || this.#links.state(this.#primaryRole()) !== 'connected') return;
    this.#stage = 'active';
    this.activeOnce = true;
    this.#host.onActive(this);
  }

  #onNegotiationNeeded(role: ConnectionRole, needed: { readonly audios: number; readonly videos: number }): void {
    if (this.#stage === 'gone') return;
    if (role === 'subscriber') {
      this.offer(false);
    } else {
      this.send({
        case: 'mediaSectionsRequirement',
        value: new MediaSectionsRequirement({ numAudios: needed.audios, numVideos: needed.videos }),
      });
    }
  }
}

const PROTO_STATE: Readonly<Record<Stage, ParticipantInfo_State>> = {
  joining: ParticipantInfo_State.JOINING,
  joined: ParticipantInfo_State.JOINED,
  active: ParticipantInfo_State.ACTIVE,
  gone: ParticipantInfo_State.DISCONNECTED,
};

function toProto(description: SessionDescription): SessionDescriptionProto {
  return new SessionDescriptionProto({
    type: description.type,
    sdp: description.sdp,
    id: description.id,
    midToTrackId: { ...description.midToTrackId },
  });
}
