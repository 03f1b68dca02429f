import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CODES, type CodeName, type PhoneEvent, type PhoneStream, type RoomInfo } from '@lianmai/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

const SELF = 'w_self';
const HOUR = 3_600_000;

export interface Asked {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A room as the functions answer it. */
export function roomOf(roomID: string, roomName: string, extra: Partial<RoomInfo> = {}): RoomInfo {
  return {
    roomID,
    roomName,
    creator: SELF,
    ownerID: SELF,
    memberCount: 1,
    capacity: 16,
    createTime: Date.now(),
    ...extra,
  };
}

/** Somebody else in the room. */
export function streamOf(userid: string, name: string, extra: Partial<PhoneStream> = {}): PhoneStream {
  const url = `rtmp://media.test/live/1_1_${userid}?t`;
  return {
    userid,
    name,
    playurl: url,
    flvurl: `http://media.test/live/1_1_${userid}.flv?t`,
    hasvideo: true,
    hasaudio: true,
    streamtype: 'main',
    ...extra,
  };
}

/** As much of a Lianmai server as the pages see: functions, roomsig and signalling, all from this memory. */
export class StandIn {
  rooms: RoomInfo[] = [];
  people: PhoneStream[] = [];
  chat: { id: string; userid: string; name: string; text: string; time: number }[] = [];
  ownerID = SELF;
  readonly asked: Asked[] = [];
  readonly heard: Record<string, unknown>[] = [];
  /** Functions (or `roomsig`) that refuse, and how. */
  readonly refusals = new Map<string, CodeName>();
  /** Roomsig refuses with this code. */
  roomsigCode = 0;
  readonly sockets = new Set<WebSocket>();
  readonly #server: Server;
  #version = 1;
  #codes = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<StandIn> {
    const server = createServer();
    const standIn = new StandIn(server);
    server.on('request', (request, response) => {
      void read(request).then((body) => {
        const { status, json } = standIn.#answer(request.url ?? '/', body);
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(json));
      });
    });
    new WebSocketServer({ server, path: '/signal' }).on('connection', (socket) => standIn.#welcome(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  names(): string[] {
    return this.asked.map(({ name }) => name);
  }

  /** Sends a frame of signalling to every phone. */
  tell(event: PhoneEvent): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(event));
  }

  /** The others are these now. */
  setPeople(people: PhoneStream[]): void {
    this.people = people;
    this.#version += 1;
    const roster = { version: this.#version, userlist: people };
    this.tell({ type: 'roster', roster, renewed: false, joined: [], left: [] });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #welcome(socket: WebSocket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Record<string, unknown>;
      this.heard.push(frame);
      if (frame['type'] === 'ping') socket.send(JSON.stringify({ type: 'pong' }));
      else if (typeof frame['id'] === 'number') {
        socket.send(JSON.stringify({ type: 'reply', id: frame['id'], code: 0, message: '' }));
      }
    });
    const welcome: PhoneEvent = {
      type: 'welcome',
      self: { userid: SELF, name: '小李', privileges: 255 },
      roomid: '4321',
      ownerid: this.ownerID,
      roster: { version: this.#version, userlist: this.people },
      urls: this.#urls(),
      chat: this.chat,
      muted: { audio: false, video: false },
      idleMs: 60_000,
    };
    socket.send(JSON.stringify(welcome));
  }

  #urls() {
    const signalUrl = `${this.url.replace('http', 'ws')}/signal?ticket=t`;
    return { pushUrl: 'rtmp://media.test/live/1_1_self?t', signalUrl, expiresAt: Date.now() + HOUR };
  }

  #answer(url: string, body: Readonly<Record<string, unknown>>): { status: number; json: unknown } {
    const path = url.split('?')[0] ?? '';
    const name = path.startsWith('/functions/') ? path.slice('/functions/'.length) : 'roomsig';
    this.asked.push({ name, body });
    const refusal = this.refusals.get(name);
    if (name === 'roomsig') {
      const head = { ErrorCode: this.roomsigCode, ErrorInfo: 'refused' };
      if (this.roomsigCode !== 0) return { status: 200, json: { ActionStatus: 'FAIL', ...head, RspHead: head } };
      return { status: 200, json: { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody: this.#urls() } };
    }
    if (refusal !== undefined) {
      const { code, message, status } = CODES[refusal];
      return { status, json: { code, message, data: null } };
    }
    const room = this.rooms.find(({ roomID }) => roomID === String(body['roomID'])) ?? this.#newRoom(body);
    const total = name === 'webrtc-get-room-list' ? { total: this.rooms.length } : {};
    return { status: 200, json: { code: 0, message: 'success', data: this.#data(name, body, room), ...total } };
  }

  #newRoom(body: Readonly<Record<string, unknown>>): RoomInfo {
    return roomOf(String(body['roomID'] ?? '8801'), String(body['roomName'] ?? ''), { ownerID: this.ownerID });
  }

  #data(name: string, body: Readonly<Record<string, unknown>>, room: RoomInfo): unknown {
    const expiresAt = Date.now() + HOUR;
    const tickets = { userID: SELF, sdkAppID: 1400000001, accountType: '1', userSig: 'sig', privateMapKey: 'pmk' };
    switch (name) {
      case 'webrtc-login':
        return { token: 'token', userID: SELF, expiresAt };
      case 'webrtc-get-room-list': {
        const skip = Number(body['skip'] ?? 0);
        return this.rooms.slice(skip, skip + Number(body['limit'] ?? 10));
      }
      case 'webrtc-enter-room':
        return { roomInfo: room, signInfo: { ...tickets, expiresAt } };
      case 'webrtc-login-code':
        this.#codes += 1;
        return { code: `one-time-${this.#codes}`, expiresIn: 60 };
      case 'webrtc-sig-api':
        return { ...tickets, expiresAt };
      case 'webrtc-quit-room':
        return null;
      case 'webrtc-heartbeat':
        return { expiresAt };
      default:
        return room;
    }
  }
}

async function read(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
