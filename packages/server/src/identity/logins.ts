import { randomBytes } from 'node:crypto';
import { type FunctionData, LianmaiError, type ParsedEvent } from '@lianmai/protocol';
import type { IdentityStore } from '@lianmai/stores';
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
}

/** `webrtc-login`: guests by name, WeChat users by code. */
export class Logins {
  readonly #parts: LoginParts;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /** @param bearer the session token that came along, if any: a guest who shows his old one stays the same user. */
  async login(event: ParsedEvent<'webrtc-login'>, bearer: string | null): Promise<FunctionData<'webrtc-login'>> {
    return event.type === 'guest' ? this.#guest(event.name, bearer) : this.#wechat(event.code);
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
