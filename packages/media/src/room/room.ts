/** One room: who is in it, what they publish, and what each is told. */

import { CLIENT_ATTRIBUTE, DENY_ATTRIBUTE, PHONE_CLIENT } from '@lianmai/protocol';
import {
  Codec,
  type DataPacket,
  DataPacket_Kind,
  DisconnectReason,
  LeaveRequest_Action,
  ParticipantInfo,
  ParticipantUpdate,
  Room as RoomInfo,
  RoomUpdate,
  SpeakersChanged,
  TrackSubscribed,
  TrackUnpublishedResponse,
} from '@livekit/protocol';
import { isDenied } from '../signal/permission.ts';
import { encodeResponse, type ResponseMessage } from '../signal/session.ts';
import { newSid } from '../signal/sid.ts';
import type { EngineContext } from './context.ts';
import { NonceMemory, ReplayBuffer, type UserDataKind } from './data.ts';
import { Participant, type ParticipantHost, type ParticipantInit } from './participant.ts';
import { SpeakerBoard } from './speakers.ts';
import type { PublishedTrack } from './track.ts';

export interface RoomOptions {
  readonly name: string;
  readonly emptyTimeout: number;
  readonly departureTimeout: number;
  /** 0 = no limit of its own. */
  readonly maxParticipants: number;
  readonly metadata: string;
}

/** How a participant leaves. */
export interface Departure {
  readonly reason: DisconnectReason;
  /** What the participant itself is told; null = nothing (it left, or is to come back by itself). */
  readonly leave: LeaveRequest_Action | null;
}

/** Participants who left lately are told to those who resume. */
const REMEMBERED_DEPARTURES = 256;

export class Room implements ParticipantHost {
  readonly sid = newSid('RM');
  readonly name: string;
  readonly speakers = new SpeakerBoard();
  readonly #context: EngineContext;
  readonly #options: RoomOptions;
  readonly #createdAt: number;
  readonly #createdAtWall: number;
  readonly #participants = new Map<string, Participant>();
  readonly #tracks = new Map<string, PublishedTrack>();
  readonly #replay: ReplayBuffer;
  readonly #nonces = new NonceMemory();
  /** Participants whose change is not announced yet; true = to themselves, too. */
  readonly #waiting = new Map<Participant, boolean>();
  readonly #departed: { readonly at: number; readonly info: ParticipantInfo }[] = [];
  #metadata: string;
  #everJoined = false;
  #emptySince: number;
  #infoDirty = false;
  #closed = false;

  constructor(context: EngineContext, options: RoomOptions) {
    this.#context = context;
    this.#options = options;
    this.name = options.name;
    this.#metadata = options.metadata;
    this.#createdAt = context.clock();
    this.#emptySince = this.#createdAt;
    this.#createdAtWall = context.wallClock();
    this.#replay = new ReplayBuffer(context.config.data.replayMs, context.config.limits.replayBytes);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get size(): number {
    return this.#participants.size;
  }

  get participants(): IterableIterator<Participant> {
    return this.#participants.values();
  }

  get(identity: string): Participant | undefined {
    return this.#participants.get(identity);
  }

