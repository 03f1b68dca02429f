/** One socket: handshake, chunks and session behind each other, with the limits that time and bytes set. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ViewEnd } from '../stream/types.ts';
import { ChunkReader, type ChunkReaderLimits } from './chunk-reader.ts';
import { RtmpError } from './errors.ts';
import { HANDSHAKE_RANDOM_BYTES, Handshake } from './handshake.ts';
import { PlayerSocket } from './player-socket.ts';
import { RATE_WINDOW_MS, RateWindow } from './rate-window.ts';
import { ServerSession, type SessionWire } from './session.ts';
import type { Playing, PublishEnd, RtmpLimits, RtmpServerOptions } from './types.ts';

/** A client that no door has let in sends commands only: so much is enough for them, and little to reserve for strangers. */
const STRANGER_MESSAGE_BYTES = 65_536;
const STRANGER_PENDING_BYTES = 131_072;
/** Answers waiting for a client that does not read them; beyond it, nothing of his is read either. */
const ANSWER_BACKLOG_BYTES = 65_536;
/** How long a client may take to fetch our last words. */
const LINGER_MS = 2_000;
const KEEP_ALIVE_MS = 30_000;
/** Where the limits say nothing. A publisher or player needs a dozen in all, and a ping now and then. */
const REQUESTS_PER_SECOND = 100;

export class Connection implements SessionWire {
  readonly remoteAddress: string;
  readonly #socket: Socket;
  readonly #options: RtmpServerOptions;
  readonly #limits: RtmpLimits;
  readonly #handshake: Handshake;
  readonly #reader: ChunkReader;
  readonly #session: ServerSession;
  readonly #rate = new RateWindow();
  readonly #requestRate = new RateWindow();
  readonly #opened: number;
  readonly #rateBytes: number;
  readonly #rateRequests: number;
  #player: PlayerSocket | null = null;
  /** Read, but not yet looked at: a door is being asked. */
  #held: Uint8Array | null = null;
  #asking = false;
  #draining = false;
  #lastData: number;
  #admittedAt = 0;
  #received = 0;
  #requests = 0;
  #acknowledged = 0;
  /** From then on the socket is destroyed; null: it is not closing. */
  #deadline: number | null = null;

