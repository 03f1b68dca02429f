import { isUserId, LianmaiError } from '@lianmai/protocol';
import { z } from 'zod';

/** Answers the openid behind a login code. */
export interface WechatLogin {
  /** @throws LianmaiError loginRefused, tooManyRequests, loginDisabled or loginUnavailable, each with what to do. */
  openId(code: string): Promise<string>;
}

/** WeChat's answer. The session_key in it is dropped here: nothing of ours needs it, and it must never leave. */
const answerSchema = z.object({
  openid: z.string().optional(),
  errcode: z.number().optional(),
});

const TIMEOUT_MS = 5_000;
const MAX_ANSWER = 16_384;

/** WeChat's own server, or a stand-in of it, behind `GET /sns/jscode2session`. */
export function createWechatLogin(options: { appId: string; secret: string; baseUrl: string }): WechatLogin {
  return {
    async openId(code) {
      const url = new URL(`${options.baseUrl}/sns/jscode2session`);
      url.searchParams.set('appid', options.appId);
      url.searchParams.set('secret', options.secret);
      url.searchParams.set('js_code', code);
      url.searchParams.set('grant_type', 'authorization_code');
      let answer = await ask(url);
      // -1: "system busy, try again" in WeChat's own words; once is polite.
      if (answer.errcode === -1) answer = await ask(url);
      if (answer.errcode !== undefined && answer.errcode !== 0) throw refusal(answer.errcode);
      // An openid is 28 characters of the same alphabet as our user ids; anything else is not an answer we know.
      if (!isUserId(answer.openid)) throw busy();
      return answer.openid;
    },
  };
}

async function ask(url: URL): Promise<z.output<typeof answerSchema>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    const text = await response.text();
    if (!response.ok || text.length > MAX_ANSWER) throw busy();
    return answerSchema.parse(JSON.parse(text));
  } catch {
    // No cause is kept: fetch errors name the URL, and the URL holds the AppSecret and the code.
    throw busy();
  }
}

function busy(): LianmaiError {
  return new LianmaiError('loginUnavailable');
}

function refusal(errcode: number): LianmaiError {
  switch (errcode) {
    case 40029:
    case 40163:
      return new LianmaiError('loginRefused', 'The login code is invalid or used up. Call wx.login and try again.');
    case 40226:
      return new LianmaiError('loginRefused', 'WeChat has blocked this user as high-risk. He cannot sign in here.');
    case 45011:
      return new LianmaiError('tooManyRequests', 'This user signs in too often. Wait a minute, then try again.');
    case 40013:
    case 40125:
      return new LianmaiError(
        'loginDisabled',
        'WeChat does not accept the AppID or AppSecret of this server. Tell its operator.',
      );
    default:
      return busy();
  }
}
