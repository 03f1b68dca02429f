import type { BackendConfig, CloudConfig, SelfHostedConfig } from './backend-config.ts';
import {
  Client,
  ClientError,
  type Clock,
  type Credentials,
  type Envelope,
  type FunctionData,
  type FunctionEvent,
  type FunctionName,
  type Http,
  type KeyValueStore,
  type RoomInfo,
  reasonOfFunctionCode,
} from './core.ts';
import type { CallCloud } from './wechat/cloud.ts';

/** One page of the room list. */
export interface RoomPage {
  readonly rooms: readonly RoomInfo[];
  /** All there are, on every page. */
  readonly total: number;
}

/** Where the component asks for its roomsig, and what it plays with. */
export type MediaChoice =
  | { readonly kind: 'rtmp'; readonly serverUrl: string }
  | { readonly kind: 'trtc'; readonly sdkAppId: number };

/** What pages ask of a back end, whichever it is. Every call fails with a ClientError. */
export interface Backend {
  readonly clock: Clock;
  readonly media: MediaChoice;
  /** Whether a name has to be typed: WeChat's users have one. */
  readonly asksName: boolean;
  /** Seats live by heartbeats because the media service does not report to the functions. */
  readonly needsHeartbeat: boolean;
  /** Address of the room's web page; `null` where there is none. */
  webRoomUrl(roomId: string): string | null;
  /** A one-time code that signs the web page in as this user; only where there is a page. */
  webLoginCode(): Promise<string>;
  /** Makes sure of a session under this name; nothing where WeChat vouches for the caller. */
  signIn(name: string): Promise<void>;
  /** The name of the session so far, empty before the first. */
  currentName(): string;
  invoke<N extends FunctionName>(name: N, data: FunctionEvent<N>): Promise<FunctionData<N>>;
  listRooms(limit: number, skip: number): Promise<RoomPage>;
}

export interface BackendParts {
  readonly clock: Clock;
  readonly store: KeyValueStore;
  readonly http: Http;
  readonly wechatCredentials: Credentials;
  readonly cloud: (env: string) => CallCloud;
  /** Name of a guest who has not said one. */
  readonly guestName: () => string;
}

/** The back end that the configuration chooses; call `checkConfig` first. */
export function createBackend(config: BackendConfig, parts: BackendParts): Backend {
  return config.kind === 'self-hosted' ? selfHosted(config, parts) : inCloud(config, parts);
}

/** What a web page's session has at least left: a long call. */
const WEB_SESSION_MS = 12 * 3_600_000;

function selfHosted(config: SelfHostedConfig, parts: BackendParts): Backend {
  const guest = config.login === 'guest';
  const client = new Client({
    http: parts.http,
    baseUrl: config.baseUrl,
    store: parts.store,
    clock: parts.clock,
    defaultName: parts.guestName,
    ...(guest ? {} : { credentials: parts.wechatCredentials }),
  });
  return {
    clock: parts.clock,
    media: { kind: 'rtmp', serverUrl: config.baseUrl },
    asksName: guest,
    // Signalling keeps the seat here.
    needsHeartbeat: false,
    webRoomUrl: (roomId) => `${config.baseUrl}/r/${encodeURIComponent(roomId)}`,
    async webLoginCode() {
      // The page's session ends with this one, so it begins with a long one.
      const { current } = client.session;
      if (current !== null && current.expiresAt - parts.clock.now() < WEB_SESSION_MS)
        client.session.forget(current.token);
      return (await client.invoke('webrtc-login-code', {})).code;
    },
    signIn: async (name) => {
      await client.session.ensure(guest && name !== '' ? name : undefined);
    },
    currentName: () => (guest ? (client.session.current?.userName ?? '') : ''),
    invoke: (name, data) => client.invoke(name, data),
    listRooms: (limit, skip) => client.listRooms(limit, skip),
  };
}

function inCloud(config: CloudConfig, parts: BackendParts): Backend {
  const callCloud = parts.cloud(config.env);
  const call = async <N extends FunctionName>(name: N, data: FunctionEvent<N>) => {
    let answer: unknown;
    try {
      answer = await callCloud(name, data);
    } catch (cause) {
      throw new ClientError('network', cause instanceof Error ? cause.message : 'The cloud function did not answer.', {
        cause,
      });
    }
    return readEnvelope<FunctionData<N>>(answer);
  };
  return {
    clock: parts.clock,
    media: { kind: 'trtc', sdkAppId: config.sdkAppId },
    // WeChat tells the functions who calls.
    asksName: false,
    needsHeartbeat: true,
    webRoomUrl: () => null,
    async webLoginCode() {
      throw new ClientError('invalid', 'Rooms with cloud functions have no web page.');
    },
    signIn: async () => {},
    currentName: () => '',
    invoke: async (name, data) => (await call(name, data)).data,
    async listRooms(limit, skip) {
      const { data, total } = await call('webrtc-get-room-list', { skip, limit });
      if (!Array.isArray(data)) throw new ClientError('server', 'The room list is no list.');
      return { rooms: data, total: total ?? skip + data.length };
    },
  };
}

/** The original left `code` out on success, so its absence beside `data` is one. */
function readEnvelope<T>(answer: unknown): Envelope<T> {
  if (typeof answer !== 'object' || answer === null) {
    throw new ClientError('server', 'The cloud function answered nothing. Is it deployed?');
  }
  const { code, message, data, total } = answer as Readonly<Record<string, unknown>>;
  const number = code === undefined && data !== undefined ? 0 : Number(code);
  const text = typeof message === 'string' ? message : '';
  if (!Number.isInteger(number)) throw new ClientError('server', 'The cloud function answered no envelope.');
  if (number !== 0) throw new ClientError(reasonOfFunctionCode(number), text, { code: number });
  return { code: 0, message: text, data: data as T, ...(typeof total === 'number' ? { total } : {}) };
}
