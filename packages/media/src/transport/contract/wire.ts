import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { bindingRequest, parseStun, type StunMessage } from '../stun.ts';
import type { IceParameters } from '../types.ts';

/** Polls until `condition` holds. Fails with `what` after a long while: the suites' own time limit comes later. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface CheckOptions {
  readonly nominate?: boolean;
  readonly role?: 'controlling' | 'controlled';
  readonly username?: string;
  readonly password?: string;
}

/** One loopback socket that speaks to one transport: the controlling side of ICE, and the end of a wire. */
export class WireEnd {
  readonly socket: Socket;
  readonly #to: { readonly address: string; readonly port: number };
  readonly #responses = new Map<string, StunMessage>();
  /** Raw bytes of the last STUN response. */
  lastResponse: Buffer | null = null;
  /** Everything that is not STUN. */
  onPacket: (data: Buffer) => void = () => {};

  private constructor(socket: Socket, to: { readonly address: string; readonly port: number }) {
    this.socket = socket;
    this.#to = to;
    socket.on('message', (data: Buffer, _remote: RemoteInfo) => {
      const message = data[0]! < 4 ? parseStun(data) : null;
      if (message === null) this.onPacket(data);
      else {
        this.lastResponse = data;
        this.#responses.set(Buffer.from(message.transactionId).toString('hex'), message);
      }
    });
  }

  static async open(port: number): Promise<WireEnd> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    return new WireEnd(socket, { address: '127.0.0.1', port });
  }

  send(data: Uint8Array): void {
    this.socket.send(data, this.#to.port, this.#to.address);
  }

  /** Sends a check without waiting. */
  sendCheck(ice: IceParameters, options: CheckOptions = {}): string {
    const transactionId = randomBytes(12);
    this.send(
      bindingRequest({
        transactionId,
        username: options.username ?? `${ice.usernameFragment}:remote`,
        password: options.password ?? ice.password,
        role: options.role ?? 'controlling',
        useCandidate: options.nominate ?? true,
      }),
    );
    return transactionId.toString('hex');
  }

  response(transaction: string): StunMessage | undefined {
    return this.#responses.get(transaction);
  }

  /** Sends a check and waits for its response. */
  async check(ice: IceParameters, options?: CheckOptions): Promise<StunMessage> {
    const transaction = this.sendCheck(ice, options);
    await until(() => this.#responses.has(transaction), 'a STUN response');
    return this.#responses.get(transaction)!;
  }

  close(): void {
    this.socket.close();
  }
}

/** What happens to packets on their way: the packets to deliver instead. */
export type WireFilter = (data: Buffer) => readonly Buffer[];

/**
 * A link between two ICE-lite transports: it plays the controlling agent towards both, and carries everything else from
 * one to the other, through filters that may lose, repeat or change packets.
 */
export class Wire {
  readonly a: WireEnd;
  readonly b: WireEnd;
  fromA: WireFilter = (data) => [data];
  fromB: WireFilter = (data) => [data];

  private constructor(a: WireEnd, b: WireEnd) {
    this.a = a;
    this.b = b;
    a.onPacket = (data) => {
      for (const packet of this.fromA(data)) b.send(packet);
    };
    b.onPacket = (data) => {
      for (const packet of this.fromB(data)) a.send(packet);
    };
  }

  static async open(portA: number, portB: number): Promise<Wire> {
    return new Wire(await WireEnd.open(portA), await WireEnd.open(portB));
  }

  close(): void {
    this.a.close();
    this.b.close();
  }
}