  constructor(socket: Socket, remoteAddress: string, options: RtmpServerOptions) {
    this.remoteAddress = remoteAddress;
    this.#socket = socket;
    this.#options = options;
    const { limits } = options;
    this.#limits = limits;
    this.#opened = options.clock();
    this.#lastData = this.#opened;
    this.#rateBytes = (limits.maxBitsPerSecond / 8) * (RATE_WINDOW_MS / 1_000);
    this.#rateRequests = (limits.maxRequestsPerSecond ?? REQUESTS_PER_SECOND) * (RATE_WINDOW_MS / 1_000);
    this.#session = new ServerSession(this, options.doors, limits, options.observe?.(remoteAddress) ?? null);
    this.#reader = new ChunkReader(strangerLimits(limits), (type, messageStream, timestamp, payload) => {
      this.#session.receive(type, messageStream, timestamp, payload);
    });
    this.#handshake = new Handshake('server', randomBytes(HANDSHAKE_RANDOM_BYTES), (bytes) => this.send(bytes));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (data: Uint8Array) => this.#onData(data));
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => {
      // 'close' follows and is what counts.
    });
    socket.on('end', () => this.#gone('closed by the client', 'closed'));
    socket.on('close', () => this.#gone('the connection was lost', 'lost'));
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.writableEnded || this.#socket.destroyed) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > ANSWER_BACKLOG_BYTES) {
      this.#draining = true;
      this.#socket.pause();
    }
  }

  pause(): void {
    this.#asking = true;
    this.#reader.paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.uncork();
    this.#asking = false;
    this.#reader.paused = false;
    const held = this.#held;
    this.#held = null;
    if (held !== null && this.#deadline === null) this.#take(held);
    this.#flow();
  }

  admitted(role: 'publisher' | 'player'): void {
    // What is said until the session reads on goes out in one piece; ending the socket ends this too.
    this.#socket.cork();
    this.#admittedAt = this.#options.clock();
    this.#lastData = this.#admittedAt;
    if (role === 'publisher') this.#reader.setLimits(this.#limits);
  }

  playing(): Playing {
    this.#player ??= new PlayerSocket(this.#socket, (refusal, atOnce) => {
      if (!atOnce) this.#session.endPlaying(refusal);
      else this.#break(refusal.description);
    });
    return this.#player;
  }

  trouble(sentence: string): void {
    this.#options.onTrouble?.(this.remoteAddress, sentence);
  }

  finish(sentence: string): void {
    if (this.#deadline !== null) return;
    this.#deadline = this.#options.clock() + LINGER_MS;
    this.#held = null;
    this.#player?.closed();
    this.#session.closed(sentence, 'ended');
    this.#socket.end();
    // What still comes is read and thrown away: bytes left unread would make the kernel reset the connection, and the
    // client would never see our last words.
    this.#socket.resume();
  }

  /** Looks at the time; called a few times a second. */
  tick(now: number): void {
    if (this.#deadline !== null) {
      if (now >= this.#deadline) this.#socket.destroy();
      return;
    }
    const { state } = this.#session;
    if (state === 'playing') return;
    if (state !== 'publishing') {
      if (now - this.#opened > this.#limits.setupMs) this.#break('setting up took too long');
    } else if (now - this.#lastData > this.#limits.idleMs) {
      this.#endPublish('Nothing was sent for too long.', 'idle');
    } else if (now - this.#admittedAt > this.#limits.maxPublishMs) {
      this.#endPublish('The longest time for a publish is over.', 'too-much');
    }
  }

  #endPublish(description: string, cause: PublishEnd): void {
    this.#session.refuse({ code: 'NetStream.Publish.Rejected', description }, cause);
  }

  /** The server stops. */
  stop(reason: ViewEnd): void {
    if (this.#player !== null) this.#player.end(reason);
    else if (this.#handshake.done && this.#session.state !== 'new') {
      this.#session.refuse({ code: 'NetConnection.Connect.Closed', description: 'The server is stopping.' });
    } else this.finish('the server is stopping');
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onData(data: Uint8Array): void {
    if (this.#deadline !== null) return;
    const now = this.#options.clock();
    this.#lastData = now;
    this.#received += data.length;
    if (this.#rate.add(now, data.length) > this.#rateBytes) {
      if (this.#session.state === 'publishing') this.#endPublish('The bit rate is over the limit.', 'too-much');
      else this.#break('too many bytes');
      return;
    }
    // Answers to what came together go out together.
    this.#socket.cork();
    this.#take(data);
    this.#socket.uncork();
    const { requests } = this.#session;
    if (requests > this.#requests) {
      const passed = requests - this.#requests;
      this.#requests = requests;
      if (this.#requestRate.add(now, passed) > this.#rateRequests) this.#break('too many commands');
    }
    if (this.#received - this.#acknowledged >= this.#session.acknowledgeWindow && this.#session.state !== 'new') {
      this.#acknowledged = this.#received;
      this.#session.acknowledge(this.#received);
    }
  }

  #take(data: Uint8Array): void {
    if (this.#asking) {
      this.#held = this.#held === null ? data : Buffer.concat([this.#held, data]);
      return;
    }
    try {
      let at = this.#handshake.done ? 0 : this.#handshake.read(data, 0);
      if (this.#handshake.done) at = this.#reader.read(data, at);
      if (at < data.length && this.#deadline === null) this.#held = data.subarray(at);
    } catch (error) {
      // Only sentences of our own are told: another error's message may hold what the client wrote.
      this.#break(error instanceof RtmpError ? error.message : 'an error while reading');
    }
  }

  #onDrain(): void {
    this.#draining = false;
    this.#flow();
  }

  #flow(): void {
    if (!this.#asking && !this.#draining) this.#socket.resume();
  }

  #break(sentence: string): void {
    if (this.#deadline === null) this.trouble(sentence);
    this.#gone(sentence, 'broken');
    this.#socket.destroy();
  }

  #gone(sentence: string, cause: PublishEnd): void {
    this.#held = null;
    this.#player?.closed();
    this.#session.closed(sentence, cause);
  }
}

function strangerLimits(limits: RtmpLimits): ChunkReaderLimits {
  return {
    ...limits,
    maxMessageBytes: Math.min(limits.maxMessageBytes, STRANGER_MESSAGE_BYTES),
    maxPendingBytes: Math.min(limits.maxPendingBytes, STRANGER_PENDING_BYTES),
  };
}
