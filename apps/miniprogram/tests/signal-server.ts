import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { PhoneEvent, PhoneRequest, PhoneStream } from '@lianmai/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

/** The signalling end of a server, by script: what phones said is kept, what they hear a test says. */
export class SignalServer {
  readonly #server: WebSocketServer;
  readonly connections: Connection[] = [];

  static async listen(): Promise<SignalServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new SignalServer(server);
  }

  constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      this.connections.push(new Connection(socket, request.url ?? ''));
    });
  }

  get base(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const connection of this.connections) connection.drop();
    this.#server.close();
  }
}

export class Connection {
  readonly url: string;
  readonly heard: PhoneRequest[] = [];
  closed = false;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, url: string) {
    this.#socket = socket;
    this.url = url;
    socket.on('message', (data) => {
      const request = JSON.parse(String(data)) as PhoneRequest;
      this.heard.push(request);
      if (request.type === 'ping') this.say({ type: 'pong' });
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  say(event: PhoneEvent): void {
    this.#socket.send(JSON.stringify(event));
  }

  drop(): void {
    this.#socket.terminate();
  }

  asked<T extends PhoneRequest['type']>(type: T): Extract<PhoneRequest, { type: T }>[] {
    return this.heard.filter((one): one is Extract<PhoneRequest, { type: T }> => one.type === type);
  }
}

export function stream(userid: string, more: Partial<PhoneStream> = {}): PhoneStream {
  return {
    userid,
    name: userid.toUpperCase(),
    playurl: `rtmp://meet.example.com/live/${userid}`,
    flvurl: `https://meet.example.com/live/${userid}.flv`,
    hasvideo: true,
    hasaudio: true,
    streamtype: 'main',
    ...more,
  };
}

export function welcome(userlist: readonly PhoneStream[], signalUrl: string, version = 1): PhoneEvent {
  return {
    type: 'welcome',
    self: { userid: 'amy', name: 'Amy', privileges: 255 },
    roomid: '1234',
    ownerid: 'bob',
    roster: { version, userlist: [...userlist] },
    urls: { pushUrl: 'rtmp://meet.example.com/live/amy?1', signalUrl, expiresAt: 4_000_000_000_000 },
    chat: [],
    muted: { audio: false, video: false },
    idleMs: 30_000,
  };
}

export function roster(version: number, userlist: readonly PhoneStream[]): PhoneEvent {
  return { type: 'roster', roster: { version, userlist: [...userlist] }, renewed: false, joined: [], left: [] };
}
