import {
  type PhoneEvent,
  type PhoneRequest,
  type PhoneStream,
  phoneEventSchema,
  roomsigPhoneBodySchema,
} from '@lianmai/protocol';
import WebSocket from 'ws';
import { Caller } from '../product/caller.ts';
import type { Product } from '../product/server.ts';
import { type WaitOptions, waitFor } from '../wait.ts';
import { type CameraOptions, PhoneCamera } from './camera.ts';
import { PhoneScreen } from './screen.ts';

/** What a mini program gets of the roomsig exchange. */
export interface PhoneAccess {
  readonly pushUrl: string;
  readonly signalUrl: string;
  readonly expiresAt: number;
}

type Event<T extends PhoneEvent['type']> = Extract<PhoneEvent, { type: T }>;

/**
 * A phone as the seeds describe it: login, enter, tickets, roomsig with `FromType` 3, then signalling, push and play. The
 * ffmpeg program stands for `<live-pusher>` and `<live-player>`.
 */
export class Phone {
  readonly name: string;
  readonly caller: Caller;
  readonly events: PhoneEvent[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  #socket: WebSocket | null = null;
  #camera: PhoneCamera | null = null;
  readonly #screens: PhoneScreen[] = [];
  #ping: NodeJS.Timeout | null = null;
  #nextId = 1;
  #access: PhoneAccess | null = null;
  #urls: PhoneAccess | null = null;

  static async arrive(product: Product, name: string): Promise<Phone> {
    return new Phone(name, await Caller.login(product, name));
  }

  constructor(name: string, caller: Caller) {
    this.name = name;
    this.caller = caller;
  }

  get userId(): string {
    return this.caller.userId;
  }

  get access(): PhoneAccess {
    if (this.#access === null) throw new Error(`${this.name} has not entered`);
    return this.#access;
  }

  /** The newest URLs. */
  get urls(): PhoneAccess {
    if (this.#urls === null) throw new Error(`${this.name} has not entered`);
    return this.#urls;
  }

  get camera(): PhoneCamera {
    if (this.#camera === null) throw new Error(`${this.name} does not push`);
    return this.#camera;
  }

  /** Takes a seat, exchanges the tickets and opens signalling; resolves with the welcome. */
  async enter(roomId: string): Promise<Event<'welcome'>> {
    this.#access = roomsigPhoneBodySchema.parse(await this.caller.enter(roomId, 3));
    this.#urls = this.#access;
    return this.connect();
  }

  /** Opens signalling (again), by the newest URL. */
  async connect(url = this.urls.signalUrl): Promise<Event<'welcome'>> {
    this.disconnect();
    this.events.length = 0;
    this.closed = null;
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.on('message', (data) => {
      // What an older one had still on its way.
      if (this.#socket !== socket) return;
      const event = phoneEventSchema.parse(JSON.parse(String(data)));
      this.events.push(event);
      if (event.type === 'welcome' || event.type === 'urls') this.#urls = event.urls;
    });
    socket.on('close', (code, reason) => {
      if (this.#socket === socket) this.closed = { code, reason: String(reason) };
    });
    socket.on('error', () => {});
    this.#ping = setInterval(() => this.#send({ type: 'ping' }), 5_000);
    const answered = () => this.closed !== null || this.events.some(({ type }) => type === 'welcome');
    await waitFor(`${this.name}: a welcome`, answered, (answer) => answer);
    const welcome = this.events.find((event) => event.type === 'welcome');
    if (welcome !== undefined) return welcome;
    throw new Error(`${this.name}: signalling ended before the welcome: ${JSON.stringify(this.closed)}`);
  }

  /** The network is gone: nothing is said any more. */
  disconnect(): void {
    if (this.#ping !== null) clearInterval(this.#ping);
    const socket = this.#socket;
    this.#socket = null;
    socket?.terminate();
  }

  push(options: CameraOptions, url = this.urls.pushUrl): PhoneCamera {
    this.#camera?.kill();
    this.#camera = new PhoneCamera(url, options);
    return this.#camera;
  }

  stopPush(): void {
    this.#camera?.stop();
    this.#camera = null;
  }

  /** Plays what a roster entry names. */
  play(stream: PhoneStream, by: 'flv' | 'rtmp'): PhoneScreen {
    const url = by === 'flv' ? stream.flvurl : stream.playurl;
    const screen = new PhoneScreen(url, { video: stream.hasvideo, audio: stream.hasaudio });
    this.#screens.push(screen);
    return screen;
  }

  tell(camera: boolean, microphone: boolean): void {
    this.#send({ type: 'state', camera, microphone });
  }

  /** Sends a request and waits for its reply's code. */
  async ask(make: (id: number) => PhoneRequest): Promise<number> {
    const id = this.#nextId++;
    this.#send(make(id));
    const reply = await this.waitFor('reply', (event) => event.id === id);
    return reply.code;
  }

  leave(): void {
    this.#send({ type: 'leave' });
  }

  /** Ends the room for everybody; that is answered by the end, or by a reply that refuses. */
  dissolve(): void {
    this.#send({ type: 'dissolve', id: 0 });
  }

  /** The list as told last. */
  roster(): readonly PhoneStream[] {
    const last = this.events.findLast((event) => event.type === 'welcome' || event.type === 'roster');
    return last === undefined ? [] : last.roster.userlist;
  }

  /** Waits for somebody's entry. */
  async waitForStream(
    userid: string,
    accept: (stream: PhoneStream) => boolean,
    options: WaitOptions & { readonly streamtype?: 'main' | 'aux' } = {},
  ): Promise<PhoneStream> {
    const type = options.streamtype ?? 'main';
    const find = () => this.roster().find((one) => one.userid === userid && one.streamtype === type);
    const found = await waitFor(
      `${this.name}: ${userid} (${type}) in the roster as wanted`,
      () => find() ?? null,
      (stream) => stream !== null && accept(stream),
      { timeout: 20_000, ...options },
    );
    if (found === null) throw new Error('unreachable');
    return found;
  }

  async waitFor<T extends PhoneEvent['type']>(
    type: T,
    accept: (event: Event<T>) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<Event<T>> {
    const found = await waitFor(
      `${this.name}: a frame of type ${type}`,
      () => this.events.find((event): event is Event<T> => event.type === type && accept(event as Event<T>)) ?? null,
      (event) => event !== null,
      options,
    );
    if (found === null) throw new Error('unreachable');
    return found;
  }

  /** Ends everything it has running. */
  close(): void {
    this.disconnect();
    this.#camera?.kill();
    for (const screen of this.#screens) screen.close();
  }

  #send(request: PhoneRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request));
  }
}
