/** Gathers messages from chunks (§5.3). Every length is checked against the limits before a byte of memory is taken. */
import { DEFAULT_CHUNK_BYTES, EXTENDED_TIMESTAMP, MESSAGE } from './constants.ts';
import { RtmpError } from './errors.ts';

export interface ChunkReaderLimits {
  readonly maxMessageBytes: number;
  readonly maxPendingBytes: number;
  readonly maxChunkBytes: number;
  readonly maxChunkStreams: number;
}

/** Takes one message. The payload is the receiver's own. */
export type MessageListener = (type: number, messageStream: number, timestamp: number, payload: Uint8Array) => void;

/** What is remembered of one chunk stream between its chunks. */
interface ChunkStream {
  readonly id: number;
  timestamp: number;
  delta: number;
  length: number;
  type: number;
  messageStream: number;
  /** The last header with a timestamp field had it extended, with this value. */
  extended: boolean;
  extendedValue: number;
  body: Uint8Array | null;
  have: number;
}

/** Basic header of 3 bytes, message header of 11, extended timestamp of 4. */
const MAX_HEADER_BYTES = 18;
const HEADER_BYTES = [11, 7, 3, 0] as const;
const EMPTY = new Uint8Array(0);

/** The chunk layer of one connection's input. */
export class ChunkReader {
  /** Set by the listener: stop after this message; what is left of the input is given again by the caller. */
  paused = false;
  #limits: ChunkReaderLimits;
  readonly #listener: MessageListener;
  readonly #streams: ChunkStream[] = [];
  readonly #carry = new Uint8Array(MAX_HEADER_BYTES);
  #carried = 0;
  #current: ChunkStream | null = null;
  /** Bytes of the current chunk that are still to come. */
  #left = 0;
  #chunkBytes = DEFAULT_CHUNK_BYTES;
  #pending = 0;

  constructor(limits: ChunkReaderLimits, listener: MessageListener) {
    this.#limits = limits;
    this.#listener = listener;
  }

  /** Bytes reserved for messages that are not complete. */
  get pendingBytes(): number {
    return this.#pending;
  }

  get chunkBytes(): number {
    return this.#chunkBytes;
  }

  /** From now on these limits hold, also for what is being gathered. */
  setLimits(limits: ChunkReaderLimits): void {
    this.#limits = limits;
  }

  /**
   * Reads from `offset` on; returns where it stopped: at the end, or earlier when {@link paused}. Throws {@link RtmpError};
   * afterwards the reader must not be used again.
   */
  read(data: Uint8Array, offset: number): number {
    let at = offset;
    while (at < data.length && !this.paused) {
      if (this.#current === null) {
        at = this.#carried > 0 ? this.#resumeHeader(data, at) : this.#startHeader(data, at);
      } else {
        at = this.#gather(this.#current, data, at);
      }
    }
    return at;
  }

