import type { RoomInfo, SignInfo } from '@lianmai/protocol';
import { Client, type ClientOptions } from '../client.ts';
import type { MediaListener, MediaPort } from '../media.ts';
import { type Clock, type Http, type HttpAnswer, type HttpRequest, type KeyValueStore, memoryStore } from '../ports.ts';

/** A clock that stands still until told: timers run in the order of their times. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  #timers: { at: number; call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get waiting(): number {
    return this.#timers.length;
  }

  /** Moves time on, running what falls due and letting promises settle between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.call();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** What the fake server answers to one request. */
export type Reply =
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly text?: string;
      readonly headers?: Record<string, string>;
    }
  | 'no-answer';

export function answer(reply: Exclude<Reply, string>): HttpAnswer {
  return {
    status: reply.status ?? 200,
    body: reply.text ?? JSON.stringify(reply.json),
    header: (name) => reply.headers?.[name] ?? null,
  };
}

export interface Recorded {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly request: HttpRequest;
}

export const ROOM: RoomInfo = {
  roomID: '4321',
  roomName: 'Weekly sync',
  creator: 'u1',
  ownerID: 'u1',
  memberCount: 1,
  capacity: 16,
  createTime: 1,
};

/** A server in memory: every function has an ordinary answer, which a test may replace. */
export class FakeServer {
  readonly calls: Recorded[] = [];
  readonly replies = new Map<string, (body: Record<string, unknown>, count: number) => Reply>();
  /** What an answer waits for, by the function's name. */
  readonly gates = new Map<string, Promise<void>>();
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly http: Http = async (request) => {
    const path = new URL(request.url, 'http://server').pathname;
    const name = path.startsWith('/functions/') ? path.slice('/functions/'.length) : 'roomsig';
    const body = JSON.parse(request.body ?? '{}') as Record<string, unknown>;
    this.calls.push({ path, body, request });
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    await this.gates.get(name);
    const reply = this.replies.get(name)?.(body, count) ?? this.#usual(name, body, count);
    if (reply === 'no-answer') throw new TypeError('Failed to fetch');
    return answer(reply);
  };

  names(): string[] {
    return this.calls.map(({ path }) =>
      path.replace('/functions/webrtc-', '').replace('/v4/openim/jsonvideoapp', 'roomsig'),
    );
  }

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  signInfo(lifeMs = 3_600_000): SignInfo {
    return {
      userID: 'u1',
      sdkAppID: 1400000001,
      accountType: '1',
      userSig: 'sig*-_',
      privateMapKey: 'pmk',
      expiresAt: this.#clock.now() + lifeMs,
    };
  }

  #usual(name: string, body: Record<string, unknown>, count: number): Reply {
    const data = (value: unknown): Reply => ({ json: { code: 0, message: 'success', data: value } });
    switch (name) {
      case 'webrtc-login':
        return data({ token: `token-${count}`, userID: 'u1', expiresAt: this.#clock.now() + 86_400_000 });
      case 'webrtc-enter-room':
        return data({
          roomInfo: { ...ROOM, roomID: String(body['roomID'] ?? ROOM.roomID) },
          signInfo: this.signInfo(),
        });
      case 'webrtc-sig-api':
        return data({ ...this.signInfo(), userSig: 'fresh' });
      case 'webrtc-heartbeat':
        return data({ expiresAt: this.#clock.now() + 30_000 });
      case 'webrtc-quit-room':
        return data(null);
      case 'webrtc-get-room-list':
        return { json: { code: 0, message: 'success', data: [ROOM], total: 1 } };
      case 'roomsig':
        return {
          json: {
            RspHead: { ErrorCode: 0, ErrorInfo: '' },
            RspBody: { url: 'ws://media', token: 'jwt', expiresAt: this.#clock.now() + 600_000 },
          },
        };
      default:
        return data(ROOM);
    }
  }
}

/** Function refusals as the server sends them. */
export function refusal(code: number, message = 'refused', status = 400): Reply {
  return { status, json: { code, message, data: null } };
}

export function roomsigRefusal(code: number): Reply {
  return {
    json: {
      ActionStatus: 'FAIL',
      ErrorCode: code,
      ErrorInfo: 'refused',
      RspHead: { ErrorCode: code, ErrorInfo: 'refused' },
    },
  };
}

/** A media connection that does what the test says. */
export class FakeMedia implements MediaPort {
  readonly connects: { url: string; token: string }[] = [];
  disconnects = 0;
  listener: MediaListener | null = null;
  onConnect: () => Promise<void> = async () => {};

  async connect(access: { url: string; token: string }, listener: MediaListener): Promise<void> {
    this.connects.push(access);
    await this.onConnect();
    this.listener = listener;
  }

  async disconnect(): Promise<void> {
    this.disconnects += 1;
    this.listener = null;
  }
}

export function makeClient(options: Partial<ClientOptions> & { store?: KeyValueStore } = {}): {
  clock: FakeClock;
  server: FakeServer;
  client: Client;
} {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  const client = new Client({ http: server.http, baseUrl: '', store: memoryStore(), clock, ...options });
  return { clock, server, client };
}
