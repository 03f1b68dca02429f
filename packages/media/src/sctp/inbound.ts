import { DATA_FLAG, serialDistance } from './packet.ts';

/** A whole message as it arrived. */
export interface InboundMessage {
  readonly stream: number;
  readonly ppid: number;
  readonly data: Buffer;
}

interface Fragment {
  readonly flags: number;
  readonly stream: number;
  readonly ssn: number;
  readonly ppid: number;
  readonly data: Buffer;
  /** At either end of a run of fragments of one message: the number at the run's other end. */
  otherEnd: number;
}

interface InboundStream {
  nextSsn: number;
  /** Whole ordered messages that wait for an earlier one. */
  readonly waiting: Map<number, InboundMessage>;
}

/** How far ahead of the last in-order number one may come. */
const MAX_AHEAD = 8192;
/** What keeping a fragment costs beside its bytes, so that empty ones are bounded too. */
const OVERHEAD = 64;
/** What the state of a stream costs: a peer may name every one of 65,536. */
const STREAM_OVERHEAD = 512;
/** Distance from which dropping looks at what is held rather than at each number. */
const SCAN_ABOVE = 65_536;
/** Gap blocks that fit a packet beside the rest. */
const MAX_GAPS = 200;

/** A small piece that has to wait is copied, so that it does not hold the memory of its whole packet. */
function keep(flags: number, data: Buffer): Buffer {
  const whole = (flags & DATA_FLAG.begin) !== 0 && (flags & DATA_FLAG.end) !== 0;
  return whole || data.length > 512 ? data : Buffer.from(data);
}

/** Receiving half of an association: transmission numbers, reassembly and order. */
export class Inbound {
  readonly #limit: number;
  readonly #deliver: (message: InboundMessage) => void;
  /** Last number up to which everything came. */
  #cumulative: number;
  /** Numbers above it that came, and the highest of them. */
  readonly #ahead = new Set<number>();
  #highest: number;
  /** Up to here {@link forward} has dropped everything. */
  #dropped: number;
  readonly #fragments = new Map<number, Fragment>();
  readonly #streams = new Map<number, InboundStream>();
  #held = 0;

  constructor(initialTsn: number, limit: number, deliver: (message: InboundMessage) => void) {
    this.#cumulative = (initialTsn - 1) >>> 0;
    this.#highest = this.#cumulative;
    this.#dropped = this.#cumulative;
    this.#limit = limit;
    this.#deliver = deliver;
  }

  get cumulativeTsn(): number {
    return this.#cumulative;
  }

  get hasGaps(): boolean {
    return this.#ahead.size > 0;
  }

