import { createHmac, timingSafeEqual } from 'node:crypto';
import { isUserId } from '@lianmai/protocol';

/** How the user of a session came in. */
export type SessionKind = 'guest' | 'wechat';

export interface Session {
  readonly userId: string;
  readonly userName: string;
  readonly kind: SessionKind;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** As `webrtc-login` answers it. */
export interface IssuedSession {
  readonly token: string;
  readonly userID: string;
  readonly userName: string;
  readonly kind: SessionKind;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** First part of every session token: tells it from a JWT, and leaves room for another form later. */
const PREFIX = 'lm1';
const MAX_TOKEN_LENGTH = 1024;
/** Authentic tokens remembered, since checking one costs more than all the rest of a small call. */
const REMEMBERED = 4096;

/**
 * Sessions are signed tokens: `lm1.<base64url JSON>.<base64url HMAC-SHA256>`. No store is asked to read one, so a call
 * costs microseconds and running calls survive the loss of the database.
 */
export class Sessions {
  readonly #secret: Buffer;
  readonly #lifeMs: number;
  readonly #now: () => number;
  /** Sessions of authentic tokens; the one remembered first is forgotten first. */
  readonly #authentic = new Map<string, Session>();

  /** @param secret at least 32 characters, kept in the store. */
  constructor(secret: string, lifeSeconds: number, now: () => number = Date.now) {
    if (secret.length < 32) throw new TypeError('the session secret is too short');
    this.#secret = Buffer.from(secret);
    this.#lifeMs = lifeSeconds * 1000;
    this.#now = now;
  }

  /** @param endsAt an end (Unix ms) that the session must not outlive. */
  issue(user: { userId: string; userName: string; kind: SessionKind }, endsAt: number | null = null): IssuedSession {
    const expiresAt = Math.min(this.#now() + this.#lifeMs, endsAt ?? Number.POSITIVE_INFINITY);
    const payload = Buffer.from(
      JSON.stringify({ u: user.userId, n: user.userName, k: user.kind, e: expiresAt }),
    ).toString('base64url');
    const token = `${PREFIX}.${payload}.${this.#mac(payload)}`;
    return { token, userID: user.userId, expiresAt, userName: user.userName, kind: user.kind };
  }

  /** The session of an authentic token, even if it ran out up to `graceMs` ago; null for everything else. */
  read(token: string, graceMs = 0): Session | null {
    if (token.length > MAX_TOKEN_LENGTH) return null;
    const session = this.#authentic.get(token) ?? this.#authenticate(token);
    return session !== null && session.expiresAt + graceMs > this.#now() ? session : null;
  }

  /** Whether a bearer token has the form of a session. */
  static looksLike(token: string): boolean {
    return token.startsWith(`${PREFIX}.`);
  }

  #authenticate(token: string): Session | null {
    const [prefix, payload, mac, more] = token.split('.');
    if (prefix !== PREFIX || payload === undefined || mac === undefined || more !== undefined) return null;
    const expected = Buffer.from(this.#mac(payload));
    const given = Buffer.from(mac);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const session = decode(payload);
    if (session === null) return null;
    if (this.#authentic.size >= REMEMBERED) {
      for (const oldest of this.#authentic.keys()) {
        this.#authentic.delete(oldest);
        break;
      }
    }
    this.#authentic.set(token, session);
    return session;
  }

  #mac(payload: string): string {
    return createHmac('sha256', this.#secret).update(`${PREFIX}.${payload}`).digest('base64url');
  }
}

/** Only authentic payloads come here; the checks guard against payloads of another version of this program. */
function decode(payload: string): Session | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (typeof value !== 'object' || value === null) return null;
    const { u, n, k, e } = value as Record<string, unknown>;
    if (!isUserId(u) || typeof n !== 'string' || typeof e !== 'number') return null;
    return k === 'guest' || k === 'wechat' ? { userId: u, userName: n, kind: k, expiresAt: e } : null;
  } catch {
    return null;
  }
}
