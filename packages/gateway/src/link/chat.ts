/**
 * The room's conversation as LiveKit's components speak it: a text stream on topic `lk.chat`; besides it the older forms
 * (`ChatMessage` packets, JSON on topic `lk-chat-topic`) are heard, and nothing is heard twice.
 */
import { inflateRawSync } from 'node:zlib';
import {
  DataPacket,
  DataPacket_Kind,
  DataStream_Chunk,
  DataStream_CompressionType,
  DataStream_Header,
  DataStream_OperationType,
  DataStream_Trailer,
  Encryption_Type,
} from '@livekit/protocol';
import { z } from 'zod';
import type { ChatMessage } from '../room/chat-message.ts';
import type { LinkLimits } from './limits.ts';

const CHAT_TOPIC = 'lk.chat';
const LEGACY_TOPIC = 'lk-chat-topic';
/** As livekit-client cuts its streams: a message of SCTP below 16 KiB. */
const CHUNK_BYTES = 15_000;
const MAX_ID_LENGTH = 128;

const legacySchema = z.object({
  id: z.string().min(1).max(MAX_ID_LENGTH).optional(),
  timestamp: z.number().optional(),
  message: z.string(),
  ignoreLegacy: z.boolean().optional(),
});

/** A text stream of which the end has not come yet. */
interface OpenStream {
  readonly header: DataStream_Header;
  readonly chunks: Uint8Array[];
  nextChunk: number;
  bytes: number;
  touched: number;
}

export class ChatStreams {
  readonly #limits: LinkLimits;
  readonly #clock: () => number;
  /** By sender and stream, oldest first. */
  readonly #open = new Map<string, OpenStream>();
  readonly #seen = new Set<string>();

  constructor(limits: LinkLimits, clock: () => number) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** The packets that say a message, in order. @throws {Error} when the text is too long. */
  encode(message: ChatMessage): Uint8Array[] {
    const text = Buffer.from(message.text, 'utf8');
    if (text.length > this.#limits.maxChatBytes) throw new Error('the chat message is too long');
    const streamId = message.id;
    const packet = (value: DataPacket['value']) => new DataPacket({ kind: DataPacket_Kind.RELIABLE, value }).toBinary();
    const packets = [
      packet({
        case: 'streamHeader',
        value: new DataStream_Header({
          streamId,
          timestamp: BigInt(Math.round(message.time)),
          topic: CHAT_TOPIC,
          mimeType: 'text/plain',
          totalLength: BigInt(text.length),
          encryptionType: Encryption_Type.NONE,
          contentHeader: {
            case: 'textHeader',
            value: { operationType: DataStream_OperationType.CREATE, version: 0 },
          },
        }),
      }),
    ];
    for (let at = 0, index = 0; at < text.length; index++) {
      let end = Math.min(text.length, at + CHUNK_BYTES);
      // A character is not cut in two: receivers decode each chunk by itself.
      while (end < text.length && (text[end]! & 0xc0) === 0x80) end -= 1;
      const content = text.subarray(at, end);
      packets.push(
        packet({ case: 'streamChunk', value: new DataStream_Chunk({ streamId, chunkIndex: BigInt(index), content }) }),
      );
      at = end;
    }
    packets.push(packet({ case: 'streamTrailer', value: new DataStream_Trailer({ streamId }) }));
    return packets;
  }

  /** One packet of the data channel; answers a message when it completes one. */
  receive(bytes: Uint8Array): ChatMessage | null {
    let packet: DataPacket;
    try {
      packet = DataPacket.fromBinary(bytes);
    } catch {
      return null;
    }
    const from = packet.participantIdentity;
    const { value } = packet;
    switch (value.case) {
      case 'streamHeader':
        return this.#header(from, value.value);
      case 'streamChunk':
        return this.#chunk(from, value.value);
      case 'streamTrailer':
        return this.#trailer(from, value.value);
      case 'chatMessage': {
        const { id, message, timestamp, deleted } = value.value;
        return deleted ? null : this.#complete(from, id, message, Number(timestamp));
      }
      case 'user':
        return value.value.topic === LEGACY_TOPIC
          ? this.#legacy(from || value.value.participantIdentity, value.value.payload)
          : null;
      default:
        return null;
    }
  }

  /** Half-received streams end with their connection. */
  clear(): void {
    this.#open.clear();
  }

  #header(from: string, header: DataStream_Header): ChatMessage | null {
    this.#forgetIdle();
    if (header.topic !== CHAT_TOPIC || header.contentHeader.case !== 'textHeader') return null;
    if (header.streamId === '' || header.streamId.length > MAX_ID_LENGTH) return null;
    if (header.encryptionType !== Encryption_Type.NONE) return null;
    if (Number(header.totalLength ?? 0n) > this.#limits.maxChatBytes) return null;
    if (header.inlineContent !== undefined) return this.#text(from, header, header.inlineContent);
    const key = streamKey(from, header.streamId);
    if (!this.#open.has(key) && this.#open.size >= this.#limits.maxOpenStreams) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#open.delete(oldest);
    }
    this.#open.set(key, { header, chunks: [], nextChunk: 0, bytes: 0, touched: this.#clock() });
    return null;
  }

  #chunk(from: string, { streamId, chunkIndex, content }: DataStream_Chunk): null {
    const key = streamKey(from, streamId);
    const stream = this.#open.get(key);
    if (stream === undefined) return null;
    const index = Number(chunkIndex);
    // Said again after a resume.
    if (index < stream.nextChunk) return null;
    if (index > stream.nextChunk || stream.bytes + content.length > this.#limits.maxChatBytes) {
      this.#open.delete(key);
      return null;
    }
    stream.chunks.push(content);
    stream.bytes += content.length;
    stream.nextChunk += 1;
    stream.touched = this.#clock();
    return null;
  }

