/** A whole server on a free port with a real SQLite file and a fake media engine, and callers of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CODES,
  type Envelope,
  FUNCTIONS,
  type FunctionData,
  type FunctionName,
  type FunctionSpec,
  mediaRoomName,
  type SignInfo,
} from '@lianmai/protocol';
import type { Stores } from '@lianmai/stores';
import { z } from 'zod';
import { type RunningServer, startServer } from '../app.ts';
import { type Config, configSchema } from '../config/schema.ts';
import { createLogger } from '../http/logger.ts';
import { FakeMedia } from './fake-engine.ts';
import type { FakeGateway } from './fake-gateway.ts';

type ConfigInput = z.input<typeof configSchema>;

/** Rates that no test reaches by accident. */
const FAST = { perAddressPerSecond: 10_000, perUserPerSecond: 10_000, loginsPerAddressPerMinute: 600_000 };

export interface HarnessOptions {
  readonly config?: ConfigInput;
  /** Keeps the data folder of an earlier one. */
  readonly dataDir?: string;
  /** Replaces the media API keys that the fake believes (with an external media service). */
  readonly mediaKeys?: { key: string; secret: string };
  readonly media?: FakeMedia;
  /** Instead of SQLite. */
  readonly stores?: Stores;
  /** Phones are off without one. */
  readonly gateway?: FakeGateway;
}

/** Somebody who calls. */
export interface Client {
  readonly authorization: string;
  readonly userId: string;
}

/** What came back, for looking at in whole. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Envelope<unknown>;
}

const envelopeSchema = z.object({
  code: z.int(),
  message: z.string().min(1),
  data: z.unknown(),
  total: z.int().optional(),
});

export class Harness {
  readonly server: RunningServer;
  readonly media: FakeMedia;
  readonly dataDir: string;
  readonly logged: string[];
  readonly base: string;

  constructor(server: RunningServer, media: FakeMedia, dataDir: string, logged: string[]) {
    this.server = server;
    this.media = media;
    this.dataDir = dataDir;
    this.logged = logged;
    this.base = `http://127.0.0.1:${server.port}`;
  }

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'lianmai-test-'));
    const given = options.config ?? {};
    const config: Config = configSchema.parse({
      ...given,
      dataDir,
      http: { port: 0, host: '127.0.0.1', tls: 'off', ...given.http },
      phones: { mode: options.gateway === undefined ? 'off' : 'auto', ...given.phones },
      limits: { ...FAST, ...given.limits },
      log: { level: 'debug', ...given.log },
    });
    const logged: string[] = [];
    const log = createLogger(config.log, { write: (line: string) => void logged.push(line) });
    let server: RunningServer | null = null;
    const media =
      options.media ??
      new FakeMedia(() => options.mediaKeys ?? server?.credentials.api ?? { key: 'none yet', secret: 'none yet' });
    try {
      server = await startServer(config, log, {
        engine: media.engine(),
        ...(options.stores === undefined ? {} : { stores: options.stores }),
        ...(options.gateway === undefined ? {} : { gateway: options.gateway.start }),
      });
    } catch (error) {
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
      throw error;
    }
    return new Harness(server, media, dataDir, logged);
  }

  /** Stops; the data folder goes too unless it is kept. */
  async stop(keep = false): Promise<void> {
    await this.server.stop();
    if (!keep) rmSync(this.dataDir, { recursive: true, force: true });
  }

  get sdkAppId(): number {
    return this.server.credentials.application.sdkAppId;
  }

  get serverKey(): Client {
    const { key, secret } = this.server.credentials.api;
    return { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`, userId: '' };
  }

  mediaRoom(roomId: string): string {
    return mediaRoomName(this.sdkAppId, roomId);
  }

  /** Calls a function and answers everything, whatever it is. Every answer is checked against the protocol. */
  async raw(
    name: string,
    event: unknown,
    client: Client | null,
    headers: Record<string, string> = {},
  ): Promise<RawAnswer> {
    const response = await fetch(`${this.base}/functions/${name}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(client === null ? {} : { authorization: client.authorization }),
        ...headers,
      },
      ...(event === undefined ? {} : { body: typeof event === 'string' ? event : JSON.stringify(event) }),
    });
    const body = envelopeSchema.parse(await response.json());
    const entry = Object.values(CODES).find((one) => one.code === body.code);
    if (entry === undefined || entry.status !== response.status) {
      throw new Error(`${name} answered code ${body.code} with status ${response.status}, which is not in the table`);
    }
    checkData(name, body);
    return { status: response.status, headers: response.headers, body };
  }

  /** The code that a call answers. */
  async code(name: string, event: unknown, client: Client | null): Promise<number> {
    return (await this.raw(name, event, client)).body.code;
  }

  /** The data of a call that must succeed. */
  async call<N extends FunctionName>(name: N, event: unknown, client: Client | null): Promise<FunctionData<N>> {
    const { body } = await this.raw(name, event, client);
    if (body.code !== 0) throw new Error(`${name} answered ${body.code}: ${body.message}`);
    return FUNCTIONS[name].data.parse(body.data) as FunctionData<N>;
  }

  /** A new guest. */
  async guest(name = 'Guest'): Promise<Client> {
    const { token, userID } = await this.call('webrtc-login', { type: 'guest', name }, null);
    return { authorization: `Bearer ${token}`, userId: userID };
  }

  /** Asks for a roomsig as the original's clients do, with the userSig raw in the query. */
  async roomsig(signInfo: SignInfo, roomId: string | number, changes: RoomsigChanges = {}): Promise<RoomsigReply> {
    const query = {
      sdkappid: signInfo.sdkAppID,
      identifier: signInfo.userID,
      usersig: signInfo.userSig,
      random: 9999,
      contenttype: 'json',
      ...changes.query,
    };
    const text = Object.entries(query)
      .map(([key, value]) => `${key}=${value}`)
      .join('&');
    const response = await fetch(`${this.base}${changes.path ?? '/v4/openim/jsonvideoapp'}?${text}`, {
      method: 'POST',
      ...(changes.headers === undefined ? {} : { headers: changes.headers }),
      body: JSON.stringify({
        ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: Number(roomId), ...changes.head },
        ReqBody: {
          PrivMapEncrypt: signInfo.privateMapKey,
          TerminalType: 1,
          FromType: 2,
          SdkVersion: 26_280_566,
          ...changes.body,
        },
      }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  /** Resolves when the events told so far have reached the rooms. */
  settled(): Promise<void> {
    return this.server.services.presence.idle();
  }
}

export interface RoomsigChanges {
  readonly path?: string;
  readonly query?: Record<string, unknown>;
  readonly head?: Record<string, unknown>;
  readonly body?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

export interface RoomsigReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

function checkData(name: string, body: z.output<typeof envelopeSchema>): void {
  const spec = (Object.entries(FUNCTIONS) as [FunctionName, FunctionSpec][]).find(
    ([one, { aliases }]) => one === name || aliases.includes(name),
  )?.[1];
  if (body.code !== 0 || spec === undefined) {
    if (body.data !== null) throw new Error(`${name} answered data beside code ${body.code}`);
    return;
  }
  const parsed = spec.data.safeParse(body.data);
  if (!parsed.success) throw new Error(`${name} answered what its schema does not allow: ${parsed.error.message}`);
  if ((spec.listed === true) !== (body.total !== undefined)) throw new Error(`${name}: total is there or not there`);
}
