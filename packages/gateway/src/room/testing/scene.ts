/** A room with phones on a fake media service, a fake host and a clock that is moved by hand. */
import { PHONE_CODES, type PhoneEvent, type PhoneRequest, phoneEventSchema } from '@lianmai/protocol';
import { deriveStreamKey, readStreamTicket } from '@lianmai/tickets';
import pino from 'pino';
import { phoneLimitsSchema } from '../../config.ts';
import type { Guest } from '../../doors/gate.ts';
import type { Egress } from '../../egress/types.ts';
import { createUnitReader } from '../../flv/unit-reader.ts';
import type { GatewayHost, PhoneAction } from '../../host.ts';
import type { Ingress, IngressOptions } from '../../ingress/types.ts';
import type { RemoteTrack } from '../../link/types.ts';
import { PhonePublish } from '../../phones/publish.ts';
import type { Publishing, PublishSink } from '../../rtmp/types.ts';
import type {
  BroadcastTap,
  MediaUnit,
  TappableBroadcast,
  Tracks,
  UnitSink,
  ViewEnd,
  Viewer,
  ViewerSocket,
} from '../../stream/types.ts';
import { createUnitGroup } from '../../stream/unit-group.ts';
import type { PhoneSignalConnection } from '../../types.ts';
import { GatewayRoom } from '../room.ts';
import { FakeLink, type FakeToken } from './fake-link.ts';

export const ROOM_ID = '77';
export const KEY = deriveStreamKey('0123456789012345678901234567890123456789');
const BASES = { rtmp: 'rtmp://media.example', http: 'https://media.example' };

/** Keeps the units instead of muxing them. */
export class FakeBroadcast implements TappableBroadcast {
  readonly tracks: Tracks;
  readonly units: MediaUnit[] = [];
  readonly sockets = new Set<ViewerSocket>();

  constructor(tracks: Tracks) {
    this.tracks = tracks;
  }

  get viewers(): number {
    return this.sockets.size;
  }

  addViewer(_format: 'flv' | 'rtmp', socket: ViewerSocket): Viewer {
    this.sockets.add(socket);
    return {
      leave: () => void this.sockets.delete(socket),
      end: (reason) => {
        if (this.sockets.delete(socket)) socket.end(reason);
      },
    };
  }

  group(): readonly never[] {
    return [];
  }

  tap(): BroadcastTap {
    return { requestKeyframe: () => {}, stop: () => {} };
  }

  write(unit: MediaUnit): void {
    this.units.push(unit);
  }

  close(reason: ViewEnd): void {
    for (const socket of [...this.sockets]) {
      this.sockets.delete(socket);
      socket.end(reason);
    }
  }
}

export interface FakeIngress extends Ingress {
  readonly options: Pick<IngressOptions, 'session' | 'group' | 'onTrouble' | 'onMutedByServer'>;
  readonly units: MediaUnit[];
  readonly muted: { audio: boolean; video: boolean };
  closed: boolean;
}

export interface FakeEgress extends Egress {
  readonly sink: UnitSink;
  readonly beginMs: number;
  readonly tracks: Map<string, RemoteTrack>;
  readonly trouble: (kind: 'no-video-codec' | 'no-audio-codec') => void;
  keyframes: number;
  closed: boolean;
}

/** One phone's signalling as it sees it. */
export interface FakePhone {
  readonly events: PhoneEvent[];
  readonly connection: PhoneSignalConnection;
  closed: { code: number; reason: string } | null;
  send(request: PhoneRequest): void;
  last<T extends PhoneEvent['type']>(type: T): Extract<PhoneEvent, { type: T }>;
  of<T extends PhoneEvent['type']>(type: T): Extract<PhoneEvent, { type: T }>[];
}

export class Scene {
  now = 0;
  wall = 1_800_000_000_000;
  readonly link = new FakeLink();
  readonly actions: { userId: string; action: PhoneAction }[] = [];
  readonly broadcasts: FakeBroadcast[] = [];
  readonly ingresses: FakeIngress[] = [];
  readonly egresses: FakeEgress[] = [];
  codecsUnavailable: string | null = null;
  full = false;
  /** A track that no session takes. */
  unsubscribable: string | null = null;
  empty = false;
  readonly room: GatewayRoom;

  constructor() {
    const log = pino({ level: 'silent' });
    const clock = () => this.now;
    const host: GatewayHost = {
      admit: async () => ({ kind: 'admitted', userName: '', ownerId: 'owner', privileges: 255 }),
      mediaToken: async ({ user }) => {
        const token: FakeToken =
          user === null
            ? { identity: '~watcher', name: '', hidden: true }
            : { identity: user.userId, name: user.userName, hidden: false };
        return JSON.stringify(token);
      },
      act: async ({ userId, action }) => {
        this.actions.push({ userId, action });
        return userId === 'owner' || action.kind === 'leave' ? 'ok' : 'notOwner';
      },
    };
    this.room = new GatewayRoom({
      sdkAppId: 1_400_000_000,
      roomId: ROOM_ID,
      ticketKey: KEY,
      ticketSeconds: 600,
      limits: phoneLimitsSchema.parse({}),
      host,
      link: this.link,
      mayAdd: () => !this.full,
      codecsUnavailable: () => this.codecsUnavailable,
      createBroadcast: (tracks) => {
        const broadcast = new FakeBroadcast(tracks);
        this.broadcasts.push(broadcast);
        return broadcast;
      },
      createEgress: ({ sink, beginMs, onTrouble }) =>
        this.#egress(sink, beginMs ?? 0, (kind) => onTrouble({ kind, detail: 'by the test' })),
      createPublish: (parts) =>
        new PhonePublish({
          ...parts,
          reader: createUnitReader(),
          group: createUnitGroup(1_000_000),
          createIngress: (options) => this.#ingress(options),
          clock,
          log,
        }),
      clock,
      wallClock: () => this.wall,
      log,
      onEmpty: () => {
        this.empty = true;
      },
    });
  }

