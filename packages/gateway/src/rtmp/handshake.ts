/**
 * The handshake (§5.2), as server and as client, in its simple form. The undocumented digest form was for Flash Player's
 * H.264: every publisher and player known today sends it at most as an offer and takes the simple answer (version 0).
 */
import { RtmpError } from './errors.ts';

const VERSION = 3;
const PACKET_BYTES = 1536;

/** Gathers the other side's three packets; what we answer comes out of `read` calls through `send`. */
export class Handshake {
  readonly #role: 'server' | 'client';
  readonly #send: (bytes: Uint8Array) => void;
  readonly #hello: Uint8Array;
  /** First packet of the other side with its version byte; null when it has been answered. */
  #first: Uint8Array | null = Buffer.allocUnsafe(1 + PACKET_BYTES);
  #have = 0;

  constructor(role: 'server' | 'client', random: Uint8Array, send: (bytes: Uint8Array) => void) {
    this.#role = role;
    this.#send = send;
    this.#hello = hello(random);
    if (role === 'client') send(this.#hello);
  }

  get done(): boolean {
    return this.#first === null && this.#have === PACKET_BYTES;
  }

  /** Takes what belongs to the handshake; returns where the rest begins. Throws {@link RtmpError} for another protocol. */
  read(data: Uint8Array, offset: number): number {
    let at = offset;
    if (this.#first !== null) {
      const take = Math.min(this.#first.length - this.#have, data.length - at);
      this.#first.set(data.subarray(at, at + take), this.#have);
      this.#have += take;
      at += take;
      if (this.#have > 0 && this.#first[0] !== VERSION) throw new RtmpError('handshake: not RTMP version 3');
      if (this.#have < this.#first.length) return at;
      // The echo of the other side's packet; it may be sent before ours has been echoed.
      const echo = this.#first.subarray(1);
      this.#send(this.#role === 'server' ? Buffer.concat([this.#hello, echo]) : echo);
      this.#first = null;
      this.#have = 0;
    }
    // The last packet should echo ours. Clients differ in what they put there (a digest, zeros), so it is passed over.
    const skip = Math.min(PACKET_BYTES - this.#have, data.length - at);
    this.#have += skip;
    return at + skip;
  }
}

/** Version, time 0, version 0.0.0.0 (the simple form), and 1,528 bytes of anything. */
function hello(random: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(1 + PACKET_BYTES);
  bytes[0] = VERSION;
  bytes.set(random.subarray(0, PACKET_BYTES - 8), 9);
  return bytes;
}

/** Bytes of noise that the constructor wants. */
export const HANDSHAKE_RANDOM_BYTES = PACKET_BYTES - 8;
