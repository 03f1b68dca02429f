/** All rooms of an engine: admission, resumes, and the periodic work. */
import {
  ClientConfiguration,
  DisconnectReason,
  ICEServer,
  JoinResponse,
  LeaveRequest,
  LeaveRequest_Action,
  ParticipantUpdate,
  ReconnectResponse,
  type Room as RoomInfo,
  RoomUpdate,
  ServerInfo,
  ServerInfo_Edition,
  SpeakersChanged,
} from '@livekit/protocol';
import type { SignalSession } from '../signal/session.ts';
import { newSid } from '../signal/sid.ts';
import type { RoomSettings } from '../signal/token.ts';
import type { EngineContext } from './context.ts';
import type { Participant, ParticipantInit } from './participant.ts';
import { judgePresence, type PresenceLimits } from './presence.ts';
import { announceQuality } from './quality-round.ts';
import { Room, type RoomOptions } from './room.ts';

/** Shown to clients, which decide by it what they may ask for. Not empty, or they give up. */
export const SERVER_VERSION = '1.13.5';
/** LiveKit's protocol level. */
export const PROTOCOL_LEVEL = 17;

export type RoomLookup = { readonly ok: true; readonly room: Room } | { readonly ok: false; readonly reason: string };

export class RoomManager {
  readonly #context: EngineContext;
  readonly #rooms = new Map<string, Room>();
  readonly #nodeId = newSid('ND');
  readonly #presence: PresenceLimits;
  #nextSpeakers = 0;
  #nextQuality = 0;
  #nextInfo = 0;
  /** Participants whose next resume is to be broken, for clients' own tests. */
  readonly #simulated = new Map<Participant, { until: number; times: number; silent: boolean }>();

