/** An RTMP client for tests, benches and stand-in phones: publishes and plays. Not hardened, not part of the product. */
import { createConnection, type Socket } from 'node:net';
import { type AmfValue, amfObject, readAmf0, writeAmf0 } from '../amf0.ts';
import { ChunkReader } from '../chunk-reader.ts';
import { encodeMessage } from '../chunk-writer.ts';
import { CHUNK_STREAM, DEFAULT_CHUNK_BYTES, MESSAGE, MESSAGE_STREAM, WINDOW_BYTES } from '../constants.ts';
import { answerUserControl, readUint32, uint32Body } from '../control.ts';
import { HANDSHAKE_RANDOM_BYTES, Handshake } from '../handshake.ts';
import type { RtmpMedia } from '../types.ts';

const LOOSE = { maxDepth: 16, maxValues: 10_000, maxStringBytes: 1_000_000 };
const READER = { maxMessageBytes: 1 << 24, maxPendingBytes: 1 << 25, maxChunkBytes: 1 << 24, maxChunkStreams: 64 };
const TYPES = { audio: MESSAGE.audio, video: MESSAGE.video, data: MESSAGE.dataAmf0 } as const;

export interface RtmpClientOptions {
  readonly host: string;
  readonly port: number;
  readonly app: string;
  /** Absent: made from host, port and app. Null: left out, as some clients do. */
  readonly tcUrl?: string | null;
  /** Chunk size of what is sent; 4,096 when absent. */
  readonly chunkBytes?: number;
  readonly onMedia?: (media: RtmpMedia) => void;
}

/** A refusal in the server's words. */
export class RtmpStatusError extends Error {
  override name = 'RtmpStatusError';
  readonly code: string;

  constructor(code: string, description: string) {
    super(`${code}: ${description}`);
    this.code = code;
  }
}

export class RtmpClient {
  readonly socket: Socket;
  /** Codes of all `onStatus` so far. */
  readonly statuses: string[] = [];
  /** Types of all messages that came so far, with their bodies, media left out. */
  readonly messages: { readonly type: number; readonly body: Uint8Array }[] = [];
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** Bytes the server has acknowledged. */
  acknowledged = 0;
  mediaBytes = 0;
  #chunkBytes = DEFAULT_CHUNK_BYTES;
  #transaction = 0;
  #received = 0;
  #acknowledgedByUs = 0;
  #window = WINDOW_BYTES;
  readonly #options: RtmpClientOptions;
  readonly #handshake: Handshake;
  readonly #waiting = new Set<() => void>();
  readonly #results = new Map<number, readonly AmfValue[]>();
  #gone = false;
  #failure: RtmpStatusError | null = null;

