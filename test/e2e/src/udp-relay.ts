import { createSocket, type Socket } from 'node:dgram';

export interface LinkConditions {
  /** Share of packets lost towards the server, 0 … 1. */
  readonly lossUp?: number;
  /** Share of packets lost towards the client, 0 … 1. */
  readonly lossDown?: number;
  /** One-way delay in ms. */
  readonly delay?: number;
  /** Loses everything, both ways. */
  readonly blackout?: boolean;
}

/**
 * A bad network in user space: a UDP relay with a seeded random source. Each client address gets its own upstream
 * socket, so the server tells clients apart. Handshakes (STUN, DTLS) pass unharmed unless `blackout`: what is under
 * test is the repair of media, and a lost handshake only makes a run slow.
 */
export class UdpRelay {
  readonly #listener: Socket;
  readonly #upstreams = new Map<string, Socket>();
  readonly #serverPort: number;
  #conditions: LinkConditions = {};
  #state: number;
  #port = 0;
  dropped = 0;
  passed = 0;

  constructor(serverPort: number, seed = 1) {
    this.#serverPort = serverPort;
    this.#state = seed >>> 0;
    this.#listener = createSocket('udp4');
    this.#listener.on('message', (packet, from) => {
      const upstream = this.#upstreamOf(from.address, from.port);
      if (!this.#survives(packet, this.#conditions.lossUp ?? 0)) return;
      this.#send(() => upstream.send(packet, this.#serverPort, '127.0.0.1'));
    });
  }

  /** Where clients must send to. */
  get port(): number {
    return this.#port;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.bind(0, '127.0.0.1', resolve);
    });
    this.#port = this.#listener.address().port;
    return this;
  }

  set(conditions: LinkConditions): void {
    this.#conditions = conditions;
  }

  close(): void {
    this.#listener.close();
    for (const socket of this.#upstreams.values()) socket.close();
    this.#upstreams.clear();
  }

  #upstreamOf(address: string, port: number): Socket {
    const key = `${address}:${port}`;
    const known = this.#upstreams.get(key);
    if (known !== undefined) return known;
    const socket = createSocket('udp4');
    socket.on('message', (packet) => {
      if (!this.#survives(packet, this.#conditions.lossDown ?? 0)) return;
      this.#send(() => this.#listener.send(packet, port, address));
    });
    socket.on('error', () => {});
    socket.bind(0, '127.0.0.1');
    this.#upstreams.set(key, socket);
    return socket;
  }

  #survives(packet: Buffer, loss: number): boolean {
    const first = packet[0] ?? 0;
    // RFC 7983: 128 … 191 is RTP and RTCP, everything below is STUN or DTLS.
    const media = first >= 128 && first <= 191;
    const lost = this.#conditions.blackout === true || (media && this.#random() < loss);
    if (lost) this.dropped += 1;
    else this.passed += 1;
    return !lost;
  }

  #send(send: () => void): void {
    const delay = this.#conditions.delay ?? 0;
    const guarded = () => {
      try {
        send();
      } catch {
        // The test ended while a delayed packet was under way.
      }
    };
    if (delay > 0) setTimeout(guarded, delay).unref();
    else guarded();
  }

  /** mulberry32: small, fast, the same everywhere. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
}
