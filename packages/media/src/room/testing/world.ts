/** A control plane with fake connections and a clock that tests turn, and clients that speak to it in frames. */
import {
  AddTrackRequest,
  ClientInfo,
  ConnectionSettings,
  JoinRequest,
  type ParticipantInfo,
  SessionDescription,
  SignalRequest,
  SignalResponse,
  TrackSource,
  TrackType,
  WrappedJoinRequest,
  WrappedJoinRequest_Compression,
} from '@livekit/protocol';
import { AccessToken, type VideoGrant } from 'livekit-server-sdk';
import pino from 'pino';
import { type EngineConfigInput, parseEngineConfig } from '../../config.ts';
import type { EngineEvent, SignalRequest as OpenRequest, PlainAnswer, SignalConnection } from '../../port/types.ts';
import { ControlPlane } from '../../signal/control.ts';
import { FakeConnection } from './fakes.ts';

export const KEY = 'devkey';
export const SECRET = 'a-secret-that-is-at-least-32-characters-long';

export interface ClientOptions {
  readonly room?: string;
  readonly identity?: string;
  readonly name?: string;
  readonly metadata?: string;
  readonly attributes?: Record<string, string>;
  readonly grant?: VideoGrant;
  readonly ttl?: number | string;
  readonly two?: boolean;
  readonly autoSubscribe?: boolean;
  readonly reconnect?: boolean;
  readonly sid?: string;
  readonly join?: Partial<JoinRequest>;
  readonly token?: string;
}

type ResponseCase = NonNullable<SignalResponse['message']['case']>;
type ResponseValue<C extends ResponseCase> = Extract<SignalResponse['message'], { case: C; value: unknown }>['value'];
type RequestMessage = SignalRequest['message'];

export class World {
  now = 1_000;
  readonly connections: FakeConnection[] = [];
  readonly events: EngineEvent[] = [];
  readonly control: ControlPlane;
  /** Connections are refused from now on, as when the transport is full. */
  full = false;
  /** New connections fail at every offer, as by a defect of ours. */
  broken = false;

  constructor(config: Partial<EngineConfigInput> = {}) {
    this.control = new ControlPlane({
      config: parseEngineConfig({ keys: { [KEY]: SECRET }, ...config }),
      clock: () => this.now,
      wallClock: () => 1_780_000_000_000 + this.now,
      log: pino({ level: 'silent' }),
      createConnection: (role, sink) => {
        if (this.full) throw new Error('no peer left');
        const connection = new FakeConnection(role, sink);
        connection.broken = this.broken;
        this.connections.push(connection);
        return connection;
      },
    });
    this.control.onEvent((event) => this.events.push(event));
  }

  /** Turns the clock on in steps, as the engine's timer would. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + 200);
      this.control.tick(this.now);
    }
  }

  async request(options: ClientOptions = {}): Promise<OpenRequest> {
    const token = options.token ?? (await makeToken(options));
    const query = new URLSearchParams({ access_token: token });
    if (options.two) {
      query.set('auto_subscribe', options.autoSubscribe === false ? '0' : '1');
      query.set('sdk', 'js');
      query.set('protocol', '16');
      if (options.reconnect) query.set('reconnect', '1');
      if (options.sid) query.set('sid', options.sid);
    } else {
      const join = new JoinRequest({
        clientInfo: new ClientInfo({ protocol: 17 }),
        connectionSettings: new ConnectionSettings({ autoSubscribe: options.autoSubscribe ?? true }),
        reconnect: options.reconnect ?? false,
        participantSid: options.sid ?? '',
        ...options.join,
      });
      query.set('join_request', wrap(join));
    }
    return {
      path: options.two ? '/rtc' : '/rtc/v1',
      query: query.toString(),
      authorization: null,
      remoteAddress: '192.0.2.1',
    };
  }

  async open(options: ClientOptions = {}): Promise<TestClient> {
    const before = this.connections.length;
    const admission = await this.control.openSignal(await this.request(options));
    if (admission.kind === 'refused') throw new Refused(admission.answer);
    return new TestClient(this, admission.connection, this.connections.slice(before));
  }

  /** Joined, connected, data channels open. */
  async join(identity: string, options: ClientOptions = {}): Promise<TestClient> {
    const client = await this.open({ identity, ...options });
    for (const connection of client.connections) connection.connect();
    return client;
  }
}

