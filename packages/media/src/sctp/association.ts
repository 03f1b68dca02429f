import { randomBytes, randomInt } from 'node:crypto';
import { Inbound, type InboundMessage } from './inbound.ts';
import { Outbound, type OutboundMessage } from './outbound.ts';
import {
  buildChunk,
  buildPacket,
  buildParameter,
  CHUNK,
  type Chunk,
  DATA_FLAG,
  PARAMETER,
  parsePacket,
  parseParameters,
} from './packet.ts';
import { StreamResets } from './streams-reset.ts';

export interface AssociationOptions {
  readonly localPort: number;
  readonly remotePort: number;
  readonly maxReassemblyBytes: number;
  readonly sendPacket: (packet: Buffer) => void;
  /** Monotonic ms. */
  readonly clock: () => number;
  readonly onEstablished: () => void;
  readonly onMessage: (message: InboundMessage) => void;
  /** A message was acknowledged or given up. */
  readonly onReleased: (message: OutboundMessage) => void;
  /** The other end reset its side of streams; empty = all. */
  readonly onRemoteReset: (streams: readonly number[]) => void;
  readonly onLocalReset: (streams: readonly number[]) => void;
  readonly onFailed: (reason: string) => void;
}

type State = 'closed' | 'cookie-wait' | 'cookie-echoed' | 'established' | 'ended';

/** What the other end said in INIT or INIT ACK. */
interface PeerStart {
  readonly tag: number;
  readonly window: number;
  readonly tsn: number;
  readonly partialReliability: boolean;
}

const STREAMS = 65535;
const COOKIE_BYTES = 16;
const SACK_DELAY_MS = 20;
const START_TIMEOUT_MS = 500;
const MAX_START_TIMEOUT_MS = 5000;
const MAX_ATTEMPTS = 10;
const MAX_WINDOW = 1024 * 1024;

/** One SCTP association over DTLS (RFC 9260, RFC 8261). Either end, or both at once, may begin it. */
export class Association {
  readonly #options: AssociationOptions;
  readonly #localTag = randomInt(1, 2 ** 32 - 1);
  readonly #initialTsn = randomInt(0, 2 ** 32 - 1);
  readonly #outbound: Outbound;
  #inbound: Inbound | null = null;
  #resets: StreamResets | null = null;
  #state: State = 'closed';
  #remoteTag = 0;
  /** What an INIT said, until its cookie comes back. */
  #offered: { readonly cookie: Buffer; readonly peer: PeerStart } | null = null;
  #cookie: Buffer | null = null;
  #attempts = 0;
  #timeouts = 0;
  #startTimer: NodeJS.Timeout | null = null;
  #dataTimer: NodeJS.Timeout | null = null;
  #sackTimer: NodeJS.Timeout | null = null;
  #resetTimer: NodeJS.Timeout | null = null;
  #unacknowledged = 0;
  #flushing = false;

  constructor(options: AssociationOptions) {
    this.#options = options;
    this.#outbound = new Outbound(this.#initialTsn, 0, options.onReleased);
  }

  get established(): boolean {
    return this.#state === 'established';
  }