  constructor(context: EngineContext) {
    this.#context = context;
    const { config } = context;
    this.#presence = {
      resumeWindowMs: config.participant.resumeWindowMs,
      signalLostLimitMs: config.participant.signalLostLimitMs,
      connectTimeoutMs: config.participant.connectTimeoutMs,
      closedGraceMs: config.participant.closedGraceMs,
      silenceMs: config.signal.silenceSeconds * 1000,
      mediaRepairMs: config.rtc.failedAfterMs,
    };
  }

  get rooms(): IterableIterator<Room> {
    return this.#rooms.values();
  }

  get participantCount(): number {
    let count = 0;
    for (const room of this.#rooms.values()) count += room.size;
    return count;
  }

  get(name: string): Room | undefined {
    return this.#rooms.get(name);
  }

  /** The room, made if it is absent and that is allowed. */
  findOrCreate(name: string, mayCreate: boolean, settings: RoomSettings | null): RoomLookup {
    const present = this.#rooms.get(name);
    if (present) return { ok: true, room: present };
    if (!mayCreate) return { ok: false, reason: 'requested room does not exist' };
    if (this.#rooms.size >= this.#context.config.limits.rooms) return { ok: false, reason: 'too many rooms' };
    const defaults = this.#context.config.room;
    const options: RoomOptions = {
      name,
      emptyTimeout: settings?.emptyTimeout || defaults.emptyTimeoutSeconds,
      departureTimeout: settings?.departureTimeout || defaults.departureTimeoutSeconds,
      maxParticipants: settings?.maxParticipants || defaults.maxParticipants,
      metadata: settings?.metadata ?? '',
    };
    const room = new Room(this.#context, options);
    this.#rooms.set(name, room);
    this.#context.emit({ event: 'room_started', room: room.info() });
    return { ok: true, room };
  }

  deleteRoom(name: string): boolean {
    const room = this.#rooms.get(name);
    if (!room) return false;
    this.#rooms.delete(name);
    room.close({ reason: DisconnectReason.ROOM_DELETED, leave: LeaveRequest_Action.DISCONNECT });
    return true;
  }

  /** A new participant on a fresh session: `join` is its first message. */
  join(room: Room, init: ParticipantInit, session: SignalSession): Participant {
    const participant = room.admit(init);
    participant.attach(session);
    const { config } = this.#context;
    participant.send({
      case: 'join',
      value: new JoinResponse({
        room: room.info(),
        participant: participant.info(),
        otherParticipants: room.othersOf(participant),
        serverVersion: SERVER_VERSION,
        serverRegion: config.region,
        iceServers: this.#iceServers(),
        subscriberPrimary: participant.subscriberPrimary,
        clientConfiguration: new ClientConfiguration(),
        pingInterval: config.signal.pingIntervalSeconds,
        pingTimeout: config.signal.pingTimeoutSeconds,
        serverInfo: this.#serverInfo(),
        enabledPublishCodecs: room.publishCodecs(),
        fastPublish: participant.permission.canPublish,
      }),
    });
    room.joined(participant);
    this.#refresh(room, participant);
    return participant;
  }

  /** A present participant on a new session: `reconnect` is its first message. */
  resume(room: Room, participant: Participant, session: SignalSession): void {
    const lostAt = participant.presence.signalLostAt ?? this.#context.clock();
    participant.attach(session);
    const broken = this.#simulated.get(participant);
    const breaks = broken !== undefined && this.#context.clock() < broken.until;
    if (breaks && broken.silent) {
      if (--broken.times <= 0) this.#simulated.delete(participant);
      participant.dropSignal();
      return;
    }
    participant.send({
      case: 'reconnect',
      value: new ReconnectResponse({
        iceServers: this.#iceServers(),
        clientConfiguration: new ClientConfiguration(),
        serverInfo: this.#serverInfo(),
        lastMessageSeq: participant.inbox.lastSequence,
      }),
    });
    // The departed first: one of them may be back under the same identity with a new SID.
    const others = room.othersOf(participant);
    const participants = [...room.departedSince(lostAt - 1_000), participant.info(), ...others];
    participant.send({ case: 'update', value: new ParticipantUpdate({ participants }) });
    participant.send({ case: 'roomUpdate', value: new RoomUpdate({ room: room.info() }) });
    // Of those who fell silent meanwhile, too.
    room.tellSpeakers(participant, [participant.sid, ...others.map(({ sid }) => sid)]);
    this.#refresh(room, participant);
    participant.offer(true);
    if (breaks) {
      this.#simulated.delete(participant);
      participant.dropSignal();
    }
  }

  /** `disconnect_signal_on_resume`: the next resume (the next three, when silent) loses its signal again. */
  simulateBrokenResume(participant: Participant, silent: boolean): void {
    this.#simulated.set(participant, { until: this.#context.clock() + 10_000, times: silent ? 3 : 1, silent });
  }

  /** Tells a session that there is nothing to resume, or no seat; it stays no participant. */
  turnAway(session: SignalSession, reason: DisconnectReason, action: LeaveRequest_Action): void {
    session.send({ case: 'leave', value: new LeaveRequest({ reason, action, canReconnect: action !== 0 }) });
    session.close(1000, '');
  }

  /** Claims changed: a fresh token goes out with the next tick, however often they change until then. */
  refreshSoon(participant: Participant): void {
    participant.nextRefreshAt = this.#context.clock();
  }

  /** Sends a fresh token, after asking the admission hook again. */
  #refresh(room: Room, participant: Participant): void {
    this.#issueToken(room, participant).catch((error: unknown) => {
      this.#context.log.error({ err: error, participant: participant.sid }, 'a token could not be issued');
    });
  }

  async #issueToken(room: Room, participant: Participant): Promise<void> {
    const { config, clock, isRevoked, tokens } = this.#context;
    participant.nextRefreshAt = clock() + config.signal.tokenRefreshMs;
    if (isRevoked(room.name, participant.identity)) {
      room.remove(participant, {
        reason: DisconnectReason.PARTICIPANT_REMOVED,
        leave: LeaveRequest_Action.DISCONNECT,
      });
      return;
    }
    const remaining = participant.init.tokenExpiresAt - Math.floor(this.#context.wallClock() / 1000);
    const token = await tokens.issue(
      {
        ...participant.init.grants,
        identity: participant.identity,
        name: participant.name,
        kind: participant.init.kind,
        metadata: participant.metadata,
        attributes: participant.attributes,
        room: room.name,
        permission: participant.permission,
      },
      Math.max(remaining, config.signal.tokenLifetimeSeconds),
    );
    if (!participant.gone) participant.send({ case: 'refreshToken', value: token });
  }

  /** Periodic work; call about every 200 ms. */
  tick(now: number): void {
    const { config } = this.#context;
    const speakers = now >= this.#nextSpeakers;
    const quality = now >= this.#nextQuality;
    const info = now >= this.#nextInfo;
    if (speakers) this.#nextSpeakers = now + config.audio.intervalMs;
    if (quality) this.#nextQuality = now + config.quality.intervalMs;
    if (info) this.#nextInfo = now + 1_000;
    for (const room of [...this.#rooms.values()]) {
      for (const participant of [...room.participants]) this.#watch(room, participant, now);
      room.tick();
      if (speakers) announceSpeakers(room);
      if (quality) announceQuality(room, now);
      if (info) room.flushInfo();
      if (room.isIdle(now)) {
        this.#rooms.delete(room.name);
        room.close({ reason: DisconnectReason.ROOM_CLOSED, leave: null });
      }
    }
    for (const [participant, entry] of this.#simulated) {
      if (participant.gone || now >= entry.until) this.#simulated.delete(participant);
    }
  }

  /** Graceful stop: everybody is asked to come back. */
  stop(): void {
    for (const room of this.#rooms.values()) {
      room.close({ reason: DisconnectReason.SERVER_SHUTDOWN, leave: LeaveRequest_Action.RECONNECT });
    }
    this.#rooms.clear();
  }

  #watch(room: Room, participant: Participant, now: number): void {
    if (now >= participant.nextRefreshAt) this.#refresh(room, participant);
    if (participant.gone) return;
    const verdict = judgePresence(participant.presence, now, this.#presence);
    switch (verdict.kind) {
      case 'keep':
        return;
      case 'drop-signal':
        participant.dropSignal(participant.presence.lastSignalAt);
        return;
      case 'ask-resume':
        participant.sendLeave(DisconnectReason.UNKNOWN_REASON, LeaveRequest_Action.RESUME);
        // A client whose network is gone never reads this; what counts is when it was last heard.
        participant.dropSignal(participant.presence.lastSignalAt);
        return;
      case 'gone': {
        const leave = participant.signalAlive ? LeaveRequest_Action.DISCONNECT : null;
        room.remove(participant, { reason: REASONS[verdict.reason], leave });
      }
    }
  }

  #iceServers(): ICEServer[] {
    return this.#context.config.signal.iceServers.map((server) => new ICEServer(server));
  }

  #serverInfo(): ServerInfo {
    return new ServerInfo({
      edition: ServerInfo_Edition.Standard,
      version: SERVER_VERSION,
      protocol: PROTOCOL_LEVEL,
      region: this.#context.config.region,
      nodeId: this.#nodeId,
    });
  }

  infos(names: readonly string[]): RoomInfo[] {
    const rooms = [...this.#rooms.values()];
    const wanted = names.length === 0 ? rooms : rooms.filter((room) => names.includes(room.name));
    return wanted.map((room) => room.info());
  }
}

const REASONS = {
  'signal-closed': DisconnectReason.SIGNAL_CLOSE,
  'media-failed': DisconnectReason.CONNECTION_TIMEOUT,
  'never-connected': DisconnectReason.JOIN_FAILURE,
} as const;

function announceSpeakers(room: Room): void {
  const levels = new Map<string, number>();
  for (const participant of room.participants) {
    let loudest = 0;
    for (const track of participant.publications.tracks) {
      if (track.section.kind !== 'audio') continue;
      const level = track.section.uplink.takeAudioLevel();
      if (!track.info.muted) loudest = Math.max(loudest, level);
    }
    participant.speaker.update(loudest);
    if (!participant.permission.hidden) levels.set(participant.sid, participant.speaker.level);
  }
  const speakers = room.speakers.changes(levels);
  if (speakers.length === 0) return;
  const gone = (sid: string) => !levels.has(sid);
  const heard = speakers.filter((speaker) => !gone(speaker.sid));
  if (heard.length > 0) room.sendToAll({ case: 'speakersChanged', value: new SpeakersChanged({ speakers: heard }) });
}
