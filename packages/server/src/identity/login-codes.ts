import { createHash, randomBytes } from 'node:crypto';
import type { Subject } from '@lianmai/functions';
import { type FunctionData, LianmaiError } from '@lianmai/protocol';
import type { LoginCode, LoginCodeLimits, LoginCodeStore } from '@lianmai/stores';
import { RateLimitError } from '../http/rate.ts';
import type { SessionKind } from './sessions.ts';

/** 192 bits, 32 characters: nobody guesses one, and an address holds it unescaped. */
const CODE_BYTES = 24;

export interface CodeLogin {
  readonly kind: SessionKind;
  readonly endsAt: number | null;
}

/**
 * One-time login codes: somebody who is signed in gets one, and whoever shows it first becomes the same user. A web page in
 * a mini program is given it in the fragment of its address. The store keeps a hash, so a copy of it opens nothing;
 * with this much randomness a plain hash is enough.
 */
export class LoginCodes {
  readonly #store: LoginCodeStore;
  readonly #lifeSeconds: number;
  readonly #limits: LoginCodeLimits;
  readonly #now: () => number;

  constructor(
    store: LoginCodeStore,
    lifeSeconds: number,
    limits: LoginCodeLimits,
    now: () => number = () => Date.now(),
  ) {
    this.#store = store;
    this.#lifeSeconds = lifeSeconds;
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * @param login how the user is known, and when (Unix ms) what he becomes by the code has to end; null for no end of its own.
   * @throws RateLimitError when as many codes are open as may be.
   */
  async issue(subject: Subject, login: CodeLogin): Promise<FunctionData<'webrtc-login-code'>> {
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const now = this.#now();
    const kept = await this.#store.keepLoginCode(
      {
        hash: hashOf(code),
        ...subject,
        kind: login.kind,
        sessionEndsAt: login.endsAt,
        expiresAt: now + this.#lifeSeconds * 1000,
      },
      this.#limits,
      now,
    );
    if (!kept) throw new RateLimitError(this.#lifeSeconds);
    return { code, expiresIn: this.#lifeSeconds };
  }

  /** @throws LianmaiError loginRefused, in the same words whether the code was never there, used or too old. */
  async redeem(code: string): Promise<LoginCode> {
    const found = await this.#store.takeLoginCode(hashOf(code), this.#now());
    if (found !== null) return found;
    throw new LianmaiError(
      'loginRefused',
      'This login code is wrong, used already or too old. Open the page anew from where you are signed in.',
    );
  }

  /** Forgets codes that nobody used in time. */
  sweep(): Promise<number> {
    return this.#store.purgeLoginCodes(this.#now());
  }
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('base64url');
}
