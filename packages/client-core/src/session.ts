import type { FunctionData, FunctionEvent } from '@lianmai/protocol';
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
  /**
   * Signed in by a one-time code, as a user of this kind. A `wechat` user cannot be signed in again from here: his name is not
   * changed, and when his session ends no guest silently takes his place.
   */
  readonly lent?: 'guest' | 'wechat';
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
  /** Settles, and never rejects, when no code is under way any more. */
  #redeeming: Promise<void> | null = null;
  #redemptions = 0;
  /** The latest redemption that made a session. */
  #redeemed = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#current = readStored(options.store.get(KEY));
  }

  /** The session as it is, even when it is about to end; `null` before the first login. */
  get current(): SessionInfo | null {
    return this.#current;
  }

  /**
   * Signs in by a one-time code, as the user who asked for it; in place of whoever was signed in here. Calls of `ensure` wait
   * for the outcome, so that nobody becomes a guest meanwhile.
   *
   * @throws ClientError `sign-in` for a code that is wrong, used or too old; `network`, `server`, `busy`.
   */
  redeem(code: string): Promise<SessionInfo> {
    this.#redemptions += 1;
    const turn = this.#redemptions;
    const login = this.#post({ type: 'code', code }, null).then((made) => {
      const session: SessionInfo = {
        token: made.token,
        userID: made.userID,
        expiresAt: made.expiresAt,
        userName: typeof made.userName === 'string' ? made.userName : '',
        lent: made.kind === 'guest' ? 'guest' : 'wechat',
      };
      // A newer code was answered first.
      if (turn < this.#redeemed) return session;
      this.#redeemed = turn;
      return this.#keep(session);
    });
    const earlier = this.#redeeming;
    const done = async () => {
      await earlier;
      if (this.#redeeming === all) this.#redeeming = null;
    };
    const all = login.then(done, done);
    this.#redeeming = all;
    return login;
  }

  /** Forgets who was signed in: the next call is a new guest's. */
  signOut(): void {
    this.#current = null;
    this.#options.store.remove(KEY);
  }

  /**
   * A session that is good for a while yet, under this name when one is given.
   *
   * @throws ClientError `sign-in` when the server refuses, or when a session by code is over; `network`, `server`.
   */
  async ensure(name?: string): Promise<SessionInfo> {
    await this.#codesAnswered();
    const current = this.#current;
    if (current?.lent === 'wechat') {
      // Good to its last moment: there is no renewing it.
      if (current.expiresAt > this.#options.clock.now()) return current;
      throw new ClientError('sign-in', 'The session by a one-time code is over.');
    }
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

  /** What becomes of a code is told to who redeems it. */
  async #codesAnswered(): Promise<void> {
    while (this.#redeeming !== null) await this.#redeeming;
  }

  #isFresh(session: SessionInfo): boolean {
    return session.expiresAt - this.#options.clock.now() > this.#options.renewBeforeMs;
  }

  async #login(name: string): Promise<SessionInfo> {
    // An old session still tells the server who the guest was.
    const token = this.#current?.token ?? null;
    const redeemed = this.#redeemed;
    const data = await (this.#options.credentials ?? asGuest)(name);
    const { token: made, userID, expiresAt } = await this.#post(data, token);
    await this.#codesAnswered();
    // A code that came meanwhile: the user is whom it says. One that was refused changes nothing.
    if (this.#redeemed !== redeemed && this.#current !== null) return this.#current;
    const lent = this.#current?.userID === userID ? this.#current.lent : undefined;
    return this.#keep({ token: made, userID, expiresAt, userName: name, ...(lent === undefined ? {} : { lent }) });
  }

  async #post(data: FunctionEvent<'webrtc-login'>, token: string | null): Promise<FunctionData<'webrtc-login'>> {
    const { http, baseUrl, timeoutMs } = this.#options;
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
    return made;
  }

  #keep(session: SessionInfo): SessionInfo {
    this.#current = session;
    this.#options.store.set(KEY, JSON.stringify(session));
    return session;
  }
}

function readStored(text: string | null): SessionInfo | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { token, userID, userName, expiresAt, lent } = value as Record<string, unknown>;
    if (typeof token !== 'string' || typeof userID !== 'string') return null;
    if (typeof userName !== 'string' || typeof expiresAt !== 'number') return null;
    return { token, userID, userName, expiresAt, ...(lent === 'guest' || lent === 'wechat' ? { lent } : {}) };
  } catch {
    return null;
  }
}
