import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bundle, build } from '@lianmai/mp-host/build';
import { type JsdomPhone, openInJsdom } from '@lianmai/mp-host/jsdom';
import { roster, SignalServer, stream, welcome } from './signal-server.ts';

const SOURCE = fileURLToPath(new URL('../miniprogram', import.meta.url));
const STAGE = fileURLToPath(new URL('./stage', import.meta.url));

/** A mini program of one page that holds nothing but the component, out of the sources themselves. */
export function stageFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'lianmai-stage-'));
  for (const name of ['core', 'components', 'platform']) symlinkSync(join(SOURCE, name), join(root, name));
  for (const name of ['app.json', 'app.ts', 'app.wxss', 'pages']) symlinkSync(join(STAGE, name), join(root, name));
  return root;
}

let built: Promise<Bundle> | null = null;

async function bundle(): Promise<Bundle> {
  const root = stageFolder();
  try {
    return await build({ root });
  } finally {
    rmSync(root, { recursive: true });
  }
}

interface Logged {
  readonly kind: string;
  readonly detail: unknown;
}

interface RoomEventDetail {
  readonly tag: string;
  readonly code: number;
  readonly detail: unknown;
  readonly cause?: { readonly reason: string };
}

/** The methods of the component that tests call. */
export interface RoomMethods {
  start(): void;
  stop(): void;
  exitRoom(): void;
  pause(): void;
  resume(): void;
  switchCamera(): void;
  enableVideo(on: boolean, userid?: string | number): void;
  enableAudio(on: boolean, userid?: string | number, params?: { success?: (answer: unknown) => void }): void;
  sendGroupTextMsg(text: string, succ?: (answer: unknown) => void, fail?: (failure: unknown) => void): void;
  sendC2CTextMsg(to: string, text: string, succ?: (answer: unknown) => void, fail?: (failure: unknown) => void): void;
  kickMember(userid: string): Promise<{ readonly code: number }>;
}

interface CallPage {
  readonly log: Logged[];
  selectComponent(selector: string): unknown;
  setData(data: object): void;
}

/** The phone with the stage on it, and the server behind. */
export class Stage {
  readonly phone: JsdomPhone;
  readonly server: SignalServer;
  readonly requests: { readonly url: string; readonly data: unknown }[];

  /** Builds the mini program, once for all stages: the first test is not to pay for it. */
  static async prepare(): Promise<void> {
    built ??= bundle();
    await built;
  }

  static async open(properties: Readonly<Record<string, unknown>> = {}): Promise<Stage> {
    built ??= bundle();
    const server = await SignalServer.listen();
    const requests: Stage['requests'] = [];
    const phone = await openInJsdom(await built, {
      prepare: (host) => {
        host.network.handler = ({ url, data }) => {
          requests.push({ url, data });
          const signalUrl = `${server.base}/signal?ticket=${requests.length}`;
          const RspBody = { pushUrl: 'rtmp://meet.example.com/live/amy?1', signalUrl, expiresAt: 4_000_000_000_000 };
          return { statusCode: 200, data: { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody } };
        };
      },
    });
    const stage = new Stage(phone, server, requests);
    await stage.set(properties);
    return stage;
  }

  constructor(phone: JsdomPhone, server: SignalServer, requests: Stage['requests']) {
    this.phone = phone;
    this.server = server;
    this.requests = requests;
  }

  get page(): CallPage {
    return this.phone.host.pages.callers[0] as unknown as CallPage;
  }

  get room(): RoomMethods {
    return this.page.selectComponent('#room') as RoomMethods;
  }

  get other(): RoomMethods {
    return this.page.selectComponent('#other') as RoomMethods;
  }

  get pusher() {
    const pusher = this.phone.host.live.scripted.pushers[0];
    if (pusher === undefined) throw new Error('there is no live-pusher');
    return pusher;
  }

  get players() {
    return this.phone.host.live.scripted.players;
  }

  player(id: string) {
    const found = this.players.find((player) => player.view.id.endsWith(id));
    if (found === undefined) throw new Error(`there is no live-player ${id}`);
    return found;
  }

  get connection() {
    const connection = this.server.connections[this.server.connections.length - 1];
    if (connection === undefined) throw new Error('nobody has connected');
    return connection;
  }

  /** Sets properties of the component. */
  async set(properties: Readonly<Record<string, unknown>>): Promise<void> {
    const data = Object.fromEntries(Object.entries(properties).map(([name, value]) => [`p.${name}`, value]));
    this.page.setData(data);
    await this.phone.settle();
  }

  events(kind: string): unknown[] {
    return this.page.log.filter((one) => one.kind === kind).map((one) => one.detail);
  }

  /** `RoomEvent`s as pairs. */
  codes(kind = 'room'): string[] {
    return (this.events(kind) as RoomEventDetail[]).map((event) => `${event.tag} ${event.code}`);
  }

  /** Starts, is welcomed with these others, and waits until the push has begun. */
  async enter(others: readonly string[] = []): Promise<void> {
    const known = this.server.connections.length;
    this.room.start();
    await this.phone.waitFor('a connection', () => this.server.connections.length > known);
    this.connection.say(
      welcome(
        others.map((userid) => stream(userid)),
        `${this.server.base}/signal?ticket=1`,
      ),
    );
    await this.phone.waitFor('the push', () => this.phone.host.live.scripted.pushers[0]?.running);
  }

  /** The server tells another list. */
  async tell(version: number, others: readonly string[]): Promise<void> {
    const before = this.events('pusher').length;
    this.connection.say(
      roster(
        version,
        others.map((userid) => stream(userid)),
      ),
    );
    await this.phone.waitFor('the list', () => this.events('pusher').length > before);
    await this.phone.settle();
  }

  /** Ends all; throws when anything failed in the mini program. */
  close(): void {
    this.server.close();
    this.phone.close();
  }
}
