import { randomBytes } from 'node:crypto';
import type { CallerSession, Subject } from '@lianmai/functions';
import { type FunctionData, LianmaiError, type ParsedEvent } from '@lianmai/protocol';
import type { IdentityStore } from '@lianmai/stores';
import type { LoginCodes } from './login-codes.ts';
import type { Sessions } from './sessions.ts';
import type { WechatLogin } from './wechat.ts';

export interface LoginParts {
  readonly sessions: Sessions;
  readonly identities: IdentityStore;
  readonly guestLogin: boolean;
  /** null: not set up. */
  readonly wechat: WechatLogin | null;
  /** How long after its end a guest's session still proves who he was. */
  readonly renewSeconds: number;
  readonly codes: LoginCodes;
}

/** `webrtc-login`: guests by name, WeChat users by WeChat's code, either by a code of ours that was handed out to him. */
export class Logins {
  readonly #parts: LoginParts;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /** @param bearer the session token that came along, if any: a guest who shows his old one stays the same user. */
  async login(event: ParsedEvent<'webrtc-login'>, bearer: string | null): Promise<FunctionData<'webrtc-login'>> {
    switch (event.type) {
      case 'guest':
        return this.#guest(event.name, bearer);
      case 'wechat':
        return this.#wechat(event.code);
      case 'code':
        return this.#code(event.code);
    }
  }

  /**
   * `webrtc-login-code`.
   * @param session what the user signed in with; null when a server key asks for him.
   * @throws RateLimitError when too many are open.
   */
  async loginCode(subject: Subject, session: CallerSession | null): Promise<FunctionData<'webrtc-login-code'>> {
    const { codes, identities } = this.#parts;
    if (session !== null) return codes.issue(subject, { kind: session.kind, endsAt: session.expiresAt });
    // A user of the operator's own, whom nobody here has seen, is a guest with a name given.
    const known = await identities.identity(subject.userId);
    return codes.issue(subject, { kind: known?.kind ?? 'guest', endsAt: null });
  }

  async #code(code: string): Promise<FunctionData<'webrtc-login'>> {
    const { userId, userName, kind, sessionEndsAt } = await this.#parts.codes.redeem(code);
    // It ends with the session that asked for it: codes prolong nothing.
    return this.#parts.sessions.issue({ userId, userName, kind }, sessionEndsAt);
  }

  async #guest(name: string, bearer: string | null): Promise<FunctionData<'webrtc-login'>> {
    const { sessions, identities, guestLogin, renewSeconds } = this.#parts;
    if (!guestLogin) throw new LianmaiError('loginDisabled');
    const previous = bearer === null ? null : sessions.read(bearer, renewSeconds * 1000);
    const userId = previous?.kind === 'guest' ? previous.userId : `g_${randomBytes(9).toString('base64url')}`;
    const make = () => ({ userId, userName: name, createdAt: Date.now() });
    const identity = await identities.ensureIdentity('guest', userId, make);
    if (identity.userName !== name) await identities.renameIdentity(userId, name);
    return sessions.issue({ userId: identity.userId, userName: name, kind: 'guest' });
  }

  async #wechat(code: string): Promise<FunctionData<'webrtc-login'>> {
    const { sessions, identities, wechat } = this.#parts;
    if (wechat === null) throw new LianmaiError('loginDisabled');
    const openId = await wechat.openId(code);
    // The openid stays here: other members see a user id of ours.
    const make = () => ({
      userId: `w_${randomBytes(12).toString('base64url')}`,
      userName: `微信用户${openId.slice(-4)}`,
      createdAt: Date.now(),
    });
    const { userId, userName } = await identities.ensureIdentity('wechat', openId, make);
    return sessions.issue({ userId, userName, kind: 'wechat' });
  }
}