  /** Bytes that may still come before the limit. */
  get window(): number {
    return Math.max(0, this.#limit - this.#held);
  }

  /** Whether more is kept than allowed: the other end ignores the window it was told. */
  get overflown(): boolean {
    return this.#held > this.#limit + 256 * 1024;
  }

  /**
   * Takes the value of a DATA chunk. A message that this completes is delivered.
   * @returns whether it was new.
   */
  receiveData(flags: number, value: Buffer): boolean {
    if (value.length < 12) return false;
    const tsn = value.readUInt32BE(0);
    const distance = serialDistance(tsn, this.#cumulative);
    if (distance <= 0 || distance > MAX_AHEAD || this.#ahead.has(tsn)) return false;
    this.#ahead.add(tsn);
    if (serialDistance(tsn, this.#highest) > 0) this.#highest = tsn;
    this.#advance();
    const fragment: Fragment = {
      flags,
      stream: value.readUInt16BE(4),
      ssn: value.readUInt16BE(6),
      ppid: value.readUInt32BE(8),
      data: keep(flags, value.subarray(12)),
      otherEnd: tsn,
    };
    this.#fragments.set(tsn, fragment);
    this.#held += fragment.data.length + OVERHEAD;
    this.#join(tsn, fragment);
    return true;
  }

  /** FORWARD TSN (RFC 3758 §3.6): the sender gave up everything up to a number. */
  forward(value: Buffer): void {
    if (value.length < 4) return;
    const tsn = value.readUInt32BE(0);
    if (serialDistance(tsn, this.#cumulative) > 0) {
      this.#dropUpTo(tsn);
      this.#cumulative = tsn;
      if (serialDistance(tsn, this.#highest) > 0) this.#highest = tsn;
      this.#advance();
    }
    for (let at = 4; at + 4 <= value.length; at += 4) {
      const id = value.readUInt16BE(at);
      const stream = this.#streams.get(id);
      const ssn = value.readUInt16BE(at + 2);
      if (stream === undefined) this.#startStream(id, (ssn + 1) & 0xffff);
      else this.#skip(stream, ssn);
    }
  }

  /** The other end began a stream anew. */
  resetStream(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    for (const message of stream.waiting.values()) this.#held -= message.data.length + OVERHEAD;
    this.#streams.delete(id);
    this.#held -= STREAM_OVERHEAD;
  }

  resetAllStreams(): void {
    for (const id of [...this.#streams.keys()]) this.resetStream(id);
  }

  /** Value of a SACK chunk. */
  sack(): Buffer {
    const gaps = this.#gaps();
    const value = Buffer.alloc(12 + gaps.length * 2);
    value.writeUInt32BE(this.#cumulative, 0);
    value.writeUInt32BE(this.window, 4);
    value.writeUInt16BE(gaps.length / 2, 8);
    gaps.forEach((offset, i) => {
      value.writeUInt16BE(offset, 12 + i * 2);
    });
    return value;
  }

  /** Starts and ends of runs above the cumulative number, as distances from it. */
  #gaps(): number[] {
    if (this.#ahead.size === 0) return [];
    const gaps: number[] = [];
    const highest = serialDistance(this.#highest, this.#cumulative);
    let inside = false;
    // From the lowest up, so that what is told is cut off at its far end; 1 is missing, or it would be cumulative.
    for (let distance = 2; distance <= highest; distance++) {
      if (!this.#ahead.has((this.#cumulative + distance) >>> 0)) {
        inside = false;
      } else if (inside) {
        gaps[gaps.length - 1] = distance;
      } else if (gaps.length < MAX_GAPS * 2) {
        gaps.push(distance, distance);
        inside = true;
      } else {
        break;
      }
    }
    return gaps;
  }

  #advance(): void {
    let next = (this.#cumulative + 1) >>> 0;
    while (this.#ahead.delete(next)) {
      this.#cumulative = next;
      next = (next + 1) >>> 0;
    }
  }

  /**
   * Joins a fragment with its neighbours of the same message, and delivers the message when the run has its beginning and its
   * end. Each run is known by its two ends, so that a fragment costs the same however long its message is.
   */
  #join(tsn: number, fragment: Fragment): void {
    const { flags, stream } = fragment;
    let first = tsn;
    let last = tsn;
    const before = (flags & DATA_FLAG.begin) === 0 ? this.#fragments.get((tsn - 1) >>> 0) : undefined;
    if (before !== undefined && (before.flags & DATA_FLAG.end) === 0 && before.stream === stream) {
      first = before.otherEnd;
    }
    const after = (flags & DATA_FLAG.end) === 0 ? this.#fragments.get((tsn + 1) >>> 0) : undefined;
    if (after !== undefined && (after.flags & DATA_FLAG.begin) === 0 && after.stream === stream) {
      last = after.otherEnd;
    }
    const head = this.#fragments.get(first);
    const tail = this.#fragments.get(last);
    if (tail !== undefined) tail.otherEnd = first;
    // Its beginning was given up by the sender: what is left of it waits to be given up too.
    if (head === undefined || tail === undefined) return;
    head.otherEnd = last;
    if ((head.flags & DATA_FLAG.begin) !== 0 && (tail.flags & DATA_FLAG.end) !== 0) this.#assemble(first, last, head);
  }

  /** Takes a whole message out. */
  #assemble(first: number, last: number, head: Fragment): void {
    const parts: Buffer[] = [];
    for (let number = first; ; number = (number + 1) >>> 0) {
      const part = this.#fragments.get(number);
      if (part !== undefined) {
        parts.push(part.data);
        this.#drop(number, part);
      }
      if (number === last) break;
    }
    const data = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const message = { stream: head.stream, ppid: head.ppid, data };
    if ((head.flags & DATA_FLAG.unordered) !== 0) this.#deliver(message);
    else this.#inOrder(message, head.ssn);
  }

  #inOrder(message: InboundMessage, ssn: number): void {
    let stream = this.#streams.get(message.stream);
    stream ??= this.#startStream(message.stream, 0);
    const distance = (ssn - stream.nextSsn) & 0xffff;
    // Behind the one expected: it was skipped before.
    if (distance >= 0x8000) return;
    if (distance > 0) {
      if (stream.waiting.has(ssn)) return;
      stream.waiting.set(ssn, message);
      this.#held += message.data.length + OVERHEAD;
      return;
    }
    stream.nextSsn = (ssn + 1) & 0xffff;
    this.#deliver(message);
    this.#drain(stream);
  }

  #startStream(id: number, nextSsn: number): InboundStream {
    const stream: InboundStream = { nextSsn, waiting: new Map() };
    this.#streams.set(id, stream);
    this.#held += STREAM_OVERHEAD;
    return stream;
  }

  /** Drops every fragment up to a number. Each number is looked at once, or all that is held once in a long while. */
  #dropUpTo(tsn: number): void {
    if (serialDistance(tsn, this.#dropped) > SCAN_ABOVE || serialDistance(tsn, this.#dropped) < 0) {
      for (const ahead of this.#ahead) if (serialDistance(ahead, tsn) <= 0) this.#ahead.delete(ahead);
      for (const [number, fragment] of this.#fragments) {
        if (serialDistance(number, tsn) <= 0) this.#drop(number, fragment);
      }
    } else {
      for (let number = this.#dropped; number !== tsn; ) {
        number = (number + 1) >>> 0;
        this.#ahead.delete(number);
        const fragment = this.#fragments.get(number);
        if (fragment !== undefined) this.#drop(number, fragment);
      }
    }
    this.#dropped = tsn;
  }

  #drain(stream: InboundStream): void {
    for (;;) {
      const message = stream.waiting.get(stream.nextSsn);
      if (message === undefined) return;
      this.#release(stream, stream.nextSsn, message);
      stream.nextSsn = (stream.nextSsn + 1) & 0xffff;
      this.#deliver(message);
    }
  }

  /** Delivers what waits up to a skipped message, then goes on behind it. */
  #skip(stream: InboundStream, ssn: number): void {
    const steps = (ssn - stream.nextSsn) & 0xffff;
    if (steps >= 0x8000) return;
    const due = [...stream.waiting.keys()].filter((n) => ((ssn - n) & 0xffff) < 0x8000);
    due.sort((a, b) => ((a - stream.nextSsn) & 0xffff) - ((b - stream.nextSsn) & 0xffff));
    for (const number of due) {
      const message = stream.waiting.get(number)!;
      this.#release(stream, number, message);
      this.#deliver(message);
    }
    stream.nextSsn = (ssn + 1) & 0xffff;
    this.#drain(stream);
  }

  #release(stream: InboundStream, ssn: number, message: InboundMessage): void {
    stream.waiting.delete(ssn);
    this.#held -= message.data.length + OVERHEAD;
  }

  #drop(tsn: number, fragment: Fragment): void {
    this.#fragments.delete(tsn);
    this.#held -= fragment.data.length + OVERHEAD;
  }
}
