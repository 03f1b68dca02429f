/**
 * The framing between the gateway and a codec process: `length u32, type u8, job u32, payload`, little endian. Frames of
 * one turn of the event loop go out in one write, since a write costs more than the bytes of a hundred audio frames.
 */

/** Types of a message. From the gateway below 16, from the codec process above. */
export const MessageType = {
  open: 1,
  input: 2,
  config: 3,
  close: 4,
  ping: 5,
  hello: 16,
  output: 17,
  outputConfig: 18,
  end: 19,
  ack: 20,
  pong: 21,
  needKeyframe: 22,
} as const;

/** `aux` of an Opus packet that is lost; the samples it stands for are in the lower bits. */
export const LOST_BIT = 0x8000_0000;
/** `aux` of an Opus packet that comes out: its level, 0 … 127. */
export const LEVEL_BITS = 0x7f;
/** `aux` of a picture that is a keyframe. */
export const KEYFRAME_BIT = 1;
/** `aux` of a picture that shall come out as a keyframe. */
export const FORCE_BIT = 2;

/** Nothing longer is believed: the largest picture is some hundred kilobytes. */
export const MAX_MESSAGE_BYTES = 16_000_000;

const HEAD = 9;
const PLACE = 12;
const FIRST_BATCH = 4_096;

/** One message as it was read. The payload is the reader's own and may be changed in place. */
export interface WireMessage {
  readonly type: number;
  readonly job: number;
  readonly payload: Buffer;
}

/** What takes whole batches: a socket, or an array in tests. */
export interface ByteSink {
  write(bytes: Buffer): void;
}

/** Gathers messages and hands them on once a turn. */
export class WireWriter {
  readonly #sink: ByteSink;
  #batch: Buffer = Buffer.allocUnsafe(FIRST_BATCH);
  #used = 0;
  #scheduled = false;
  readonly #flush = (): void => this.flush();

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** A message without payload. */
  signal(type: number, job: number): void {
    this.#head(type, job, 0);
  }

  /** A message with one number. */
  number(type: number, job: number, value: number): void {
    const at = this.#head(type, job, 4);
    this.#batch.writeUInt32LE(value, at);
  }

  json(type: number, job: number, value: unknown): void {
    const text = Buffer.from(JSON.stringify(value));
    const at = this.#head(type, job, text.length);
    text.copy(this.#batch, at);
  }

  /** A frame with its place (or milliseconds) and its kind's own number; `data` is copied. */
  frame(type: number, job: number, place: number, aux: number, data: Uint8Array): void {
    const at = this.#head(type, job, PLACE + data.length);
    this.#batch.writeDoubleLE(place, at);
    this.#batch.writeUInt32LE(aux, at + 8);
    this.#batch.set(data, at + PLACE);
  }

  /** H.264 parameter sets. */
  config(type: number, job: number, sps: Uint8Array, pps: Uint8Array): void {
    const at = this.#head(type, job, 4 + sps.length + pps.length);
    this.#batch.writeUInt32LE(sps.length, at);
    this.#batch.set(sps, at + 4);
    this.#batch.set(pps, at + 4 + sps.length);
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#used === 0) return;
    const batch = this.#batch.subarray(0, this.#used);
    // The socket keeps the batch until the kernel has taken it: the next one begins behind it, or in new memory.
    this.#batch = this.#batch.length - this.#used >= 1_024 ? this.#batch.subarray(this.#used) : fresh(FIRST_BATCH);
    this.#used = 0;
    this.#sink.write(batch);
  }

  #head(type: number, job: number, payload: number): number {
    const need = HEAD + payload;
    if (this.#batch.length - this.#used < need) this.#grow(need);
    const at = this.#used;
    this.#batch.writeUInt32LE(payload, at);
    this.#batch[at + 4] = type;
    this.#batch.writeUInt32LE(job, at + 5);
    this.#used = at + need;
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#flush);
    }
    return at + HEAD;
  }

  #grow(need: number): void {
    const bigger = fresh(Math.max(FIRST_BATCH, 2 * (this.#used + need)));
    this.#batch.copy(bigger, 0, 0, this.#used);
    this.#batch = bigger;
  }
}

function fresh(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes);
}

/** Cuts a byte stream into messages. Throws {@link RangeError} on a length that cannot be: the other end is then mad. */
export class WireReader {
  readonly #onMessage: (message: WireMessage) => void;
  #rest: Buffer | null = null;
  /** Chunks of a message that is not whole yet, so that a long one is joined once. */
  #parts: Buffer[] = [];
  #missing = 0;

  constructor(onMessage: (message: WireMessage) => void) {
    this.#onMessage = onMessage;
  }

  read(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#missing > 0) {
      this.#parts.push(bytes);
      this.#missing -= bytes.length;
      if (this.#missing > 0) return;
      bytes = Buffer.concat(this.#parts);
      this.#parts = [];
    } else if (this.#rest !== null) {
      bytes = Buffer.concat([this.#rest, bytes]);
    }
    this.#rest = null;
    this.#missing = 0;
    let at = 0;
    while (bytes.length - at >= HEAD) {
      const length = bytes.readUInt32LE(at);
      if (length > MAX_MESSAGE_BYTES) throw new RangeError('a message is too long');
      const end = at + HEAD + length;
      if (end > bytes.length) {
        this.#missing = end - bytes.length;
        this.#parts.push(bytes.subarray(at));
        return;
      }
      this.#onMessage({
        type: bytes[at + 4] ?? 0,
        job: bytes.readUInt32LE(at + 5),
        payload: bytes.subarray(at + HEAD, end),
      });
      at = end;
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }
}

/** The parts of a frame message, or null when it is too short. */
export function readFrame(payload: Buffer): { place: number; aux: number; data: Buffer } | null {
  if (payload.length < PLACE) return null;
  return { place: payload.readDoubleLE(0), aux: payload.readUInt32LE(8), data: payload.subarray(PLACE) };
}

/** The parameter sets of a config message, or null when it is malformed. */
export function readConfig(payload: Buffer): { sps: Buffer; pps: Buffer } | null {
  if (payload.length < 4) return null;
  const end = 4 + payload.readUInt32LE(0);
  if (end > payload.length) return null;
  return { sps: payload.subarray(4, end), pps: payload.subarray(end) };
}
