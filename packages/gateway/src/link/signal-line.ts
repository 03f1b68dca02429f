/** The signal of one session through all its WebSockets: the first message of each, pings, and who may speak. */
import { type JoinRequest, Ping } from '@livekit/protocol';
import { TurnedAway } from './goodbye.ts';
import type { LinkLimits } from './limits.ts';
import { type SignalIn, type SignalOut, SignalSocket } from './signal.ts';
import { within } from './waiting.ts';

export interface SignalLineSink {
  /** `join` first of all, or what comes after the first message. */
  onMessage(message: SignalIn): void;
  /** The WebSocket that was let in is gone. */
  onClosed(reason: string): void;
}

export class SignalLine {
  readonly #url: string;
  readonly #limits: LinkLimits;
  readonly #clock: () => number;
  readonly #sink: SignalLineSink;
  #socket: SignalSocket | null = null;
  #first: PromiseWithResolvers<void> | null = null;
  #ping: NodeJS.Timeout | null = null;
  #heardAt = 0;

  constructor(
    context: { readonly url: string; readonly limits: LinkLimits; readonly clock: () => number },
    sink: SignalLineSink,
  ) {
    this.#url = context.url;
    this.#limits = context.limits;
    this.#clock = context.clock;
    this.#sink = sink;
  }

  get open(): boolean {
    return this.#socket?.open === true && this.#first === null;
  }

  /**
   * Opens a WebSocket in the place of the one before; resolves with its first message, which is a `join` or a `reconnect`.
   *
   * @throws {TurnedAway} when the server says goodbye instead.
   * @throws {LinkRefused} when it does not let us in; another error when it is out of reach.
   */
  async enter(token: string, request: JoinRequest): Promise<void> {
    const before = this.#socket;
    const first = Promise.withResolvers<void>();
    this.#first = first;
    const socket: SignalSocket = new SignalSocket(
      { url: this.#url, token, request, limits: this.#limits },
      {
        onMessage: (message) => {
          if (this.#socket === socket) this.#receive(message);
        },
        onClosed: (problem) => {
          if (this.#socket !== socket) return;
          this.#socket = null;
          if (this.#first === first) first.reject(problem);
          else this.#sink.onClosed(problem.message);
        },
      },
    );
    this.#socket = socket;
    void before?.close();
    try {
      await within(first.promise, this.#limits.signalTimeoutMs, 'the media server did not answer');
    } catch (error) {
      if (this.#socket === socket) this.#socket = null;
      void socket.close();
      throw error;
    } finally {
      if (this.#first === first) this.#first = null;
    }
  }

  /** False when it did not go out. */
  send(message: SignalOut): boolean {
    return this.#socket?.send(message) ?? false;
  }

  /** Seconds, as the server wishes; 0 switches it off. */
  keepAlive(intervalSeconds: number, timeoutSeconds: number): void {
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#ping = null;
    if (intervalSeconds <= 0 || timeoutSeconds <= 0) return;
    this.#ping = setInterval(() => {
      if (this.#clock() - this.#heardAt > timeoutSeconds * 1_000) this.#socket?.drop();
      else this.send({ case: 'pingReq', value: new Ping({ timestamp: BigInt(Date.now()) }) });
    }, intervalSeconds * 1_000);
    this.#ping.unref();
  }

  /** Resolves when the WebSocket is gone. */
  async close(): Promise<void> {
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#ping = null;
    this.#first?.reject(new Error('the link was closed'));
    const socket = this.#socket;
    this.#socket = null;
    await socket?.close();
  }

  #receive(message: SignalIn): void {
    this.#heardAt = this.#clock();
    const first = this.#first;
    if (first === null) {
      this.#sink.onMessage(message);
      return;
    }
    // Before the first answer nothing else counts.
    if (message.case === 'leave') first.reject(new TurnedAway(message.value));
    if (message.case !== 'join' && message.case !== 'reconnect') return;
    this.#first = null;
    this.#sink.onMessage(message);
    first.resolve();
  }
}
