/**
 * Packets of many streams in one transferred buffer. A record is 16 bytes and its payload, filled up to four bytes:
 *
 * | bytes | RTP packet                    | sender report              |
 * | ----- | ----------------------------- | -------------------------- |
 * | 0–3   | stream                        | stream                     |
 * | 4–7   | RTP timestamp                 | RTP timestamp              |
 * | 8–9   | sequence number               | 0                          |
 * | 10    | payload type, marker in bit 7 | 0                          |
 * | 11    | 0                             | 1                          |
 * | 12–13 | length of the payload         | 8                          |
 * | 14    | audio level (RFC 6464 §3)     | 0                          |
 * | 15    | 1 when there is a level       | 0                          |
 * | 16–   | payload                       | NTP milliseconds (float64) |
 *
 * Numbers are little-endian; both ends are in one process.
 */

const HEADER = 16;
const RTP = 0;
const REPORT = 1;
const HAS_LEVEL = 0x100;
/** No level is known of a packet. */
export const NO_LEVEL = -1;
/** Payloads longer than this are not RTP packets of ours (a slot holds less). */
export const MAX_RECORD_PAYLOAD = 1_900;
const MAX_RECORD = HEADER + ((MAX_RECORD_PAYLOAD + 3) & ~3);

/** Gathers records in one buffer that is used again and again; a copy of its used part is what travels. */
export class RecordWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #used = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(capacity, MAX_RECORD));
    this.#view = new DataView(this.#bytes.buffer);
  }

  get used(): number {
    return this.#used;
  }

  /** Whether one more record of any size fits. */
  get hasRoom(): boolean {
    return this.#used + MAX_RECORD <= this.#bytes.length;
  }

  /**
   * Adds an RTP packet; {@link hasRoom} must hold.
   *
   * @param level the byte of RFC 6464 §3 (voice activity and level), below 0 when it is not known.
   * @returns where its payload stands in {@link bytes}, −1 when it is too long.
   */
  rtp(
    stream: number,
    payloadType: number,
    marker: boolean,
    sequence: number,
    timestamp: number,
    source: Uint8Array,
    from: number,
    length: number,
    level = NO_LEVEL,
  ): number {
    if (length > MAX_RECORD_PAYLOAD) return -1;
    const view = this.#view;
    const at = this.#used;
    view.setUint32(at, stream, true);
    view.setUint32(at + 4, timestamp >>> 0, true);
    view.setUint16(at + 8, sequence & 0xffff, true);
    view.setUint16(at + 10, (payloadType & 0x7f) | (marker ? 0x80 : 0), true);
    view.setUint16(at + 12, length, true);
    view.setUint16(at + 14, level < 0 ? 0 : HAS_LEVEL | (level & 0xff), true);
    const bytes = this.#bytes;
    const payload = at + HEADER;
    copyBytes(source, from, length, bytes, payload);
    this.#used = payload + ((length + 3) & ~3);
    return payload;
  }

  /** Adds a sender report; {@link hasRoom} must hold. */
  report(stream: number, ntpMs: number, timestamp: number): void {
    const view = this.#view;
    const at = this.#used;
    view.setUint32(at, stream, true);
    view.setUint32(at + 4, timestamp >>> 0, true);
    view.setUint16(at + 8, 0, true);
    view.setUint16(at + 10, REPORT << 8, true);
    view.setUint32(at + 12, 8, true);
    view.setFloat64(at + HEADER, ntpMs, true);
    this.#used = at + HEADER + 8;
  }

  /** The gathered records, for patches to a payload just written. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A buffer of its own with the records so far, to be transferred; the writer begins anew. */
  take(): ArrayBuffer {
    const taken = this.#bytes.buffer.slice(0, this.#used);
    this.#used = 0;
    return taken as ArrayBuffer;
  }
}

/** Copies a part of an array. A `Buffer` needs no view of the part, so that nothing is allocated. */
export function copyBytes(source: Uint8Array, from: number, length: number, target: Uint8Array, at: number): void {
  if (source instanceof Buffer) source.copy(target, at, from, from + length);
  else if (from === 0 && length === source.length) target.set(source, at);
  else target.set(source.subarray(from, from + length), at);
}

export interface RecordSink {
  /**
   * The payload is `bytes[from, from + length)`; the buffer is the reader's own. The level is the byte of RFC 6464 §3,
   * {@link NO_LEVEL} when it is not known.
   */
  onRtp(
    stream: number,
    payloadType: number,
    marker: boolean,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    level: number,
  ): void;
  onReport(stream: number, ntpMs: number, timestamp: number): void;
}

/** Tells every record of a buffer, in order. What does not fit its form ends the reading. */
export function readRecords(buffer: ArrayBuffer, sink: RecordSink): void {
  const bytes = Buffer.from(buffer);
  const view = new DataView(buffer);
  let at = 0;
  while (at + HEADER <= bytes.length) {
    const stream = view.getUint32(at, true);
    const timestamp = view.getUint32(at + 4, true);
    const type = bytes[at + 11]!;
    const length = view.getUint16(at + 12, true);
    const payload = at + HEADER;
    if (length > MAX_RECORD_PAYLOAD || payload + length > bytes.length) return;
    if (type === RTP) {
      const form = bytes[at + 10]!;
      const level = bytes[at + 15] === 1 ? bytes[at + 14]! : NO_LEVEL;
      const sequence = view.getUint16(at + 8, true);
      sink.onRtp(stream, form & 0x7f, form >= 0x80, sequence, timestamp, bytes, payload, length, level);
    } else if (type === REPORT && length === 8) {
      sink.onReport(stream, view.getFloat64(payload, true), timestamp);
    } else return;
    at = payload + ((length + 3) & ~3);
  }
}
