/** WeChat's `GET /sns/jscode2session` as its manual describes it, for tests: codes are good once. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class FakeWechat {
  readonly #server: Server;
  readonly #codes = new Map<string, string>();
  readonly #appId: string;
  readonly #secret: string;
  /** Answers with these `errcode`s first, one for each request. */
  readonly failNext: number[] = [];
  /** Answers something that is no JSON. */
  garbled = false;
  /** What a session_key looks like; must be seen nowhere. */
  readonly sessionKey = 'tiihtNczf5v6AKRyjwEUhQ==';
  requests = 0;

  constructor(appId: string, secret: string) {
    this.#appId = appId;
    this.#secret = secret;
    this.#server = createServer((request, response) => {
      this.requests += 1;
      const url = new URL(request.url ?? '/', 'http://stand-in');
      response.setHeader('content-type', 'text/plain');
      if (this.garbled) return void response.end('<html>502</html>');
      // Its failures have HTTP status 200 too.
      response.end(JSON.stringify(url.pathname === '/sns/jscode2session' ? this.#answer(url.searchParams) : {}));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${address.port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** What `wx.login` would give to this person. */
  loginCode(openId: string): string {
    const code = `0a${this.#codes.size}${'x'.repeat(28)}`;
    this.#codes.set(code, openId);
    return code;
  }

  #answer(query: URLSearchParams): object {
    const failure = this.failNext.shift();
    if (failure !== undefined) return { errcode: failure, errmsg: `stand-in failure, rid: 61e9` };
    if (query.get('appid') !== this.#appId) return { errcode: 40013, errmsg: 'invalid appid, rid: 61e9' };
    if (query.get('secret') !== this.#secret) return { errcode: 40125, errmsg: 'invalid appsecret, rid: 61e9' };
    if (query.get('grant_type') !== 'authorization_code') return { errcode: 40002, errmsg: 'invalid grant_type' };
    const code = query.get('js_code') ?? '';
    const openid = this.#codes.get(code);
    if (openid === undefined) return { errcode: 40029, errmsg: 'invalid code, rid: 61e9' };
    if (openid === '') return { errcode: 40163, errmsg: 'code been used, rid: 61e9' };
    this.#codes.set(code, '');
    return { session_key: this.sessionKey, openid, unionid: 'o6_bmasdasdsad6_2sgVt7hMZOPfL' };
  }
}