export class Refused extends Error {
  readonly answer: PlainAnswer;
  constructor(answer: PlainAnswer) {
    super(`${answer.status} ${String(answer.body)}`);
    this.answer = answer;
  }
}

export class TestClient {
  readonly world: World;
  readonly connection: SignalConnection;
  readonly connections: readonly FakeConnection[];
  readonly received: SignalResponse[] = [];
  closed: { code: number; reason: string } | null = null;
  #offers = 0;
  #sections = new Map<string, string>();

  constructor(world: World, connection: SignalConnection, connections: readonly FakeConnection[]) {
    this.world = world;
    this.connection = connection;
    this.connections = connections;
    connection.onFrame((frame) => this.received.push(SignalResponse.fromBinary(frame)));
    connection.onClose((code, reason) => {
      this.closed = { code, reason };
    });
  }

  /** The only connection, or the publisher's. */
  get up(): FakeConnection {
    return this.#role('single') ?? this.#role('publisher') ?? missing();
  }

  /** The only connection, or the subscriber's. */
  get down(): FakeConnection {
    return this.#role('single') ?? this.#role('subscriber') ?? missing();
  }

  get sid(): string {
    return this.last('join')?.participant?.sid ?? missing();
  }

  all<C extends ResponseCase>(name: C): ResponseValue<C>[] {
    const values: ResponseValue<C>[] = [];
    for (const { message } of this.received) {
      // The guard cannot carry a generic case over to its value's type.
      if (message.case === name) values.push(message.value as ResponseValue<C>);
    }
    return values;
  }

  last<C extends ResponseCase>(name: C): ResponseValue<C> | undefined {
    return this.all(name).at(-1);
  }

  /** What this client knows of another, by all updates so far. */
  sees(identity: string): ParticipantInfo | undefined {
    let found: ParticipantInfo | undefined;
    for (const { message } of this.received) {
      const infos =
        message.case === 'join'
          ? message.value.otherParticipants
          : message.case === 'update'
            ? message.value.participants
            : [];
      for (const info of infos) if (info.identity === identity) found = info;
    }
    return found;
  }

  send(message: RequestMessage): void {
    this.connection.receive(new SignalRequest({ message }).toBinary());
  }

  /** `addTrack`, then an offer whose section carries the cid. */
  publish(kind: 'audio' | 'video', cid: string, source?: TrackSource): string {
    this.send({
      case: 'addTrack',
      value: new AddTrackRequest({
        cid,
        type: kind === 'audio' ? TrackType.AUDIO : TrackType.VIDEO,
        source: source ?? (kind === 'audio' ? TrackSource.MICROPHONE : TrackSource.CAMERA),
      }),
    });
    this.#sections.set(cid, kind);
    this.offer();
    return this.last('trackPublished')?.track?.sid ?? missing();
  }

  unpublish(cid: string): void {
    this.#sections.set(cid, '');
    this.offer();
  }

  offer(): void {
    const lines = [...this.#sections].map(([cid, kind], mid) => (kind ? `${mid} ${kind} ${cid}` : ''));
    const sdp = lines.filter((line) => line !== '').join('\n');
    this.send({
      case: 'offer',
      value: new SessionDescription({ type: 'offer', sdp, id: ++this.#offers }),
    });
  }

  /** The WebSocket breaks. */
  drop(): void {
    this.connection.closed();
  }

  #role(role: string): FakeConnection | undefined {
    return this.connections.find((connection) => connection.role === role);
  }
}

function missing(): never {
  throw new Error('the test expected something that is not there');
}

export function wrap(join: JoinRequest): string {
  const wrapped = new WrappedJoinRequest({
    compression: WrappedJoinRequest_Compression.NONE,
    joinRequest: join.toBinary(),
  });
  return Buffer.from(wrapped.toBinary()).toString('base64url');
}

export async function makeToken(options: ClientOptions = {}): Promise<string> {
  const token = new AccessToken(KEY, SECRET, {
    identity: options.identity ?? 'alice',
    name: options.name ?? '',
    metadata: options.metadata ?? '',
    attributes: options.attributes ?? {},
    ttl: options.ttl ?? '10m',
  });
  token.addGrant({ roomJoin: true, room: options.room ?? 'hall', ...options.grant });
  return token.toJwt();
}