  start(): void {
    if (this.#state !== 'closed') return;
    this.#state = 'cookie-wait';
    this.#sendStart();
  }

  /** One packet of the other end. */
  receive(bytes: Buffer): void {
    if (this.#state === 'ended') return;
    const packet = parsePacket(bytes, this.#options.localPort, this.#options.remotePort);
    if (packet === null) return;
    const first = packet.chunks[0];
    if (first?.type === CHUNK.init) {
      if (packet.tag === 0 && packet.chunks.length === 1) this.#receiveInit(first.value);
      return;
    }
    // ABORT may carry the other end's own tag when it does not know ours (RFC 9260 §8.5.1).
    const reflected = first?.type === CHUNK.abort && (first.flags & 1) === 1 && packet.tag === this.#remoteTag;
    if (packet.tag !== this.#localTag && !reflected) return;
    let dataChunks = 0;
    let urgent = false;
    for (const chunk of packet.chunks) {
      if (chunk.type === CHUNK.data) {
        if (this.#inbound === null) continue;
        dataChunks++;
        if (!this.#inbound.receiveData(chunk.flags, chunk.value)) urgent = true;
        if ((chunk.flags & DATA_FLAG.immediate) !== 0) urgent = true;
      } else if (!this.#receiveControl(chunk)) break;
      if (this.#ended()) return;
    }
    if (this.#inbound?.overflown === true) {
      this.#fail('more data than the window allows');
      return;
    }
    if (dataChunks > 0) this.#acknowledge(urgent);
    this.#flush();
  }

  /** Queues a message; it leaves at the end of this turn, together with others. */
  send(message: OutboundMessage, ppid: number, data: Uint8Array): void {
    if (this.#state === 'ended') return;
    this.#outbound.enqueue(message, ppid, data);
    if (this.#flushing || this.#state !== 'established') return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /** Resets our side of a stream, once everything sent on it was acknowledged. */
  resetStream(stream: number): void {
    this.#resets?.request(stream);
    this.#sendReset();
  }

  /** Sends ABORT and ends without calling anybody. */
  close(): void {
    if (this.#state === 'ended') return;
    if (this.#remoteTag !== 0) this.#sendChunks([buildChunk(CHUNK.abort, 0, Buffer.alloc(0))]);
    this.#stop();
  }

  #receiveInit(value: Buffer): void {
    // A restart within one DTLS association is not a thing browsers do; a late repetition is.
    if (this.#state === 'established') return;
    const peer = parseStart(value);
    if (peer === null) return;
    if (this.#offered?.peer.tag !== peer.tag) this.#offered = { cookie: randomBytes(COOKIE_BYTES), peer };
    const cookie = buildParameter(PARAMETER.stateCookie, this.#offered!.cookie);
    const ack = buildChunk(CHUNK.initAck, 0, Buffer.concat([this.#startValue(), cookie]));
    const { localPort, remotePort } = this.#options;
    this.#options.sendPacket(buildPacket(localPort, remotePort, peer.tag, [ack]));
  }

  /** @returns false when the rest of the packet must not be read. */
  #receiveControl(chunk: Chunk): boolean {
    switch (chunk.type) {
      case CHUNK.initAck:
        this.#receiveInitAck(chunk.value);
        return false;
      case CHUNK.cookieEcho:
        return this.#receiveCookieEcho(chunk.value);
      case CHUNK.cookieAck:
        if (this.#state === 'cookie-echoed') this.#establish();
        return true;
      case CHUNK.sack:
        this.#receiveSack(chunk.value);
        return true;
      case CHUNK.heartbeat:
        if (this.#state === 'established') this.#sendChunks([buildChunk(CHUNK.heartbeatAck, 0, chunk.value)]);
        return true;
      case CHUNK.forwardTsn:
        if (this.#inbound !== null) {
          this.#inbound.forward(chunk.value);
          this.#acknowledge(true);
        }
        return true;
      case CHUNK.reconfig: {
        const answer = this.#resets?.receive(chunk.value) ?? null;
        if (answer !== null) this.#sendChunks([buildChunk(CHUNK.reconfig, 0, answer)]);
        this.#sendReset();
        return true;
      }
      case CHUNK.abort:
        this.#fail('aborted by the other end');
        return false;
      case CHUNK.shutdown:
        this.#sendChunks([buildChunk(CHUNK.shutdownAck, 0, Buffer.alloc(0))]);
        this.#fail('shut down by the other end');
        return false;
      case CHUNK.shutdownAck:
      case CHUNK.shutdownComplete:
        this.#fail('shut down by the other end');
        return false;
      case CHUNK.heartbeatAck:
      case CHUNK.error:
        return true;
      default:
        // RFC 9260 §3.2: the highest bit says whether to skip an unknown chunk or to stop.
        return (chunk.type & 0x80) !== 0;
    }
  }

  #receiveInitAck(value: Buffer): void {
    if (this.#state !== 'cookie-wait') return;
    const peer = parseStart(value);
    const cookie = parseParameters(value.subarray(16)).find(({ type }) => type === PARAMETER.stateCookie);
    if (peer === null || cookie === undefined) return;
    this.#adopt(peer);
    this.#cookie = Buffer.from(cookie.value);
    this.#state = 'cookie-echoed';
    this.#attempts = 0;
    this.#sendStart();
  }

  #receiveCookieEcho(value: Buffer): boolean {
    if (this.#offered === null || !this.#offered.cookie.equals(value)) return false;
    if (this.#state !== 'established') {
      if (this.#inbound === null || this.#remoteTag !== this.#offered.peer.tag) this.#adopt(this.#offered.peer);
      this.#sendChunks([buildChunk(CHUNK.cookieAck, 0, Buffer.alloc(0))]);
      this.#establish();
    } else this.#sendChunks([buildChunk(CHUNK.cookieAck, 0, Buffer.alloc(0))]);
    return true;
  }

  #adopt(peer: PeerStart): void {
    this.#remoteTag = peer.tag;
    this.#outbound.setPeerWindow(peer.window);
    this.#outbound.partialReliability = peer.partialReliability;
    const inbound = new Inbound(peer.tsn, this.#options.maxReassemblyBytes, this.#options.onMessage);
    this.#inbound = inbound;
    this.#resets = new StreamResets(this.#initialTsn, peer.tsn, {
      cumulativeTsn: () => inbound.cumulativeTsn,
      lastTsn: () => this.#outbound.lastAssignedTsn,
      onRemoteReset: (streams) => {
        if (streams.length === 0) inbound.resetAllStreams();
        for (const stream of streams) inbound.resetStream(stream);
        this.#options.onRemoteReset(streams);
      },
      onLocalReset: (streams) => {
        for (const stream of streams) this.#outbound.resetStream(stream);
        this.#options.onLocalReset(streams);
      },
    });
  }

  #establish(): void {
    this.#state = 'established';
    this.#startTimer = clear(this.#startTimer);
    this.#options.onEstablished();
    this.#flush();
  }

  #receiveSack(value: Buffer): void {
    const acked = this.#outbound.receiveSack(value, this.#options.clock());
    if (acked === null) return;
    if (acked) {
      this.#timeouts = 0;
      this.#dataTimer = clear(this.#dataTimer);
    }
  }

  #acknowledge(urgent: boolean): void {
    this.#unacknowledged++;
    if (urgent || this.#unacknowledged >= 2 || this.#inbound?.hasGaps === true) {
      this.#sendSack();
      return;
    }
    this.#sackTimer ??= setTimeout(() => {
      this.#sackTimer = null;
      this.#sendSack();
    }, SACK_DELAY_MS);
  }

  #sendSack(): void {
    if (this.#inbound === null || this.#state === 'ended') return;
    this.#unacknowledged = 0;
    this.#sackTimer = clear(this.#sackTimer);
    this.#sendChunks([buildChunk(CHUNK.sack, 0, this.#inbound.sack())]);
  }

  /** Sends what the windows allow, and keeps the retransmission timer. */
  #flush(): void {
    if (this.#state !== 'established') return;
    const now = this.#options.clock();
    for (;;) {
      const chunks = this.#outbound.nextPacket(now);
      if (chunks.length === 0) break;
      this.#sendChunks(chunks);
    }
    const forward = this.#outbound.forwardTsn();
    if (forward !== null) this.#sendChunks([buildChunk(CHUNK.forwardTsn, 0, forward)]);
    if (!this.#outbound.pending) this.#dataTimer = clear(this.#dataTimer);
    else this.#dataTimer ??= setTimeout(() => this.#timedOut(), this.#outbound.rto);
  }

  #timedOut(): void {
    this.#dataTimer = null;
    if (++this.#timeouts > MAX_ATTEMPTS) {
      this.#fail('no acknowledgement');
      return;
    }
    this.#outbound.timeout(this.#options.clock());
    this.#flush();
  }

  #sendReset(): void {
    if (this.#state !== 'established' || this.#resets === null) return;
    const value = this.#resets.next();
    if (value !== null) this.#sendChunks([buildChunk(CHUNK.reconfig, 0, value)]);
    if (this.#resets.outstanding === null) this.#resetTimer = clear(this.#resetTimer);
    else {
      this.#resetTimer ??= setTimeout(() => {
        this.#resetTimer = null;
        const again = this.#resets?.outstanding ?? null;
        if (again !== null) this.#sendChunks([buildChunk(CHUNK.reconfig, 0, again)]);
        this.#sendReset();
      }, this.#outbound.rto);
    }
  }

  /** Sends INIT or COOKIE ECHO, again and again until answered. */
  #sendStart(): void {
    this.#startTimer = clear(this.#startTimer);
    if (++this.#attempts > MAX_ATTEMPTS) {
      this.#fail('no answer');
      return;
    }
    if (this.#state === 'cookie-wait') this.#sendChunks([buildChunk(CHUNK.init, 0, this.#startValue())]);
    else this.#sendChunks([buildChunk(CHUNK.cookieEcho, 0, this.#cookie ?? Buffer.alloc(0))]);
    const delay = Math.min(START_TIMEOUT_MS * 2 ** (this.#attempts - 1), MAX_START_TIMEOUT_MS);
    this.#startTimer = setTimeout(() => this.#sendStart(), delay);
  }

  #startValue(): Buffer {
    const fixed = Buffer.alloc(16);
    fixed.writeUInt32BE(this.#localTag, 0);
    fixed.writeUInt32BE(Math.min(this.#options.maxReassemblyBytes, MAX_WINDOW), 4);
    fixed.writeUInt16BE(STREAMS, 8);
    fixed.writeUInt16BE(STREAMS, 10);
    fixed.writeUInt32BE(this.#initialTsn, 12);
    return Buffer.concat([
      fixed,
      buildParameter(PARAMETER.forwardTsnSupported, Buffer.alloc(0)),
      buildParameter(PARAMETER.supportedExtensions, Buffer.of(CHUNK.reconfig, CHUNK.forwardTsn)),
    ]);
  }

  #sendChunks(chunks: readonly Uint8Array[]): void {
    const { localPort, remotePort } = this.#options;
    const tag = chunks[0]?.[0] === CHUNK.init ? 0 : this.#remoteTag;
    this.#options.sendPacket(buildPacket(localPort, remotePort, tag, chunks));
  }

  #ended(): boolean {
    return this.#state === 'ended';
  }

  #fail(reason: string): void {
    if (this.#state === 'ended') return;
    if (this.#remoteTag !== 0) this.#sendChunks([buildChunk(CHUNK.abort, 0, Buffer.alloc(0))]);
    this.#stop();
    this.#options.onFailed(reason);
  }

  #stop(): void {
    this.#state = 'ended';
    this.#startTimer = clear(this.#startTimer);
    this.#dataTimer = clear(this.#dataTimer);
    this.#sackTimer = clear(this.#sackTimer);
    this.#resetTimer = clear(this.#resetTimer);
  }
}

function parseStart(value: Buffer): PeerStart | null {
  if (value.length < 16) return null;
  const tag = value.readUInt32BE(0);
  // RFC 9260 §3.3.2: a tag or a number of streams of zero is an error.
  if (tag === 0 || value.readUInt16BE(8) === 0 || value.readUInt16BE(10) === 0) return null;
  const parameters = parseParameters(value.subarray(16));
  return {
    tag,
    window: value.readUInt32BE(4),
    tsn: value.readUInt32BE(12),
    partialReliability: parameters.some(
      ({ type, value: list }) =>
        type === PARAMETER.forwardTsnSupported ||
        (type === PARAMETER.supportedExtensions && list.includes(CHUNK.forwardTsn)),
    ),
  };
}

function clear(timer: NodeJS.Timeout | null): null {
  if (timer !== null) clearTimeout(timer);
  return null;
}
