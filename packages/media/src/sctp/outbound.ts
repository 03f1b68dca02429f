import { CHUNK, DATA_FLAG, DATA_HEADER, MAX_FRAGMENT, MAX_PACKET, PACKET_HEADER, serialDistance } from './packet.ts';

/** A message on its way; shared by its fragments. */
export interface OutboundMessage {
  readonly stream: number;
  readonly bytes: number;
  readonly ordered: boolean;
  /** null = until acknowledged. */
  readonly maxRetransmits: number | null;
  /** Monotonic ms after which it is given up, or null. */
  readonly expiresAt: number | null;
  abandoned: boolean;
  /** Fragments neither acknowledged nor given up. */
  left: number;
}

interface Fragment {
  readonly message: OutboundMessage;
  /** The whole DATA chunk; its TSN is written at the first transmission. */
  readonly chunk: Buffer;
  readonly ssn: number;
  tsn: number;
  sentAt: number;
  sentCount: number;
  missing: number;
  state: 'waiting' | 'flying' | 'lost' | 'acked' | 'abandoned';
}

const INITIAL_WINDOW = 10 * MAX_PACKET;
/** More than this in flight only fills buffers on the way. */
const MAX_WINDOW = 512 * 1024;
const MIN_WINDOW = 4 * MAX_PACKET;
const RTO_INITIAL = 500;
/** Above the 200 ms by which others delay their acknowledgements. */
const RTO_MIN = 400;
const RTO_MAX = 10_000;
const MISSING_REPORTS = 3;

/**
 * Sending half of an association (RFC 9260 §6, §7): fragments, congestion window, loss detection; messages of limited
 * reliability are given up (RFC 3758). It makes chunks and packets; timers and sockets are the association's.
 */
export class Outbound {
  #nextTsn: number;
  #cumulativeAck: number;
  /** RFC 3758 §3.5 A1: up to here the receiver need not wait. */
  #advancedAck: number;
  readonly #waiting: Fragment[] = [];
  #waitingHead = 0;
  /** Sent, by consecutive TSN; the first is `cumulativeAck + 1`. */
  #sent: Fragment[] = [];
  readonly #nextSsn = new Map<number, number>();
  readonly #released: (message: OutboundMessage) => void;
  #window = INITIAL_WINDOW;
  #threshold: number;
  #partialAcked = 0;
  #recoveryExit: number | null = null;
  /** The first packet of a recovery is sent whatever the window says (RFC 9260 §7.2.4). */
  #fastRetransmit = false;
  #flying = 0;
  #lost = 0;
  #peerWindow: number;
  #srtt = 0;
  #rttvar = 0;
  #rto = RTO_INITIAL;
  /** Whether the other end knows FORWARD TSN. */
  partialReliability = false;

  constructor(initialTsn: number, peerWindow: number, released: (message: OutboundMessage) => void) {
    this.#nextTsn = initialTsn;
    this.#cumulativeAck = (initialTsn - 1) >>> 0;
    this.#advancedAck = this.#cumulativeAck;
    this.#peerWindow = peerWindow;
    this.#threshold = peerWindow;
    this.#released = released;
  }

  get lastAssignedTsn(): number {
    return (this.#nextTsn - 1) >>> 0;
  }

  get rto(): number {
    return this.#rto;
  }

  /** Whether an acknowledgement is awaited. */
  get pending(): boolean {
    return this.#sent.length > 0;
  }

  /** What the other end said at the start. */
  setPeerWindow(bytes: number): void {
    this.#peerWindow = bytes;
    this.#threshold = bytes;
  }

  enqueue(message: OutboundMessage, ppid: number, data: Uint8Array): void {
    const ssn = message.ordered ? (this.#nextSsn.get(message.stream) ?? 0) : 0;
    if (message.ordered) this.#nextSsn.set(message.stream, (ssn + 1) & 0xffff);
    for (let at = 0; at < data.length; at += MAX_FRAGMENT) {
      const size = Math.min(MAX_FRAGMENT, data.length - at);
      const chunk = Buffer.alloc((DATA_HEADER + size + 3) & ~3);
      const flags =
        (at === 0 ? DATA_FLAG.begin : 0) |
        (at + size === data.length ? DATA_FLAG.end : 0) |
        (message.ordered ? 0 : DATA_FLAG.unordered);
      chunk[0] = CHUNK.data;
      chunk[1] = flags;
      chunk.writeUInt16BE(DATA_HEADER + size, 2);
      chunk.writeUInt16BE(message.stream, 8);
      chunk.writeUInt16BE(ssn, 10);
      chunk.writeUInt32BE(ppid, 12);
      chunk.set(data.subarray(at, at + size), DATA_HEADER);
      this.#waiting.push({
        message,
        chunk,
        ssn,
        tsn: 0,
        sentAt: 0,
        sentCount: 0,
        missing: 0,
        state: 'waiting',
      });
      message.left++;
    }
  }

