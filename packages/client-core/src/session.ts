import type { FunctionEvent } from '@lianmai/protocol';
import { ClientError } from './failure.ts';
import { envelopeError, postFunction } from './functions.ts';
import type { Clock, Http, KeyValueStore } from './ports.ts';

/** Who the caller is, until when. */
export interface SessionInfo {
  readonly token: string;
  readonly userID: string;
  readonly userName: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

export interface SessionOptions {
  readonly http: Http;
  readonly baseUrl: string;
  readonly store: KeyValueStore;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** A session is renewed when it has less than this left. */
  readonly renewBeforeMs: number;
  /** Name of a session that is needed before the user has given one. */
  readonly defaultName: () => string;
  /** What is shown to sign in; a guest's name unless the platform knows its users (`wx.login`). */
  readonly credentials?: Credentials;
}

/** What `webrtc-login` is asked with, for a user who calls himself `name`. @throws ClientError when there is nothing to show. */
export type Credentials = (name: string) => Promise<FunctionEvent<'webrtc-login'>>;

const asGuest: Credentials = async (name) => ({ type: 'guest', name });

const KEY = 'lianmai.session';
const MAX_NAME_LENGTH = 32;

/**
 * The session of this client, a guest's unless `credentials` say otherwise: made at first need, kept in the store, renewed by its `expiresAt`. The renewing login
 * carries the session that it replaces, so that a server which can tell keeps the user's identity.
 */
export class Session {
  readonly #options: SessionOptions;
  #current: SessionInfo | null;
  #pending: { readonly name: string; readonly login: Promise<SessionInfo> } | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#current = readStored(options.store.get(KEY));
  }

  /** The session as it is, even when it is about to end; `null` before the first login. */
  get current(): SessionInfo | null {
    return this.#current;
  }

  /**
   * A session that is good for a while yet, under this name when one is given.
   *
   * @throws ClientError `sign-in` when the server refuses, `network`, `server`.
   */
  async ensure(name?: string): Promise<SessionInfo> {
    const current = this.#current;
    const wanted =
      (name ?? current?.userName ?? this.#options.defaultName()).trim().slice(0, MAX_NAME_LENGTH) || 'Guest';
    if (current && current.userName === wanted && this.#isFresh(current)) return current;
    if (this.#pending?.name === wanted) return this.#pending.login;
    const login = this.#login(wanted).finally(() => {
      if (this.#pending?.login === login) this.#pending = null;
    });
    this.#pending = { name: wanted, login };
    return login;
  }

  /** Forgets a session that the server no longer knows; the next call signs in anew. */
  forget(token: string): void {
    if (this.#current?.token !== token) return;
    this.#current = { ...this.#current, expiresAt: 0 };
  }

  #isFresh(session: SessionInfo): boolean {
    return session.expiresAt - this.#options.clock.now() > this.#options.renewBeforeMs;
  }

  async #login(name: string): Promise<SessionInfo> {
    const { http, baseUrl, store, timeoutMs } = this.#options;
    // An old session still tells the server who the guest was.
    const token = this.#current?.token ?? null;
    const data = await (this.#options.credentials ?? asGuest)(name);
    const answer = await postFunction(http, baseUrl, { name: 'webrtc-login', data }, { token, timeoutMs });
    if (answer.result.code !== 0) throw envelopeError(answer.result, answer.retryAfterMs);
    const made = answer.result.data;
    if (
      !made ||
      typeof made.token !== 'string' ||
      typeof made.userID !== 'string' ||
      typeof made.expiresAt !== 'number'
    ) {
      throw new ClientError('server', 'The login answered no session.');
    }
    const session: SessionInfo = { token: made.token, userID: made.userID, expiresAt: made.expiresAt, userName: name };
    this.#current = session;
    store.set(KEY, JSON.stringify(session));
    return session;
  }
}

function readStored(text: string | null): SessionInfo | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { token, userID, userName, expiresAt } = value as Record<string, unknown>;
    if (typeof token !== 'string' || typeof userID !== 'string') return null;
    if (typeof userName !== 'string' || typeof expiresAt !== 'number') return null;
    return { token, userID, userName, expiresAt };
  } catch {
    return null;
  }
}