  #trailer(from: string, { streamId, reason }: DataStream_Trailer): ChatMessage | null {
    const key = streamKey(from, streamId);
    const stream = this.#open.get(key);
    if (stream === undefined) return null;
    this.#open.delete(key);
    // A reason says that it was broken off.
    return reason === '' ? this.#text(from, stream.header, Buffer.concat(stream.chunks)) : null;
  }

  #text(from: string, header: DataStream_Header, content: Uint8Array): ChatMessage | null {
    let bytes = content;
    if (header.compression === DataStream_CompressionType.DEFLATE_RAW) {
      try {
        // The cap stops a bomb while it inflates.
        bytes = inflateRawSync(content, { maxOutputLength: this.#limits.maxChatBytes });
      } catch {
        return null;
      }
    } else if (header.compression !== DataStream_CompressionType.NONE) return null;
    return this.#complete(from, header.streamId, Buffer.from(bytes).toString('utf8'), Number(header.timestamp));
  }

  #legacy(from: string, payload: Uint8Array): ChatMessage | null {
    if (payload.length > this.#limits.maxChatBytes * 2) return null;
    try {
      const parsed = legacySchema.safeParse(JSON.parse(Buffer.from(payload).toString('utf8')));
      // The sender says that the same words also came as a text stream.
      if (!parsed.success || parsed.data.ignoreLegacy === true) return null;
      const { id, timestamp, message } = parsed.data;
      return this.#complete(from, id ?? `${timestamp ?? Date.now()}`, message, timestamp ?? Date.now());
    } catch {
      return null;
    }
  }

  #complete(from: string, id: string, text: string, time: number): ChatMessage | null {
    if (from === '' || id === '' || id.length > MAX_ID_LENGTH) return null;
    if (Buffer.byteLength(text) > this.#limits.maxChatBytes) return null;
    const key = streamKey(from, id);
    if (this.#seen.has(key)) return null;
    this.#seen.add(key);
    if (this.#seen.size > this.#limits.maxSeenMessages) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return { id, from, text, time: Number.isFinite(time) && time > 0 ? time : Date.now() };
  }

  #forgetIdle(): void {
    const limit = this.#clock() - this.#limits.streamIdleMs;
    for (const [key, stream] of this.#open) if (stream.touched < limit) this.#open.delete(key);
  }
}

function streamKey(from: string, id: string): string {
  return `${from}\n${id}`;
}