  guest(userId: string, privileges = 255): Guest {
    return {
      ticket: {
        direction: 'signal',
        sdkAppId: 1_400_000_000,
        roomId: ROOM_ID,
        userId,
        viewerId: userId,
        privileges,
        streamType: 'main',
        tracks: { video: true, audio: true },
        expiresAt: this.wall / 1000 + 600,
      },
      roomId: ROOM_ID,
      userId,
      userName: `name of ${userId}`,
      ownerId: 'owner',
      privileges,
    };
  }

  /** A phone opens its signalling; every frame is checked against the protocol's table. */
  phone(userId: string, privileges = 255): FakePhone {
    const connection = this.room.openSignal(this.guest(userId, privileges), BASES);
    if (connection === null) throw new Error('the room is full of phones');
    const events: PhoneEvent[] = [];
    const phone: FakePhone = {
      events,
      connection,
      closed: null,
      send: (request) => connection.receive(JSON.stringify(request)),
      of: <T extends PhoneEvent['type']>(type: T) =>
        events.filter((event): event is Extract<PhoneEvent, { type: T }> => event.type === type),
      last(type) {
        const found = this.of(type).at(-1);
        if (found === undefined) throw new Error(`no ${type} among ${events.map((event) => event.type).join(', ')}`);
        return found;
      },
    };
    connection.onFrame((frame) => events.push(phoneEventSchema.parse(JSON.parse(frame))));
    connection.onClose((code, reason) => {
      phone.closed = { code, reason };
    });
    return phone;
  }

  /** A phone pushes; answers the sink that RTMP writes to, and how the push was ended. */
  push(userId: string, privileges = 255): { sink: PublishSink; ended: string[] } {
    const admission = this.room.openPush(this.guest(userId, privileges));
    if (admission?.kind !== 'accepted') throw new Error('the push was refused');
    const ended: string[] = [];
    const publishing: Publishing = {
      remoteAddress: '127.0.0.1',
      end: (_code, description) => void ended.push(description),
    };
    admission.started(publishing);
    return { sink: admission.sink, ended };
  }

  /** Plays a URL of a roster, as the door does after the ticket was found good. */
  play(url: string, privileges = 255): { ends: ViewEnd[]; refused: string | null; viewer: Viewer | null } {
    const read = readStreamTicket(KEY, url.slice(url.indexOf('?') + 1));
    if (!read.ok) throw new Error(`not a play URL: ${url}`);
    const { ticket } = read;
    const opened = this.room.openView({ ...this.guest(ticket.viewerId, privileges), ticket });
    const ends: ViewEnd[] = [];
    if (typeof opened === 'string') return { ends, refused: PHONE_CODES[opened].message, viewer: null };
    const socket: ViewerSocket = { write: () => {}, backlogBytes: () => 0, end: (reason) => void ends.push(reason) };
    return { ends, refused: null, viewer: opened.attach('flv', socket) };
  }

  /** Lets what waits in microtasks happen. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.now += 100;
      this.wall += 100;
      this.room.tickMedia();
      this.room.tick();
    }
    await this.settle();
  }

  #ingress(options: FakeIngress['options']): FakeIngress {
    const units: MediaUnit[] = [];
    const muted = { audio: false, video: false };
    const ingress: FakeIngress = {
      options,
      units,
      muted,
      closed: false,
      write: (unit) => void units.push(unit),
      setMuted: (kind, on) => {
        muted[kind] = on;
      },
      tick: () => {},
      close: () => {
        ingress.closed = true;
      },
    };
    this.ingresses.push(ingress);
    return ingress;
  }

  #egress(sink: UnitSink, beginMs: number, trouble: FakeEgress['trouble']): FakeEgress {
    const tracks = new Map<string, RemoteTrack>();
    const egress: FakeEgress = {
      sink,
      beginMs,
      tracks,
      trouble,
      keyframes: 0,
      closed: false,
      add: (one) => {
        if (this.unsubscribable === one.sid) throw new Error('the session has ended');
        tracks.set(one.sid, one);
      },
      update: (one) => void tracks.set(one.sid, one),
      remove: (sid) => void tracks.delete(sid),
      requestKeyframe: () => {
        egress.keyframes++;
      },
      resumed: () => {},
      tick: () => {},
      close: () => {
        egress.closed = true;
      },
    };
    this.egresses.push(egress);
    return egress;
  }
}
