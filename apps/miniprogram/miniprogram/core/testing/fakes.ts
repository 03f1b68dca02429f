/** Stand-ins for the phone: a clock turned by hand, scripted HTTP, sockets and a pusher that write down what happens. */
import type { PhoneEvent, PhoneRequest, PhoneStream } from '@lianmai/protocol/phone-signal';
import type { PusherEvent, RoomEvent } from '../events.ts';
import type { ImEvent } from '../im.ts';
import type { ClientInfo, Clock, HttpAnswer, Ports, Pusher, Socket, SocketHandlers } from '../ports.ts';
import { RoomController } from '../room/controller.ts';
import { DEFAULT_OPTIONS, type RoomOptions } from '../room/options.ts';

/** Lets everything that waits for promises go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  random(): number {
    return 0;
  }

  get pending(): number {
    return this.#timers.length;
  }

  /** Turns time on, firing what becomes due in order. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

export class FakeSocket implements Socket {
  readonly url: string;
  readonly sent: PhoneRequest[] = [];
  closedByUs = false;
  /** The server behind it answers nothing any more. */
  dead = false;
  readonly #handlers: SocketHandlers;

  constructor(url: string, handlers: SocketHandlers) {
    this.url = url;
    this.#handlers = handlers;
  }

  send(text: string): void {
    const request = JSON.parse(text) as PhoneRequest;
    this.sent.push(request);
    if (request.type === 'ping' && !this.dead) this.say({ type: 'pong' });
  }

  close(): void {
    this.closedByUs = true;
  }

  say(event: PhoneEvent): void {
    this.#handlers.message(JSON.stringify(event));
  }

  sayText(text: string): void {
    this.#handlers.message(text);
  }

  drop(code: number, reason = ''): void {
    this.#handlers.close(code, reason);
  }

  asked<T extends PhoneRequest['type']>(type: T): Extract<PhoneRequest, { type: T }>[] {
    return this.sent.filter((one): one is Extract<PhoneRequest, { type: T }> => one.type === type);
  }
}

export class FakePusher implements Pusher {
  readonly calls: string[] = [];
  /** Set to hold `stop` until `stopped` is called. */
  slow = false;
  stopped: () => void = () => {};

  get url(): string {
    const last = [...this.calls].reverse().find((call) => call.startsWith('start '));
    return last === undefined ? '' : last.slice(6);
  }

  start(url: string): void {
    this.calls.push(`start ${url}`);
  }

  stop(): Promise<void> {
    this.calls.push('stop');
    if (!this.slow) return Promise.resolve();
    return new Promise((resolve) => {
      this.stopped = resolve;
    });
  }

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }

  switchCamera(): void {
    this.calls.push('switchCamera');
  }
}

export type Answer = HttpAnswer | Error;

/** One controller with everything it touches. */
export class Bench {
  readonly clock = new FakeClock();
  readonly pusher = new FakePusher();
  readonly posts: { url: string; body: unknown }[] = [];
  readonly sockets: FakeSocket[] = [];
  readonly room: RoomEvent[] = [];
  readonly im: ImEvent[] = [];
  readonly raw: PusherEvent[] = [];
  readonly asked: string[] = [];
  readonly controller: RoomController;
  /** What the next posts are answered; the last one is answered again and again. */
  answers: Answer[] = [phoneRoomsig()];
  /** What the page does in answer to an event, at once. */
  onRoom: (event: RoomEvent) => void = () => {};
  onRaw: (event: PusherEvent) => void = () => {};
  onIm: (event: ImEvent) => void = () => {};

  constructor(options: Partial<RoomOptions> = {}, client: ClientInfo = { wechat: '8.0.50', baseLibrary: '3.5.0' }) {
    const ports: Ports = {
      clock: this.clock,
      client,
      pusher: this.pusher,
      post: (url, body) => {
        this.posts.push({ url, body });
        const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
        if (answer === undefined) return Promise.reject(new Error('nothing scripted'));
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      openSocket: (url, handlers) => {
        const socket = new FakeSocket(url, handlers);
        this.sockets.push(socket);
        return socket;
      },
    };
    this.controller = new RoomController(ports, {
      changed: () => {},
      room: (event) => {
        this.room.push(event);
        this.onRoom(event);
      },
      im: (event) => {
        this.im.push(event);
        this.onIm(event);
      },
      pusher: (event) => {
        this.raw.push(event);
        this.onRaw(event);
      },
      tickets: (reason) => this.asked.push(reason),
    });
    this.controller.configure({ ...OPTIONS, ...options });
    this.controller.setTickets({ userSig: 'sig*1', privateMapKey: 'key-1', expiresAt: 0 });
  }

  get socket(): FakeSocket {
    const socket = this.sockets[this.sockets.length - 1];
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  /** Enters a self-hosted room and is welcomed. */
  async enter(userlist: readonly PhoneStream[] = []): Promise<void> {
    this.controller.start();
    await settle();
    this.socket.say(welcome(userlist));
    await settle();
  }

  codes(tag: 'ok' | 'error' = 'ok'): number[] {
    return this.room.filter((event) => event.tag === tag).map((event) => event.code);
  }

  get lastError(): RoomEvent | undefined {
    return [...this.room].reverse().find((event) => event.tag === 'error');
  }
}

export const OPTIONS: RoomOptions = {
  ...DEFAULT_OPTIONS,
  server: 'https://meet.example.com/',
  roomID: 1234,
  userID: 'amy',
  sdkAppID: 1400000001,
  autoplay: true,
};

export function phoneRoomsig(n = 1): HttpAnswer {
  const RspBody = {
    pushUrl: `rtmp://meet.example.com/live/s?push${n}`,
    signalUrl: `wss://meet.example.com/signal?ticket=${n}`,
    expiresAt: 1_700_001_800_000,
  };
  return { status: 200, body: { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody } };
}

export function roomsigFailure(code: number, info = 'no'): HttpAnswer {
  const RspHead = { ErrorCode: code, ErrorInfo: info };
  return { status: 200, body: { ActionStatus: 'FAIL', ErrorCode: code, ErrorInfo: info, RspHead } };
}

export function urls(n = 1): { pushUrl: string; signalUrl: string; expiresAt: number } {
  return {
    pushUrl: `rtmp://meet.example.com/live/s?push${n}`,
    signalUrl: `wss://meet.example.com/signal?ticket=${n}`,
    expiresAt: 1_700_001_800_000,
  };
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

export function welcome(userlist: readonly PhoneStream[], version = 1): Extract<PhoneEvent, { type: 'welcome' }> {
  return {
    type: 'welcome',
    self: { userid: 'amy', name: 'Amy', privileges: 255 },
    roomid: '1234',
    ownerid: 'amy',
    roster: { version, userlist: [...userlist] },
    urls: urls(),
    chat: [],
    muted: { audio: false, video: false },
    idleMs: 30_000,
  };
}

export function roster(version: number, userlist: readonly PhoneStream[], renewed = false): PhoneEvent {
  return { type: 'roster', roster: { version, userlist: [...userlist] }, renewed, joined: [], left: [] };
}
