/** The gateway in one thread: doors, rooms, codecs and the link put together. */
import { setTimeout as delay } from 'node:timers/promises';
import { type PhoneCodeName, STREAM_APP } from '@lianmai/protocol';
import { deriveStreamKey } from '@lianmai/tickets';
import pino from 'pino';
import { createCaptures } from './capture/captures.ts';
import { createCodecPool } from './codec/pool.ts';
import { type GatewayConfigInput, gatewayConfigSchema } from './config.ts';
import { Gate, type GateAnswer } from './doors/gate.ts';
import { httpRefusal, rtmpRefusal } from './doors/refusal.ts';
import { createEgress } from './egress/egress.ts';
import { createUnitReader } from './flv/unit-reader.ts';
import type { GatewayHost, RoomNotice } from './host.ts';
import { createIngress } from './ingress/ingress.ts';
import type { Link } from './link/types.ts';
import { PhonePublish } from './phones/publish.ts';
import { GatewayRoom, mayPush, type View } from './room/room.ts';
import { createRtmpServer } from './rtmp/server.ts';
import type { PlayAdmission, PublishAdmission, RtmpDoors, RtmpTarget } from './rtmp/types.ts';
import { createBroadcast } from './stream/broadcast.ts';
import { createUnitGroup } from './stream/unit-group.ts';
import type {
  DoorRefusal,
  FlvAdmission,
  FlvRequest,
  Gateway,
  PhoneSignalAdmission,
  PhoneSignalRequest,
} from './types.ts';

/** Silence, reorder windows and stamps of what phones play. */
const MEDIA_TICK_MS = 10;
/** Reports, watchdogs, renewals. */
const TICK_MS = 100;

export interface GatewayParts {
  readonly host: GatewayHost;
  readonly link: Link;
}

/** A gateway in this thread: its streams can also be served in another one. */
export interface LocalGateway extends Gateway {
  openView(request: FlvRequest): Promise<DoorRefusal | View>;
}

