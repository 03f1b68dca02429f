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
  /** Numbers above it that came. */
  readonly #ahead = new Set<number>();
  readonly #fragments = new Map<number, Fragment>();
  readonly #streams = new Map<number, InboundStream>();
  #held = 0;

  constructor(initialTsn: number, limit: number, deliver: (message: InboundMessage) => void) {
    this.#cumulative = (initialTsn - 1) >>> 0;
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
    this.#advance();
    const fragment: Fragment = {
      flags,
      stream: value.readUInt16BE(4),
      ssn: value.readUInt16BE(6),
      ppid: value.readUInt32BE(8),
      data: keep(flags, value.subarray(12)),
    };
    this.#fragments.set(tsn, fragment);
    this.#held += fragment.data.length + OVERHEAD;
    // The piece that comes last is the end of its message, or the next piece is already here.
    if ((flags & DATA_FLAG.end) !== 0 || this.#fragments.has((tsn + 1) >>> 0)) this.#assemble(tsn);
    return true;
  }

  /** FORWARD TSN (RFC 3758 §3.6): the sender gave up everything up to a number. */
  forward(value: Buffer): void {
    if (value.length < 4) return;
    const tsn = value.readUInt32BE(0);
    if (serialDistance(tsn, this.#cumulative) > 0) {
      this.#cumulative = tsn;
      for (const ahead of this.#ahead) if (serialDistance(ahead, tsn) <= 0) this.#ahead.delete(ahead);
      for (const [number, fragment] of this.#fragments) {
        if (serialDistance(number, tsn) <= 0) this.#drop(number, fragment);
      }
      this.#advance();
    }
    for (let at = 4; at + 4 <= value.length; at += 4) {
      const id = value.readUInt16BE(at);
      const stream = this.#streams.get(id);
      const ssn = value.readUInt16BE(at + 2);
      if (stream === undefined) this.#streams.set(id, { nextSsn: (ssn + 1) & 0xffff, waiting: new Map() });
      else this.#skip(stream, ssn);
    }
  }

  /** The other end began a stream anew. */
  resetStream(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    for (const message of stream.waiting.values()) this.#held -= message.data.length + OVERHEAD;
    this.#streams.delete(id);
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
    const distances = Array.from(this.#ahead, (tsn) => serialDistance(tsn, this.#cumulative)).sort((a, b) => a - b);
    const gaps: number[] = [];
    for (const distance of distances) {
      if (gaps.length > 0 && gaps[gaps.length - 1] === distance - 1) gaps[gaps.length - 1] = distance;
      else if (gaps.length >= MAX_GAPS * 2) break;
      else gaps.push(distance, distance);
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

  #assemble(tsn: number): void {
    let first = tsn;
    let fragment = this.#fragments.get(first);
    while (fragment !== undefined && (fragment.flags & DATA_FLAG.begin) === 0) {
      first = (first - 1) >>> 0;
      fragment = this.#fragments.get(first);
    }
    if (fragment === undefined) return;
    const head = fragment;
    let last = first;
    const parts: Buffer[] = [];
    for (;;) {
      if (fragment === undefined || fragment.stream !== head.stream) return;
      parts.push(fragment.data);
      if ((fragment.flags & DATA_FLAG.end) !== 0) break;
      last = (last + 1) >>> 0;
      fragment = this.#fragments.get(last);
    }
    for (let number = first; ; number = (number + 1) >>> 0) {
      const part = this.#fragments.get(number);
      if (part !== undefined) this.#drop(number, part);
      if (number === last) break;
    }
    const data = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const message = { stream: head.stream, ppid: head.ppid, data };
    if ((head.flags & DATA_FLAG.unordered) !== 0) this.#deliver(message);
    else this.#inOrder(message, head.ssn);
  }

  #inOrder(message: InboundMessage, ssn: number): void {
    let stream = this.#streams.get(message.stream);
    if (stream === undefined) {
      stream = { nextSsn: 0, waiting: new Map() };
      this.#streams.set(message.stream, stream);
    }
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
