import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';

/**
 * A TCP relay before the HTTP port: cuts signalling as a dying network does, without a closing handshake, and shows
 * which paths clients ask for. It works alike for every target and every SDK.
 */
export class SignalProxy {
  /** Request lines seen (`GET /rtc/v1`), without the query. */
  readonly requests: string[] = [];
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly upstream: Socket }>();
  #refusing = false;
  #frozen = false;
  #port = 0;

  constructor(targetUrl: string) {
    const { hostname, port } = new URL(targetUrl);
    this.#target = { host: hostname, port: Number(port) };
    this.#server = createServer((client) => this.#accept(client));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    return this;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resets every connection. New ones are refused until {@link restore} when `refuse` is set. */
  cut(refuse = false): void {
    this.#refusing = refuse;
    for (const pair of this.#pairs) {
      pair.client.resetAndDestroy();
      pair.upstream.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  /** Lets nothing pass any more, and tells nobody: a network that vanished. */
  freeze(): void {
    this.#frozen = true;
    for (const pair of this.#pairs) {
      pair.client.pause();
      pair.upstream.pause();
    }
  }

  /** Takes new connections again. */
  restore(): void {
    this.#refusing = false;
    this.#frozen = false;
    for (const pair of this.#pairs) {
      pair.client.resume();
      pair.upstream.resume();
    }
  }

  async close(): Promise<void> {
    this.cut(true);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    if (this.#refusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = netConnect(this.#target);
    const pair = { client, upstream };
    this.#pairs.add(pair);
    let head = '';
    client.on('data', (chunk) => {
      if (head.length < 64) {
        head += chunk.toString('latin1', 0, 200);
        const line = /^([A-Z]+) ([^ ?\r\n]+)/.exec(head);
        if (line !== null) {
          this.requests.push(`${line[1]} ${line[2]}`);
          head = ' '.repeat(64);
        }
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => client.write(chunk));
    const drop = () => {
      client.destroy();
      upstream.destroy();
      this.#pairs.delete(pair);
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', drop);
      socket.on('close', drop);
    }
    if (this.#frozen) {
      client.pause();
      upstream.pause();
    }
  }
}