  #startHeader(data: Uint8Array, at: number): number {
    const used = this.#header(data, at, data.length);
    if (used > 0) return at + used;
    this.#carry.set(data.subarray(at));
    this.#carried = data.length - at;
    return data.length;
  }

  /** A header that lies across two reads: complete it in the small buffer. */
  #resumeHeader(data: Uint8Array, at: number): number {
    const before = this.#carried;
    const taken = Math.min(MAX_HEADER_BYTES - before, data.length - at);
    this.#carry.set(data.subarray(at, at + taken), before);
    const used = this.#header(this.#carry, 0, before + taken);
    if (used === 0) {
      this.#carried = before + taken;
      return at + taken;
    }
    this.#carried = 0;
    if (used >= before) return at + used - before;
    // A look ahead for an extended timestamp that is not there: the bytes looked at are the chunk's own.
    const ahead = this.#carry.slice(used, before);
    const read = this.read(ahead, 0);
    if (read < ahead.length) {
      this.#carry.set(ahead.subarray(read));
      this.#carried = ahead.length - read;
    }
    return at;
  }

  /** Reads one chunk header; returns its length, or 0 when it is not complete yet (then nothing has changed). */
  #header(data: Uint8Array, start: number, end: number): number {
    const first = data[start]!;
    const format = (first >> 6) as 0 | 1 | 2 | 3;
    let id = first & 0x3f;
    let at = start + 1;
    if (id < 2) {
      // §5.3.1.1: 0 – one more byte, 1 – two more, the low one first.
      at += id + 1;
      if (at > end) return 0;
      id = id === 0 ? 64 + data[start + 1]! : 64 + data[start + 1]! + data[start + 2]! * 256;
    }
    const fields = at;
    at += HEADER_BYTES[format];
    if (at > end) return 0;
    const known = this.#find(id);
    if (known === null && format > 1) throw new RtmpError('chunk: a header that refers to none before it');
    let time = 0;
    let extended = false;
    if (format < 3) {
      time = uint24(data, fields);
      extended = time === EXTENDED_TIMESTAMP;
    } else if (known !== null) {
      time = known.delta;
      extended = known.extended;
    }
    if (extended) {
      if (at + 4 > end) return 0;
      const value = uint32(data, at);
      // Type-3 chunks should repeat it (§5.3.1.3), and some senders do not: told apart by the value.
      if (format < 3 || value === known?.extendedValue || value === known?.timestamp) at += 4;
      if (format < 3) time = value;
    }
    const stream = known ?? this.#add(id);
    if (stream.body === null) {
      this.#begin(stream, format, time, extended, data, fields);
    } else if (format !== 3) {
      throw new RtmpError('chunk: a message begins before the last one of its chunk stream has ended');
    }
    this.#left = Math.min(this.#chunkBytes, stream.length - stream.have);
    if (this.#left === 0) this.#complete(stream);
    else this.#current = stream;
    return at - start;
  }

  #begin(
    stream: ChunkStream,
    format: 0 | 1 | 2 | 3,
    time: number,
    extended: boolean,
    data: Uint8Array,
    fields: number,
  ): void {
    if (format < 2) {
      stream.length = uint24(data, fields + 3);
      stream.type = data[fields + 6]!;
    }
    if (format === 0) {
      stream.messageStream =
        (data[fields + 7]! | (data[fields + 8]! << 8) | (data[fields + 9]! << 16) | (data[fields + 10]! << 24)) >>> 0;
    }
    if (format < 3) {
      stream.extended = extended;
      stream.extendedValue = time;
    }
    // A type-3 header behind a type-0 one takes its timestamp for the delta (§5.3.1.2.4).
    stream.delta = time;
    stream.timestamp = format === 0 ? time : (stream.timestamp + time) >>> 0;
    if (stream.length > this.#limits.maxMessageBytes) throw new RtmpError('chunk: a message over the limit');
    if (this.#pending + stream.length > this.#limits.maxPendingBytes) {
      throw new RtmpError('chunk: too many bytes in messages not yet complete');
    }
    this.#pending += stream.length;
    stream.body = stream.length === 0 ? EMPTY : Buffer.allocUnsafe(stream.length);
    stream.have = 0;
  }

  #gather(stream: ChunkStream, data: Uint8Array, at: number): number {
    const take = Math.min(this.#left, data.length - at);
    stream.body?.set(take === data.length ? data : data.subarray(at, at + take), stream.have);
    stream.have += take;
    this.#left -= take;
    if (this.#left === 0) {
      this.#current = null;
      if (stream.have === stream.length) this.#complete(stream);
    }
    return at + take;
  }

  #complete(stream: ChunkStream): void {
    const body = stream.body ?? EMPTY;
    this.#drop(stream);
    if (stream.type === MESSAGE.setChunkSize) this.#setChunkSize(body);
    else if (stream.type === MESSAGE.abort) this.#abort(body);
    this.#listener(stream.type, stream.messageStream, stream.timestamp, body);
  }

  #setChunkSize(body: Uint8Array): void {
    const size = body.length < 4 ? 0 : uint32(body, 0);
    if (size < 1 || size > this.#limits.maxChunkBytes) throw new RtmpError('chunk: a chunk size out of bounds');
    this.#chunkBytes = size;
  }

  /** §5.4.2: what was gathered of a message is thrown away. */
  #abort(body: Uint8Array): void {
    if (body.length < 4) throw new RtmpError('chunk: an abort without a chunk stream');
    const stream = this.#find(uint32(body, 0));
    if (stream !== null && stream.body !== null) this.#drop(stream);
  }

  #drop(stream: ChunkStream): void {
    if (stream.body !== null) this.#pending -= stream.length;
    stream.body = null;
    stream.have = 0;
  }

  #find(id: number): ChunkStream | null {
    const streams = this.#streams;
    for (let i = 0; i < streams.length; i += 1) {
      const stream = streams[i]!;
      if (stream.id === id) return stream;
    }
    return null;
  }

  #add(id: number): ChunkStream {
    if (this.#streams.length >= this.#limits.maxChunkStreams) throw new RtmpError('chunk: too many chunk streams');
    const stream: ChunkStream = {
      id,
      timestamp: 0,
      delta: 0,
      length: 0,
      type: 0,
      messageStream: 0,
      extended: false,
      extendedValue: 0,
      body: null,
      have: 0,
    };
    this.#streams.push(stream);
    return stream;
  }
}

function uint24(data: Uint8Array, at: number): number {
  return (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
}

function uint32(data: Uint8Array, at: number): number {
  return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
}
