/** A LiveKit server as far as its server API and webhooks go, in front of {@link FakeMedia}, for tests. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AccessToken } from 'livekit-server-sdk';
import { FakeMedia } from './fake-engine.ts';

export class FakeLivekit {
  readonly keys = { key: 'devkey', secret: 'a-livekit-secret-of-its-own' };
  readonly media = new FakeMedia(() => this.keys);
  readonly #server: Server;
  /** Where events go. */
  webhookUrl: string | null = null;
  #sending: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#server = createServer(async (request, response) => {
      const method = (request.url ?? '').split('/').at(-1) ?? '';
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const answer = await this.media.call(method, request.headers.authorization ?? null, text);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
    this.media.onEvent((json) => {
      this.#sending = this.#sending.then(() => this.webhook(json));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address() as AddressInfo;
    return `ws://127.0.0.1:${address.port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Sends one signed event; answers the HTTP status. */
  async webhook(json: string, secret = this.keys.secret): Promise<number> {
    if (this.webhookUrl === null) return 0;
    const token = new AccessToken(this.keys.key, secret, { ttl: 60 });
    token.sha256 = createHash('sha256').update(json).digest('base64');
    const response = await fetch(this.webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/webhook+json', authorization: await token.toJwt() },
      body: json,
    });
    return response.status;
  }

  /** Resolves when every event so far has been answered. */
  async delivered(): Promise<void> {
    for (let seen: Promise<unknown> | null = null; seen !== this.#sending; ) {
      seen = this.#sending;
      await seen;
    }
  }
}
