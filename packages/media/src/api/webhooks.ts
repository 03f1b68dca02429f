/**
 * Signed delivery of events over HTTP, as LiveKit does it: the Authorization header is a token that carries the body's
 * SHA-256. Each URL has its own bounded queue and takes one event at a time, so the order of every room holds.
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { TokenAuthority } from '../signal/token.ts';

export interface WebhookOptions {
  readonly urls: readonly string[];
  readonly apiKey?: string | undefined;
  readonly attempts: number;
  readonly retryMs: number;
  readonly timeoutMs: number;
  /** Events waiting for one URL; the oldest is dropped beyond it. */
  readonly queue: number;
}

export interface PostAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly body?: { cancel(): Promise<void> } | null;
}

export type Post = (url: string, init: RequestInit) => Promise<PostAnswer>;

export class WebhookSender {
  readonly #queues: readonly UrlQueue[];

  constructor(options: WebhookOptions, tokens: TokenAuthority, log: Logger, post: Post = fetch) {
    this.#queues = options.urls.map((url) => new UrlQueue(url, options, tokens, log, post));
  }

  send(json: string): void {
    for (const queue of this.#queues) queue.push(json);
  }

  /** Resolves when everything was delivered or given up. */
  async drained(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.drained()));
  }

  /** Forgets what waits and breaks off what is under way. */
  stop(): void {
    for (const queue of this.#queues) queue.stop();
  }

  get dropped(): number {
    return this.#queues.reduce((sum, queue) => sum + queue.dropped, 0);
  }
}

class UrlQueue {
  dropped = 0;
  readonly #url: string;
  readonly #options: WebhookOptions;
  readonly #tokens: TokenAuthority;
  readonly #log: Logger;
  readonly #post: Post;
  readonly #abort = new AbortController();
  readonly #waiting: string[] = [];
  #running: Promise<void> | null = null;

  constructor(url: string, options: WebhookOptions, tokens: TokenAuthority, log: Logger, post: Post) {
    this.#url = url;
    this.#options = options;
    this.#tokens = tokens;
    this.#log = log;
    this.#post = post;
  }

  push(json: string): void {
    if (this.#abort.signal.aborted) return;
    if (this.#waiting.length >= this.#options.queue) {
      this.#waiting.shift();
      this.dropped++;
    }
    this.#waiting.push(json);
    this.#start();
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // What came after the last look into the queue found it still running.
      if (this.#waiting.length > 0) this.#start();
    });
  }

  async drained(): Promise<void> {
    while (this.#running) await this.#running;
  }

  stop(): void {
    this.#waiting.length = 0;
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    for (let json = this.#waiting.shift(); json !== undefined; json = this.#waiting.shift()) {
      await this.#deliver(json);
    }
  }

  async #deliver(json: string): Promise<void> {
    const { attempts, retryMs, timeoutMs } = this.#options;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (this.#abort.signal.aborted) return;
      let outcome: string;
      try {
        const answer = await this.#post(this.#url, {
          method: 'POST',
          body: json,
          headers: {
            'content-type': 'application/webhook+json',
            authorization: await this.#tokens.signBody(
              createHash('sha256').update(json).digest('base64'),
              this.#options.apiKey,
            ),
          },
          signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]),
          redirect: 'error',
        });
        // Nobody reads the body: left alone it would hold its connection.
        answer.body?.cancel().catch(() => {});
        if (answer.ok) return;
        outcome = `status ${answer.status}`;
        // The receiver has read it and does not want it: saying it again changes nothing.
        if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429) {
          this.#log.warn({ url: this.#url, outcome }, 'a webhook was refused');
          return;
        }
      } catch (error) {
        outcome = error instanceof Error ? error.message : 'failed';
      }
      if (attempt === attempts) {
        this.#log.warn({ url: this.#url, outcome, attempts }, 'a webhook was given up');
        return;
      }
      await this.#pause(retryMs * 2 ** (attempt - 1));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#abort.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#abort.signal.addEventListener('abort', done);
    });
  }
}