  /** As LiveKit counts: hidden participants too, since they take seats; not agents, recorders and egresses. */
  info(): RoomInfo {
    let people = 0;
    let publishers = 0;
    let recording = false;
    for (const participant of this.#participants.values()) {
      if (participant.permission.recorder) recording = true;
      if (!participant.dependent) people++;
      if (participant.isPublisher) publishers++;
    }
    return new RoomInfo({
      sid: this.sid,
      name: this.name,
      emptyTimeout: this.#options.emptyTimeout,
      departureTimeout: this.#options.departureTimeout,
      maxParticipants: this.#options.maxParticipants,
      creationTime: BigInt(Math.floor(this.#createdAtWall / 1000)),
      creationTimeMs: BigInt(this.#createdAtWall),
      enabledCodecs: publishCodecs(this.#context.config.room.publishCodecs),
      metadata: this.#metadata,
      numParticipants: people,
      numPublishers: publishers,
      activeRecording: recording,
    });
  }

  /**
   * Mime types that tracks published from now on are to be in: those of phones, while one is here. Empty: as clients ask.
   */
  get publishFirst(): readonly string[] {
    const { phonePublishCodecs } = this.#context.config.room;
    if (phonePublishCodecs.length === 0) return phonePublishCodecs;
    for (const { attributes } of this.#participants.values()) {
      if (attributes[CLIENT_ATTRIBUTE] === PHONE_CLIENT) return phonePublishCodecs;
    }
    return [];
  }

  /** What a newcomer is told that it may publish. Where phones are, only what they can take, if the policy allows it. */
  publishCodecs(): Codec[] {
    const allowed = publishCodecs(this.#context.config.room.publishCodecs);
    const first = this.publishFirst;
    if (first.length === 0) return allowed;
    const preferred = publishCodecs(first).filter(({ mime }) => allowed.some((codec) => codec.mime === mime));
    // A kind that phones' codecs leave out, or the policy forbids in them, is as free as ever.
    const missing = allowed.filter(({ mime }) => !preferred.some((codec) => kindOf(codec) === kindOf({ mime })));
    return [...preferred, ...missing];
  }

  /** Whether one more may come in. The one it replaces (same identity) is not counted, nor, as in LiveKit, are dependent ones. */
  hasSeat(identity: string, dependent: boolean): boolean {
    const others = this.#participants.size - (this.#participants.has(identity) ? 1 : 0);
    if (others >= this.#context.config.limits.participantsPerRoom) return false;
    const own = this.#options.maxParticipants;
    if (own === 0 || dependent) return true;
    let seats = 0;
    for (const participant of this.#participants.values()) {
      if (participant.identity !== identity && !participant.dependent) seats++;
    }
    return seats < own;
  }

  // --- coming and going ---

  /** Takes a participant in. Throws when the transport has no room for its connections. */
  admit(init: ParticipantInit): Participant {
    // Made first: if there is no room for the newer one, the older one stays.
    const participant = new Participant(this.#context, this, init);
    const present = this.#participants.get(init.identity);
    if (present) {
      this.remove(present, {
        reason: DisconnectReason.DUPLICATE_IDENTITY,
        leave: LeaveRequest_Action.DISCONNECT,
      });
    }
    this.#participants.set(init.identity, participant);
    this.#everJoined = true;
    this.#infoDirty = true;
    return participant;
  }

  /** The join response went out: others hear of the newcomer, and it is subscribed to what is there. */
  joined(participant: Participant): void {
    participant.markJoined();
    if (!participant.active) this.announce(participant, false);
    for (const track of this.#tracks.values()) {
      if (track.publisher !== participant) participant.subscriptions.offer(track);
    }
  }

  remove(participant: Participant, departure: Departure): void {
    if (this.#participants.get(participant.identity) !== participant) return;
    this.#participants.delete(participant.identity);
    if (departure.leave !== null) participant.sendLeave(departure.reason, departure.leave);
    participant.close(departure.reason);
    participant.touch();
    const info = participant.info();
    this.#infoDirty = true;
    if (!participant.permission.hidden) {
      const { sid, identity, version, state, disconnectReason } = info;
      const brief = new ParticipantInfo({ sid, identity, version, state, disconnectReason });
      this.#departed.push({ at: this.#context.clock(), info: brief });
      if (this.#departed.length > REMEMBERED_DEPARTURES) this.#departed.shift();
      this.#broadcast({ case: 'update', value: new ParticipantUpdate({ participants: [info] }) }, null);
    }
    if (this.#participants.size === 0) this.#emptySince = this.#context.clock();
    this.#context.emit({
      event: participant.activeOnce ? 'participant_left' : 'participant_connection_aborted',
      room: this.info(),
      participant: info,
    });
  }

  /** Everybody out. */
  close(departure: Departure): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const participant of [...this.#participants.values()]) this.remove(participant, departure);
    this.#context.emit({ event: 'room_finished', room: this.info() });
  }

  /** Whether nobody has been here for the room's timeout. */
  isIdle(now: number): boolean {
    if (this.#participants.size > 0) return false;
    const timeout = this.#everJoined ? this.#options.departureTimeout : this.#options.emptyTimeout;
    return now - this.#emptySince >= timeout * 1000;
  }

  /** What a newcomer or a resumed participant sees of the others. */
  othersOf(viewer: Participant | null): ParticipantInfo[] {
    const infos: ParticipantInfo[] = [];
    for (const participant of this.#participants.values()) {
      if (participant === viewer || participant.permission.hidden) continue;
      infos.push(participant.info());
    }
    return infos;
  }

  /** Those who left since a time, for one whose signal was lost then. */
  departedSince(at: number): ParticipantInfo[] {
    return this.#departed.filter((entry) => entry.at >= at).map((entry) => entry.info);
  }

  /** Sends a participant's description to the others (and to itself when `self`). */
  announce(participant: Participant, self: boolean): void {
    participant.touch();
    const frame = encodeResponse({
      case: 'update',
      value: new ParticipantUpdate({ participants: [participant.info()] }),
    });
    if (self) participant.sendFrame(frame);
    if (participant.permission.hidden) return;
    for (const other of this.#participants.values()) {
      if (other !== participant && other.stage !== 'joining') other.sendFrame(frame);
    }
  }

  /**
   * As {@link announce}, but a participant that changes something all the time is told of at the next tick only: one
   * small message must not cost a room a large one each time.
   */
  announceSoon(participant: Participant, self: boolean): void {
    if (participant.takeAnnouncement()) {
      this.announce(participant, self);
      return;
    }
    this.#waiting.set(participant, self || (this.#waiting.get(participant) ?? false));
  }

  /** Periodic work: announcements that had to wait. */
  tick(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [participant, self] of waiting) if (!participant.gone) this.announce(participant, self);
  }

  setMetadata(metadata: string): void {
    this.#metadata = metadata;
    this.#infoDirty = true;
    this.flushInfo();
  }

  /** Sends the room's description if it changed since the last time. */
  flushInfo(): void {
    if (!this.#infoDirty) return;
    this.#infoDirty = false;
    this.#broadcast({ case: 'roomUpdate', value: new RoomUpdate({ room: this.info() }) }, null);
  }

  markChanged(): void {
    this.#infoDirty = true;
  }

  /** Who speaks is told on change only: this is for one who has not heard the changes so far. */
  tellSpeakers(participant: Participant, sids: Iterable<string>): void {
    const speakers = this.speakers.announced(sids);
    if (speakers.length > 0) participant.send({ case: 'speakersChanged', value: new SpeakersChanged({ speakers }) });
  }

  sendToAll(message: ResponseMessage): void {
    this.#broadcast(message, null);
  }

  // --- what participants tell ---

  onActive(participant: Participant): void {
    this.announce(participant, false);
    this.tellSpeakers(participant, this.speakers.speaking());
    this.#context.emit({ event: 'participant_joined', room: this.info(), participant: participant.info() });
  }

  onTrackPublished(track: PublishedTrack): void {
    this.#tracks.set(track.sid, track);
    this.#infoDirty = true;
    // The update goes out before any description that names the track: clients drop tracks they do not know.
    this.announce(track.publisher, false);
    track.publisher.requestAllLayers(track);
    for (const viewer of this.#participants.values()) {
      if (viewer !== track.publisher && viewer.stage !== 'joining') viewer.subscriptions.offer(track);
    }
    this.#context.emit({
      event: 'track_published',
      room: this.info(),
      participant: track.publisher.info(),
      track: track.info,
    });
  }

  onTrackUnpublished(track: PublishedTrack): void {
    this.#tracks.delete(track.sid);
    this.#infoDirty = true;
    for (const viewer of this.#participants.values()) viewer.subscriptions.withdraw(track);
    if (!track.publisher.gone) {
      track.publisher.send({
        case: 'trackUnpublished',
        value: new TrackUnpublishedResponse({ trackSid: track.sid }),
      });
      this.announce(track.publisher, false);
    }
    this.#context.emit({
      event: 'track_unpublished',
      room: this.info(),
      participant: track.publisher.info(),
      track: track.info,
    });
  }

  onTrackChanged(track: PublishedTrack): void {
    this.announceSoon(track.publisher, false);
  }

  onSubscribed(_viewer: Participant, track: PublishedTrack): void {
    if (track.subscribedOnce) return;
    track.subscribedOnce = true;
    track.publisher.send({ case: 'trackSubscribed', value: new TrackSubscribed({ trackSid: track.sid }) });
  }

  mayReceive(viewer: Participant, track: PublishedTrack): { readonly viewer: boolean; readonly publisher: boolean } {
    const rule = track.publisher.subscriptionRule;
    return {
      viewer:
        viewer.permission.canSubscribe &&
        !isDenied(viewer.attributes[DENY_ATTRIBUTE], track.info.source, track.info.type),
      // A recorder hears everybody, as in LiveKit.
      publisher: rule === null || viewer.permission.recorder || rule(viewer, track.sid),
    };
  }

  onData(from: Participant, kind: UserDataKind, bytes: Uint8Array): void {
    if (!from.permission.canPublishData) return;
    const sender = { sid: from.sid, identity: from.identity, hidden: from.permission.hidden };
    const packet = from.inbox.accept(kind, bytes, sender, this.#context.clock());
    if (packet) this.sendData(packet, from);
  }

  onBroken(participant: Participant, reason: DisconnectReason): void {
    this.remove(participant, { reason, leave: LeaveRequest_Action.RECONNECT });
  }

  /** Distributes a packet that is stamped already. `from` = null: the server API. */
  sendData(packet: DataPacket, from: Participant | null): void {
    const kind: UserDataKind = packet.kind === DataPacket_Kind.LOSSY ? 'lossy' : 'reliable';
    const to = new Set(packet.destinationIdentities);
    if (packet.value.case === 'user') {
      for (const sid of packet.value.value.destinationSids) to.add(sid);
      if (this.#nonces.isRepeated(packet.value.value.nonce)) return;
    }
    const bytes = packet.toBinary();
    if (from && kind === 'reliable') {
      this.#replay.add(from.sid, packet.sequence, bytes, to, this.#context.clock());
    }
    const behind: Participant[] = [];
    for (const receiver of this.#participants.values()) {
      if (receiver === from || receiver.stage === 'joining') continue;
      if (to.size > 0 && !to.has(receiver.identity) && !to.has(receiver.sid)) continue;
      // Whoever has lost its signal gets what it missed by the replay.
      if (!receiver.outbox.send(kind, bytes) && receiver.signalAlive) behind.push(receiver);
    }
    for (const receiver of behind) this.onBroken(receiver, DisconnectReason.UNKNOWN_REASON);
  }

  replayTo(receiver: Participant, lastSequences: ReadonlyMap<string, number>): void {
    for (const bytes of this.#replay.after(lastSequences, receiver, this.#context.clock())) {
      receiver.outbox.send('reliable', bytes);
    }
  }

  /** A publisher changed who may receive its tracks. */
  reconcilePublisher(publisher: Participant): void {
    for (const track of publisher.publications.tracks) {
      for (const viewer of this.#participants.values()) viewer.subscriptions.reconcileTrack(track);
    }
  }

  #broadcast(message: ResponseMessage, except: Participant | null): void {
    const frame = encodeResponse(message);
    for (const participant of this.#participants.values()) {
      if (participant !== except && participant.stage !== 'joining') participant.sendFrame(frame);
    }
  }
}

const ALL_CODECS = ['audio/opus', 'video/VP8', 'video/H264', 'video/VP9', 'video/AV1', 'video/H265'];

function kindOf(codec: { readonly mime: string }): string {
  return codec.mime.split('/', 1)[0] ?? '';
}

/** What clients may publish, in LiveKit's spelling; with a video codec always comes its retransmission. */
export function publishCodecs(allowed: readonly string[]): Codec[] {
  const named = new Set(allowed.map((mime) => mime.toLowerCase()));
  const mimes = allowed.length === 0 ? ALL_CODECS : ALL_CODECS.filter((mime) => named.has(mime.toLowerCase()));
  // The configured order says what is preferred.
  if (allowed.length > 0) {
    const order = allowed.map((mime) => mime.toLowerCase());
    mimes.sort((a, b) => order.indexOf(a.toLowerCase()) - order.indexOf(b.toLowerCase()));
  }
  return mimes.map((mime) => new Codec({ mime }));
}
