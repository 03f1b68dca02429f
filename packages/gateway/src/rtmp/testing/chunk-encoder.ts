/** Chunks in every legal form, for tests of the reader: the writer of the product uses one form only. */
import { EXTENDED_TIMESTAMP } from '../constants.ts';

export interface TestMessage {
  readonly chunkStream: number;
  readonly type: number;
  readonly messageStream: number;
  readonly timestamp: number;
  readonly body: Uint8Array;
}

interface Last {
  timestamp: number;
  field: number;
  length: number;
  type: number;
  messageStream: number;
}

/** A sender that uses the shortest header it may, repeats extended timestamps or not, and can interleave its messages. */
export class ChunkEncoder {
  chunkBytes = 128;
  /** False: the sender forgets the extended timestamp on type-3 chunks that go on with a message. */
  repeatExtended = true;
  /** True: the shortest header that says it all; false: type 0 always. */
  compress = true;
  /** Three-byte ids where two would do. */
  longIds = false;
  readonly #last = new Map<number, Last>();

  /** The chunks of one message, each by itself, so that a test may interleave those of several. */
  chunks(message: TestMessage): Uint8Array[] {
    const { chunkStream, type, messageStream, timestamp, body } = message;
    const last = this.#last.get(chunkStream);
    const format = this.#format(message, last);
    const field = format === 0 ? timestamp : (timestamp - (last?.timestamp ?? 0)) >>> 0;
    const extended = field >= EXTENDED_TIMESTAMP;
    const header: number[] = [...this.#basic(format, chunkStream)];
    if (format < 3) header.push(...uint(extended ? EXTENDED_TIMESTAMP : field, 3));
    if (format < 2) header.push(...uint(body.length, 3), type);
    if (format === 0) header.push(...uint(messageStream, 4).reverse());
    if (extended) header.push(...uint(field, 4));
    this.#last.set(chunkStream, { timestamp, field, length: body.length, type, messageStream });
    const chunks = [Buffer.concat([Uint8Array.from(header), body.subarray(0, this.chunkBytes)])];
    const next = [...this.#basic(3, chunkStream), ...(extended && this.repeatExtended ? uint(field, 4) : [])];
    for (let from = this.chunkBytes; from < body.length; from += this.chunkBytes) {
      chunks.push(Buffer.concat([Uint8Array.from(next), body.subarray(from, from + this.chunkBytes)]));
    }
    return chunks;
  }

  message(message: TestMessage): Uint8Array {
    return Buffer.concat(this.chunks(message));
  }

  #format(message: TestMessage, last: Last | undefined): 0 | 1 | 2 | 3 {
    if (!this.compress || last === undefined || last.messageStream !== message.messageStream) return 0;
    if (last.timestamp > message.timestamp) return 0;
    if (last.length !== message.body.length || last.type !== message.type) return 1;
    return (message.timestamp - last.timestamp) >>> 0 === last.field ? 3 : 2;
  }

  #basic(format: number, id: number): number[] {
    const top = format << 6;
    if (id < 64) return [top | id];
    if (id < 320 && !this.longIds) return [top, id - 64];
    return [top | 1, (id - 64) & 0xff, (id - 64) >> 8];
  }
}

function uint(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => (value / 2 ** (8 * (bytes - 1 - i))) & 0xff);
}
