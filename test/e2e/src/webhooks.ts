import { createServer, type Server } from 'node:http';
import { type WebhookEvent, WebhookReceiver } from 'livekit-server-sdk';
import { type WaitOptions, waitFor } from './wait.ts';

/** What one webhook call carried, verified. */
export interface ReceivedWebhook {
  readonly event: WebhookEvent;
  /** Name of the room that it is about, or ''. */
  readonly room: string;
  /** Identity of the participant that it is about, or ''. */
  readonly identity: string;
}

/** Receives webhooks as a product would: with the SDK's own verification. Refused calls are kept as `failures`. */
export class WebhookLog {
  readonly received: ReceivedWebhook[] = [];
  readonly failures: string[] = [];
  /** The last call as it came: for tests of the signature itself. */
  lastRaw: { readonly body: string; readonly authorization: string; readonly contentType: string } | null = null;
  readonly #server: Server;
  #port = 0;

  constructor(apiKey: string, apiSecret: string) {
    const receiver = new WebhookReceiver(apiKey, apiSecret);
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        const authorization = request.headers.authorization ?? '';
        this.lastRaw = { body, authorization, contentType: request.headers['content-type'] ?? '' };
        receiver.receive(body, authorization).then(
          (event) => {
            this.received.push({
              event,
              room: event.room?.name ?? '',
              identity: event.participant?.identity ?? '',
            });
            response.writeHead(200).end();
          },
          (error: unknown) => {
            this.failures.push(String(error));
            response.writeHead(401).end();
          },
        );
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/webhook`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Names of the events about a room, in the order of their arrival: `event` or `event:identity`. */
  story(room: string): string[] {
    return this.received
      .filter((one) => one.room === room)
      .map((one) => (one.identity === '' ? one.event.event : `${one.event.event}:${one.identity}`));
  }

  async waitFor(room: string, entry: string, options?: WaitOptions): Promise<ReceivedWebhook> {
    await waitFor(
      `webhook ${entry} of room ${room} (refused calls: ${this.failures.join('; ') || 'none'})`,
      () => this.story(room),
      (story) => story.includes(entry),
      options,
    );
    const [event, identity = ''] = entry.split(':');
    const found = this.received.find(
      (one) => one.room === room && one.event.event === event && one.identity === identity,
    );
    if (found === undefined) throw new Error(`webhook ${entry} vanished`);
    return found;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
