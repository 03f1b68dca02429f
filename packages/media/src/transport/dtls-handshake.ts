import type { KeyObject } from 'node:crypto';
import type { DtlsClient, DtlsServer } from 'werift';
import { matchesFingerprint } from './dtls-certificate.ts';
import { HandshakeReassembly } from './dtls-reassembly.ts';
import { publicKeyOf, verifyCertificateVerify, verifyFinished, verifyServerKeyExchange } from './dtls-verify.ts';
import type { DtlsFingerprint, DtlsRole } from './types.ts';

type Socket = DtlsClient | DtlsServer;
type Message = Parameters<Socket['handleFragmentHandshake']>[0][number];

const HANDSHAKE = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** What may come, in this order; a type with `optional` may be left out. */
const EXPECTED: Readonly<Record<DtlsRole, readonly { readonly type: number; readonly optional?: true }[]>> = {
  server: [
    { type: HANDSHAKE.clientHello },
    { type: HANDSHAKE.clientHello },
    { type: HANDSHAKE.certificate },
    { type: HANDSHAKE.clientKeyExchange },
    { type: HANDSHAKE.certificateVerify },
    { type: HANDSHAKE.finished },
  ],
  client: [
    { type: HANDSHAKE.helloVerifyRequest, optional: true },
    { type: HANDSHAKE.serverHello },
    { type: HANDSHAKE.certificate },
    { type: HANDSHAKE.serverKeyExchange },
    { type: HANDSHAKE.certificateRequest, optional: true },
    { type: HANDSHAKE.serverHelloDone },
    { type: HANDSHAKE.finished },
  ],
};

/**
 * Messages whose repetition tells that our answer was lost: the library answers them again. Any other repetition is
 * dropped.
 */
const ANSWERED_AGAIN: Readonly<Record<DtlsRole, readonly number[]>> = {
  server: [HANDSHAKE.clientHello, HANDSHAKE.finished],
  client: [HANDSHAKE.serverHelloDone],
};

/**
 * Stands between werift's record layer and its handshake: hands messages on in order and once, and checks what werift
 * does not (fingerprint, proof of the certificate's key, Finished). Reasons to fail are told through `fail`.
 */
export class HandshakeGuard {
  readonly #socket: Socket;
  readonly #role: DtlsRole;
  readonly #fingerprints: readonly DtlsFingerprint[];
  readonly #fail: (reason: string) => void;
  readonly #handle: (messages: Message[]) => Promise<void>;
  readonly #reassembly = new HandshakeReassembly();
  readonly #whole: Message[] = [];
  #step = 0;
  #key: KeyObject | null = null;
  #verified = false;
  #failed = false;
  /** Epoch of the record that is being read: Finished must be encrypted, everything else comes before. */
  epoch = 0;

  constructor(
    socket: Socket,
    role: DtlsRole,
    fingerprints: readonly DtlsFingerprint[],
    fail: (reason: string) => void,
  ) {
    this.#socket = socket;
    this.#role = role;
    this.#fingerprints = fingerprints;
    this.#fail = fail;
    this.#handle = socket.onHandleHandshakes;
    socket.onHandleHandshakes = () => Promise.resolve();
    socket.handleFragmentHandshake = (messages) => {
      for (const message of messages) this.#receive(message);
      return [];
    };
  }

  /** Whether the other end proved to own the announced certificate and to share the keys. */
  get verified(): boolean {
    return this.#verified && !this.#failed;
  }

  #receive(piece: Message): void {
    if (this.#failed) return;
    if ((piece.msg_type === HANDSHAKE.finished) !== (this.epoch === 1)) return;
    if (this.#reassembly.add(piece) === 'repeated') {
      this.#repeat(piece);
      return;
    }
    for (let next = this.#reassembly.take(); next !== null && !this.#failed; next = this.#reassembly.take()) {
      const message: Message = Object.assign(Object.create(Object.getPrototypeOf(piece)), {
        msg_type: next.type,
        length: next.body.length,
        message_seq: next.seq,
        fragment_offset: 0,
        fragment_length: next.body.length,
        fragment: next.body,
      });
      this.#whole[next.seq] = message;
      const problem = this.#check(message);
      if (problem !== null) {
        this.#end(problem);
        return;
      }
      this.#pass(message);
    }
  }

  #repeat(piece: Message): void {
    const last = this.#reassembly.next - 1;
    const message = this.#whole[piece.message_seq];
    if (piece.message_seq !== last || piece.fragment_offset !== 0 || message === undefined) return;
    if (ANSWERED_AGAIN[this.#role].includes(message.msg_type)) this.#pass(message);
  }

  #pass(message: Message): void {
    this.#handle([message]).catch(() => {
      this.#end(`message ${message.msg_type} refused`);
    });
  }

  #check(message: Message): string | null {
    const expected = EXPECTED[this.#role];
    let step = this.#step;
    while (expected[step]?.optional === true && expected[step]?.type !== message.msg_type) step++;
    if (expected[step]?.type !== message.msg_type) return `unexpected message ${message.msg_type}`;
    this.#step = step + 1;
    switch (message.msg_type) {
      case HANDSHAKE.certificate:
        return this.#checkCertificate(message.fragment);
      case HANDSHAKE.serverKeyExchange: {
        const { localRandom, remoteRandom } = this.#socket.cipher;
        const valid =
          this.#key !== null &&
          verifyServerKeyExchange(message.fragment, localRandom.serialize(), remoteRandom.serialize(), this.#key);
        return valid ? null : 'key exchange not signed by the certificate';
      }
      case HANDSHAKE.certificateVerify: {
        const valid = this.#key !== null && verifyCertificateVerify(message.fragment, this.#transcript(), this.#key);
        return valid ? null : 'handshake not signed by the certificate';
      }
      case HANDSHAKE.finished: {
        const side = this.#role === 'server' ? 'client' : 'server';
        const secret = this.#socket.cipher.masterSecret;
        if (!verifyFinished(message.fragment, side, secret, this.#transcript())) return 'Finished does not match';
        this.#verified = true;
        return null;
      }
      default:
        return null;
    }
  }

  /** Certificate (RFC 5246 §7.4.2): the first of the list is the other end's own. */
  #checkCertificate(body: Buffer): string | null {
    if (body.length < 6) return 'no certificate';
    const der = body.subarray(6, 6 + body.readUIntBE(3, 3));
    if (!matchesFingerprint(der, this.#fingerprints)) return 'certificate does not match the announced fingerprint';
    this.#key = publicKeyOf(der);
    return this.#key === null ? 'certificate cannot be read' : null;
  }

  /** Every handshake message so far, without the exchange of cookies (RFC 6347 §4.2.6). */
  #transcript(): Buffer {
    return Buffer.concat(this.#socket.dtls.sortedHandshakeCache.map((message) => message.serialize()));
  }

  #end(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#fail(reason);
  }
}