  /** A stream begins anew after its reset. */
  resetStream(stream: number): void {
    this.#nextSsn.delete(stream);
  }

  /** Chunks of the next packet: lost ones first, then new ones as the windows allow. Empty when nothing may be sent. */
  nextPacket(now: number): Buffer[] {
    const chunks: Buffer[] = [];
    let room = MAX_PACKET - PACKET_HEADER;
    if (this.#lost > 0) {
      for (const fragment of this.#sent) {
        if (fragment.state !== 'lost') continue;
        if (this.#givenUp(fragment, now)) continue;
        if (fragment.chunk.length > room) break;
        if (!this.#fastRetransmit && this.#flying > 0 && this.#flying + fragment.chunk.length > this.#window) break;
        this.#lost--;
        this.#transmit(fragment, now);
        chunks.push(fragment.chunk);
        room -= fragment.chunk.length;
      }
      this.#fastRetransmit = false;
    }
    for (;;) {
      const fragment = this.#waiting[this.#waitingHead];
      if (fragment === undefined) break;
      if (fragment.message.abandoned || this.#expired(fragment.message, now)) {
        this.#abandon(fragment.message);
        this.#dropWaiting();
        continue;
      }
      const size = fragment.chunk.length;
      if (size > room) break;
      // One packet may always fly, to learn of a window that opened (RFC 9260 §6.1 A).
      if (this.#flying > 0 && (this.#flying + size > this.#window || size > this.#peerWindow)) break;
      this.#dropWaiting();
      fragment.tsn = this.#nextTsn;
      fragment.chunk.writeUInt32BE(fragment.tsn, 4);
      this.#nextTsn = (this.#nextTsn + 1) >>> 0;
      this.#sent.push(fragment);
      this.#transmit(fragment, now);
      this.#peerWindow = Math.max(0, this.#peerWindow - size);
      chunks.push(fragment.chunk);
      room -= size;
    }
    return chunks;
  }

  /**
   * Reads a SACK.
   * @returns whether it acknowledged something new; null when it is not ours to believe.
   */
  receiveSack(value: Buffer, now: number): boolean | null {
    if (value.length < 12) return null;
    const cumulative = value.readUInt32BE(0);
    const step = serialDistance(cumulative, this.#cumulativeAck);
    if (step < 0 || step > this.#sent.length) return null;
    const full = this.#flying >= this.#window - MAX_PACKET;
    let acked = 0;
    for (let i = 0; i < step; i++) {
      const fragment = this.#sent[i]!;
      if (i === step - 1 && fragment.sentCount === 1 && fragment.state === 'flying')
        this.#measure(now - fragment.sentAt);
      acked += this.#settle(fragment);
    }
    if (step > 0) this.#sent = this.#sent.slice(step);
    this.#cumulativeAck = cumulative;
    if (serialDistance(cumulative, this.#advancedAck) > 0) this.#advancedAck = cumulative;
    const gapAcked = this.#receiveGaps(value, now);
    acked += gapAcked;
    this.#peerWindow = Math.max(0, value.readUInt32BE(4) - this.#flying);
    if (this.#recoveryExit !== null && serialDistance(cumulative, this.#recoveryExit) >= 0) this.#recoveryExit = null;
    if (step > 0 && full && this.#recoveryExit === null) this.#grow(acked);
    return acked > 0;
  }

  /** The retransmission timer ran out: everything in flight is lost. */
  timeout(now: number): void {
    this.#threshold = Math.max(this.#window / 2, MIN_WINDOW);
    this.#window = MAX_PACKET;
    this.#partialAcked = 0;
    this.#recoveryExit = null;
    this.#rto = Math.min(this.#rto * 2, RTO_MAX);
    for (const fragment of this.#sent) if (fragment.state === 'flying') this.#lose(fragment, now);
  }

  /** Value of a FORWARD TSN chunk when messages were given up that the other end still waits for, else null. */
  forwardTsn(): Buffer | null {
    if (!this.partialReliability) return null;
    const streams = new Map<number, number>();
    for (const fragment of this.#sent) {
      if (fragment.state !== 'abandoned' && fragment.state !== 'acked') break;
      this.#advancedAck = fragment.tsn;
      if (fragment.state === 'abandoned' && fragment.message.ordered)
        streams.set(fragment.message.stream, fragment.ssn);
    }
    // Acknowledged ones at the end need no word.
    if (serialDistance(this.#advancedAck, this.#cumulativeAck) <= 0) return null;
    const value = Buffer.alloc(4 + streams.size * 4);
    value.writeUInt32BE(this.#advancedAck, 0);
    let at = 4;
    for (const [stream, ssn] of streams) {
      value.writeUInt16BE(stream, at);
      value.writeUInt16BE(ssn, at + 2);
      at += 4;
    }
    return value;
  }

  #receiveGaps(value: Buffer, now: number): number {
    const count = Math.min(value.readUInt16BE(8), Math.floor((value.length - 12) / 4));
    let acked = 0;
    let from = 0;
    let highest = -1;
    for (let i = 0; i < count; i++) {
      const start = value.readUInt16BE(12 + i * 4) - 1;
      const end = Math.min(value.readUInt16BE(14 + i * 4) - 1, this.#sent.length - 1);
      // Blocks ascend; others would only cost time.
      if (start < from || end < start) break;
      for (let at = start; at <= end; at++) {
        const size = this.#settle(this.#sent[at]!);
        if (size > 0) highest = at;
        acked += size;
      }
      from = end + 1;
    }
    let lost = false;
    for (let at = 0; at < highest; at++) {
      const fragment = this.#sent[at]!;
      if (fragment.state !== 'flying' || ++fragment.missing < MISSING_REPORTS) continue;
      fragment.missing = 0;
      this.#lose(fragment, now);
      lost = true;
    }
    if (lost && this.#recoveryExit === null) {
      this.#threshold = Math.max(this.#window / 2, MIN_WINDOW);
      this.#window = this.#threshold;
      this.#partialAcked = 0;
      this.#recoveryExit = this.lastAssignedTsn;
      this.#fastRetransmit = true;
    }
    return acked;
  }

  #transmit(fragment: Fragment, now: number): void {
    fragment.state = 'flying';
    fragment.sentAt = now;
    fragment.sentCount++;
    fragment.missing = 0;
    this.#flying += fragment.chunk.length;
  }

  /** Marks as acknowledged. @returns bytes newly acknowledged. */
  #settle(fragment: Fragment): number {
    if (fragment.state === 'acked') return 0;
    if (fragment.state === 'flying') this.#flying -= fragment.chunk.length;
    else if (fragment.state === 'lost') this.#lost--;
    const counted = fragment.state !== 'abandoned';
    fragment.state = 'acked';
    if (counted) this.#finish(fragment.message);
    return fragment.chunk.length;
  }

  #lose(fragment: Fragment, now: number): void {
    this.#flying -= fragment.chunk.length;
    fragment.state = 'lost';
    this.#lost++;
    this.#givenUp(fragment, now);
  }

  /** Gives a lost fragment's message up when its limit is reached. */
  #givenUp(fragment: Fragment, now: number): boolean {
    const { message } = fragment;
    if (!this.partialReliability) return false;
    const tooOften = message.maxRetransmits !== null && fragment.sentCount > message.maxRetransmits;
    if (!tooOften && !this.#expired(message, now)) return false;
    this.#abandon(message);
    return true;
  }

  #expired(message: OutboundMessage, now: number): boolean {
    return this.partialReliability && message.expiresAt !== null && now > message.expiresAt;
  }

  #abandon(message: OutboundMessage): void {
    if (message.abandoned) return;
    message.abandoned = true;
    for (const fragment of this.#sent) {
      if (fragment.message !== message || fragment.state === 'acked' || fragment.state === 'abandoned') continue;
      if (fragment.state === 'flying') this.#flying -= fragment.chunk.length;
      else if (fragment.state === 'lost') this.#lost--;
      fragment.state = 'abandoned';
      this.#finish(message);
    }
  }

  #dropWaiting(): void {
    const fragment = this.#waiting[this.#waitingHead]!;
    this.#waitingHead++;
    if (fragment.message.abandoned) this.#finish(fragment.message);
    if (this.#waitingHead > 1024 && this.#waitingHead * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#waitingHead);
      this.#waitingHead = 0;
    }
  }

  #finish(message: OutboundMessage): void {
    message.left--;
    if (message.left === 0) this.#released(message);
  }

  #grow(acked: number): void {
    if (this.#window <= this.#threshold) this.#window += Math.min(acked, 2 * MAX_PACKET);
    else {
      this.#partialAcked += acked;
      if (this.#partialAcked >= this.#window) {
        this.#partialAcked -= this.#window;
        this.#window += MAX_PACKET;
      }
    }
    this.#window = Math.min(this.#window, MAX_WINDOW);
  }

  #measure(rtt: number): void {
    if (this.#srtt === 0) {
      this.#srtt = rtt;
      this.#rttvar = rtt / 2;
    } else {
      this.#rttvar = 0.75 * this.#rttvar + 0.25 * Math.abs(this.#srtt - rtt);
      this.#srtt = 0.875 * this.#srtt + 0.125 * rtt;
    }
    this.#rto = Math.min(RTO_MAX, Math.max(RTO_MIN, this.#srtt + 4 * this.#rttvar));
  }
}
