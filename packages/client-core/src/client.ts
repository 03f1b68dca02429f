import type { FunctionData, FunctionEvent, FunctionName, RoomInfo, RoomsigWebBody, SignInfo } from '@lianmai/protocol';
import { ClientError } from './failure.ts';
import { type CallRequest, type CallResult, envelopeError, postFunction } from './functions.ts';
import { type Clock, type Http, type KeyValueStore, systemClock } from './ports.ts';
import { requestRoomsig } from './roomsig.ts';
import { type Credentials, Session } from './session.ts';

export interface ClientOptions {
  readonly http: Http;
  /** Where the server is, without a slash at the end; empty for the page's own origin. */
  readonly baseUrl: string;
  readonly store: KeyValueStore;
  readonly clock?: Clock;
  /** A single request is given up after this long. */
  readonly timeoutMs?: number;
  readonly sessionRenewBeforeMs?: number;
  /** Name of a session that is needed before the user has given one. */
  readonly defaultName?: () => string;
  /** What is shown to sign in; a guest's name unless set. */
  readonly credentials?: Credentials;
}

/** One page of the room list. */
export interface RoomPage {
  readonly rooms: readonly RoomInfo[];
  readonly total: number;
}

/** Everything a client asks of the server, with its session taken care of. */
export class Client {
  readonly clock: Clock;
  readonly session: Session;
  readonly #http: Http;
  readonly #baseUrl: string;
  readonly #timeoutMs: number;

  constructor(options: ClientOptions) {
    this.clock = options.clock ?? systemClock;
    this.#http = options.http;
    this.#baseUrl = options.baseUrl;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.session = new Session({
      http: options.http,
      baseUrl: options.baseUrl,
      store: options.store,
      clock: this.clock,
      timeoutMs: this.#timeoutMs,
      renewBeforeMs: options.sessionRenewBeforeMs ?? 60_000,
      defaultName: options.defaultName ?? (() => 'Guest'),
      ...(options.credentials ? { credentials: options.credentials } : {}),
    });
  }

  /**
   * The shape of `wx.cloud.callFunction`: `{name, data}` in, `{result: {code, message, data}}` out. Signs in when needed,
   * and once more when the server has forgotten the session.
   *
   * @throws ClientError when no usable answer came, or the login was refused.
   */
  async callFunction<N extends FunctionName>(request: CallRequest<N>): Promise<CallResult<N>> {
    const { retryAfterMs: _, ...result } = await this.#call(request);
    return result;
  }

  /** Calls a function and answers its data. @throws ClientError for every code but 0. */
  async invoke<N extends FunctionName>(name: N, data: FunctionEvent<N>): Promise<FunctionData<N>> {
    const { result, retryAfterMs } = await this.#call({ name, data });
    if (result.code !== 0) throw envelopeError(result, retryAfterMs);
    return result.data as FunctionData<N>;
  }

  /** A page of the rooms, newest first. @throws ClientError */
  async listRooms(limit: number, skip = 0): Promise<RoomPage> {
    const { result, retryAfterMs } = await this.#call({ name: 'webrtc-get-room-list', data: { skip, limit } });
    if (result.code !== 0) throw envelopeError(result, retryAfterMs);
    if (!Array.isArray(result.data)) throw new ClientError('server', 'The room list is no list.');
    return { rooms: result.data, total: result.total ?? result.data.length };
  }

  /** A roomsig for the web. @throws ClientError */
  roomsig(signInfo: SignInfo, roomId: string): Promise<RoomsigWebBody> {
    const random = Math.floor(Math.random() * 100_000);
    return requestRoomsig(this.#http, this.#baseUrl, signInfo, roomId, { timeoutMs: this.#timeoutMs, random });
  }

  /** Frees the seat while the page is being closed: sent, and not waited for. */
  quitInBackground(roomId: string): void {
    const token = this.session.current?.token;
    if (!token) return;
    postFunction(
      this.#http,
      this.#baseUrl,
      { name: 'webrtc-quit-room', data: { roomID: roomId } },
      { token, timeoutMs: this.#timeoutMs, keepalive: true },
    ).catch(() => {
      // The engine frees the seat when the connection goes; this call only makes it quicker.
    });
  }

  async #call<N extends FunctionName>(request: CallRequest<N>) {
    const options = { timeoutMs: this.#timeoutMs };
    const session = request.name === 'webrtc-login' ? null : await this.session.ensure();
    const answer = await postFunction(this.#http, this.#baseUrl, request, {
      ...options,
      token: session?.token ?? null,
    });
    if (answer.result.code !== NOT_SIGNED_IN || session === null) return answer;
    this.session.forget(session.token);
    const renewed = await this.session.ensure();
    return postFunction(this.#http, this.#baseUrl, request, { ...options, token: renewed.token });
  }
}

const NOT_SIGNED_IN = 10006;