/** Starts a gateway in this thread. Rejects when the RTMP port cannot be bound or a setting is wrong. */
export async function createGateway(input: GatewayConfigInput, { host, link }: GatewayParts): Promise<LocalGateway> {
  const config = gatewayConfigSchema.parse(input);
  const log = pino({ name: 'gateway', level: config.logLevel });
  const clock = () => performance.now();
  const wallClock = () => Date.now();
  const key = deriveStreamKey(config.ticketKey);
  const gate = new Gate({
    sdkAppId: config.sdkAppId,
    key,
    host,
    wallClock,
    patienceMs: config.hostTimeoutMs,
    onFailure: (err) => log.error({ err }, 'the server did not say whether a phone may come in'),
  });
  const codecs = await createCodecPool({ limits: config.codecs, log });
  if (codecs.unavailable !== null) log.warn(codecs.unavailable);
  const rooms = new Map<string, GatewayRoom>();
  let stopping: Promise<void> | null = null;

  function makeRoom(roomId: string): GatewayRoom {
    const room: GatewayRoom = new GatewayRoom({
      sdkAppId: config.sdkAppId,
      roomId,
      ticketKey: key,
      ticketSeconds: config.ticketSeconds,
      limits: config.phones,
      host,
      link,
      codecsUnavailable: () => codecs.unavailable,
      mayAdd: () => phones() < config.phones.maxPhones,
      createBroadcast: (tracks, onKeyframeNeeded) =>
        createBroadcast({ tracks, limits: config.broadcast, clock, onKeyframeNeeded }),
      createEgress: (options) => createEgress({ ...options, codecs, limits: config.egress, clock }),
      createPublish: (parts) =>
        new PhonePublish({
          ...parts,
          reader: createUnitReader({ maxFrameBytes: config.rtmp.limits.maxMessageBytes }),
          group: createUnitGroup(config.broadcast.maxGroupBytes),
          createIngress: (options) => createIngress({ ...options, codecs, limits: config.ingress, clock, wallClock }),
          clock,
          log,
        }),
      clock,
      wallClock,
      log: log.child({ room: roomId }),
      onEmpty: (one) => {
        if (rooms.get(roomId) === one) rooms.delete(roomId);
      },
    });
    rooms.set(roomId, room);
    return room;
  }

  function phones(): number {
    let count = 0;
    for (const room of rooms.values()) count += room.phones;
    return count;
  }

  /** The room of somebody who comes with a phone; null when the gateway has its most phones, or stops. */
  function roomFor(roomId: string): GatewayRoom | null {
    if (stopping !== null) return null;
    return rooms.get(roomId) ?? (phones() < config.phones.maxPhones ? makeRoom(roomId) : null);
  }

  function tellRefused(door: 'push' | 'play', { whom, code }: Extract<GateAnswer, { kind: 'refused' }>): void {
    if (whom !== null) rooms.get(whom.roomId)?.refused(whom.userId, door, code);
  }

  async function publish({ app, stream, query }: RtmpTarget): Promise<PublishAdmission> {
    const answer = await gate.stream('push', app, stream, query);
    if (answer.kind === 'refused') {
      tellRefused('push', answer);
      return { kind: 'refused', refusal: rtmpRefusal('push', answer.code) };
    }
    const { guest } = answer;
    const may = mayPush(guest);
    // Who may send nothing is refused by the room he is in; for him alone none is made: nobody would ever leave it.
    const room = may ? roomFor(guest.roomId) : rooms.get(guest.roomId);
    return room?.openPush(guest) ?? { kind: 'refused', refusal: rtmpRefusal('push', may ? 'busy' : 'notAllowed') };
  }

  async function view(app: string, stream: string, query: string): Promise<View | PhoneCodeName> {
    const answer = await gate.stream('play', app, stream, query);
    if (answer.kind === 'refused') {
      tellRefused('play', answer);
      return answer.code;
    }
    const { guest } = answer;
    const room = rooms.get(guest.roomId);
    const opened = room?.openView(guest) ?? 'streamNotFound';
    if (typeof opened === 'string') room?.refused(guest.userId, 'play', opened);
    return opened;
  }

  async function play({ app, stream, query }: RtmpTarget): Promise<PlayAdmission> {
    const opened = await view(app, stream, query);
    if (typeof opened === 'string') return { kind: 'refused', refusal: rtmpRefusal('play', opened) };
    return {
      kind: 'accepted',
      started: (playing) => {
        try {
          const viewer = opened.attach('rtmp', playing.socket);
          playing.onClosed(() => viewer.leave());
        } catch (error) {
          // Players try again and again by themselves.
          log.info({ err: error }, 'a player was not taken');
          playing.socket.end('source-ended');
        }
      },
    };
  }

  async function openView({ stream, ticket }: FlvRequest): Promise<DoorRefusal | View> {
    const opened = await view(STREAM_APP, stream, ticket);
    return typeof opened === 'string' ? httpRefusal(opened) : opened;
  }

  async function openFlv(request: FlvRequest): Promise<FlvAdmission> {
    const opened = await openView(request);
    if ('kind' in opened) return opened;
    return { kind: 'accepted', attach: (socket) => opened.attach('flv', socket) };
  }

  async function openSignal({ ticket, bases }: PhoneSignalRequest): Promise<PhoneSignalAdmission> {
    const answer = await gate.signal(ticket);
    if (answer.kind === 'refused') return httpRefusal(answer.code);
    const connection = roomFor(answer.guest.roomId)?.openSignal(answer.guest, bases) ?? null;
    return connection === null ? httpRefusal('busy') : { kind: 'accepted', connection };
  }

  const doors: RtmpDoors = { publish, play };
  const captures = createCaptures(clock);
  const rtmp = await createRtmpServer({
    port: config.rtmp.port,
    host: config.rtmp.host,
    limits: config.rtmp.limits,
    doors,
    observe: captures.observe,
    clock,
    onTrouble: (remoteAddress, sentence) => log.info({ remoteAddress }, sentence),
  }).catch(async (error: unknown) => {
    await codecs.close();
    throw error;
  });

  function notify(notice: RoomNotice): void {
    gate.notice(notice);
    try {
      rooms.get(notice.roomId)?.notice(notice);
    } catch (error) {
      log.error({ err: error, room: notice.roomId, notice: notice.kind }, 'a notice of a room failed');
    }
  }

  // A defect in periodic work of one room must not end the others: it is logged, and the next round comes.
  const each = (what: string, work: (room: GatewayRoom) => void) => () => {
    for (const room of [...rooms.values()]) {
      try {
        work(room);
      } catch (error) {
        log.error({ err: error, room: room.roomId }, `${what} failed`);
      }
    }
  };
  const mediaTimer = setInterval(
    each('media work', (room) => room.tickMedia()),
    MEDIA_TICK_MS,
  );
  const timer = setInterval(
    each('periodic work', (room) => room.tick()),
    TICK_MS,
  );

  async function stop(): Promise<void> {
    clearInterval(mediaTimer);
    clearInterval(timer);
    const all = [...rooms.values()];
    rooms.clear();
    await Promise.allSettled(all.map((room) => room.close()));
    await rtmp.close('shutdown');
    await Promise.allSettled([link.close(), codecs.close()]);
  }

  return {
    rtmpPort: rtmp.port,
    openSignal,
    openFlv,
    openView,
    startCapture: (request, listener) => captures.startCapture(request, (record) => listener.onRecord(record)),
    notify,
    stats: async () => {
      const all = [...rooms.values()];
      const sum = (of: (room: GatewayRoom) => number) => all.reduce((total, room) => total + of(room), 0);
      return {
        rooms: all.length,
        phones: phones(),
        publishes: sum((room) => room.pushes),
        viewers: sum((room) => room.views),
        bridges: codecs.jobs['h264-bridge'],
        codecs: codecs.unavailable,
      };
    },
    // A gateway in one's own thread dies with it.
    onRestart: () => {},
    stop: (deadlineMs) => {
      stopping ??= Promise.race([stop(), delay(deadlineMs, undefined, { ref: false })]);
      return stopping;
    },
  };
}