  /** Connects, shakes hands and says `connect`. Rejects when the server does not answer with success. */
  static async connect(options: RtmpClientOptions): Promise<RtmpClient> {
    const client = new RtmpClient(options);
    // Nothing may stand between the handshake's packets.
    await client.until(() => client.#handshake.done);
    const { host, port, app, chunkBytes = 4_096 } = options;
    client.message(MESSAGE.setChunkSize, uint32Body(chunkBytes));
    client.#chunkBytes = chunkBytes;
    const tcUrl = options.tcUrl === undefined ? `rtmp://${host}:${port}/${app}` : options.tcUrl;
    await client.request(
      'connect',
      amfObject({ app, type: 'nonprivate', flashVer: 'FMLE/3.0', ...(tcUrl === null ? {} : { tcUrl }) }),
    );
    client.message(MESSAGE.windowAcknowledgementSize, uint32Body(WINDOW_BYTES));
    return client;
  }

  private constructor(options: RtmpClientOptions) {
    this.#options = options;
    this.socket = createConnection({ host: options.host, port: options.port, noDelay: true });
    this.#handshake = new Handshake('client', new Uint8Array(HANDSHAKE_RANDOM_BYTES), (bytes) => {
      this.socket.write(bytes);
    });
    const reader = new ChunkReader(READER, (type, _stream, timestamp, body) => this.#receive(type, timestamp, body));
    this.socket.on('data', (data: Uint8Array) => {
      const at = this.#handshake.done ? 0 : this.#handshake.read(data, 0);
      if (this.#handshake.done) reader.read(data, at);
      this.#received += data.length;
      if (this.#received - this.#acknowledgedByUs >= this.#window) {
        this.#acknowledgedByUs = this.#received;
        this.message(MESSAGE.acknowledgement, uint32Body(this.#received));
      }
      this.#tell();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#gone = true;
        this.#tell();
        resolve();
      });
    });
  }

  /** Says a command and waits for its `_result`. */
  async request(name: string, ...values: readonly AmfValue[]): Promise<readonly AmfValue[]> {
    this.#transaction += 1;
    const transaction = this.#transaction;
    this.command(name, transaction, ...values);
    await this.until(() => this.#results.has(transaction));
    const [kind, , , info] = this.#results.get(transaction) ?? [];
    if (kind !== '_result') throw statusError(info);
    return this.#results.get(transaction) ?? [];
  }

  command(name: string, transaction: number, ...values: readonly AmfValue[]): void {
    this.message(MESSAGE.commandAmf0, writeAmf0([name, transaction, ...values]));
  }

  /** Sends a message that is no media. */
  message(type: number, body: Uint8Array): void {
    const control = type < MESSAGE.audio;
    const chunkStream = control ? CHUNK_STREAM.control : CHUNK_STREAM.command;
    this.socket.write(encodeMessage(chunkStream, type, control ? 0 : MESSAGE_STREAM, 0, body, this.#chunkBytes));
  }

  /** Rejects with {@link RtmpStatusError} when refused. */
  async publish(name: string): Promise<void> {
    this.command('releaseStream', 0, null, name);
    this.command('FCPublish', 0, null, name);
    await this.request('createStream', null);
    this.command('publish', 0, null, name, 'live');
    await this.until(() => this.statuses.includes('NetStream.Publish.Start'));
  }

  async play(name: string): Promise<void> {
    await this.request('createStream', null);
    this.command('play', 0, null, name, -2);
    await this.until(() => this.statuses.includes('NetStream.Play.Start'));
  }

  /** @returns false when the kernel's buffer is full: wait for `drain` of the socket. */
  send(kind: RtmpMedia['kind'], timestamp: number, payload: Uint8Array): boolean {
    const chunkStream = CHUNK_STREAM[kind];
    return this.socket.write(
      encodeMessage(chunkStream, TYPES[kind], MESSAGE_STREAM, timestamp, payload, this.#chunkBytes),
    );
  }

  /** Resolves when the condition holds, looked at after all that comes; rejects when the connection ends or an error is told. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#gone) throw new Error('the connection is gone');
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #receive(type: number, timestamp: number, body: Uint8Array): void {
    switch (type) {
      case MESSAGE.audio:
      case MESSAGE.video:
      case MESSAGE.dataAmf0:
        this.mediaBytes += body.length;
        this.#options.onMedia?.({ kind: kindOf(type), timestamp, payload: body });
        return;
      case MESSAGE.acknowledgement:
        this.acknowledged = readUint32(body);
        break;
      case MESSAGE.windowAcknowledgementSize:
        this.#window = readUint32(body);
        break;
      case MESSAGE.userControl: {
        const answer = answerUserControl(body);
        if (answer !== null) this.message(MESSAGE.userControl, answer);
        break;
      }
      case MESSAGE.commandAmf0:
        this.#command(readAmf0(body, 0, LOOSE));
        break;
    }
    this.messages.push({ type, body });
  }

  #command(values: readonly AmfValue[]): void {
    const [name, transaction, , info] = values;
    if ((name === '_result' || name === '_error') && typeof transaction === 'number') {
      this.#results.set(transaction, values);
    } else if (name === 'onStatus' && info instanceof Map) {
      this.statuses.push(String(info.get('code')));
      if (info.get('level') === 'error') this.#failure = statusError(info);
    }
  }

  #tell(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

function kindOf(type: number): RtmpMedia['kind'] {
  if (type === MESSAGE.audio) return 'audio';
  return type === MESSAGE.video ? 'video' : 'data';
}

function statusError(info: AmfValue): RtmpStatusError {
  if (!(info instanceof Map)) return new RtmpStatusError('unknown', 'an error without its object');
  return new RtmpStatusError(String(info.get('code')), String(info.get('description')));
}
