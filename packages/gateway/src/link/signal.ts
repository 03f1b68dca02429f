/** LiveKit's signal WebSocket, the client's end: one socket, opened once; whoever wants another opens another. */
import { type JoinRequest, SignalRequest, SignalResponse, WrappedJoinRequest } from '@livekit/protocol';
import { WebSocket } from 'ws';
import type { LinkLimits } from './limits.ts';
import { LinkRefused } from './types.ts';

export type SignalOut = Exclude<SignalRequest['message'], { case: undefined }>;
export type SignalIn = Exclude<SignalResponse['message'], { case: undefined }>;

export interface SignalSocketSink {
  onMessage(message: SignalIn): void;
  /**
   * It did not open, or it is gone. Once, and not after {@link SignalSocket.close}.
   * {@link LinkRefused} = the server answers that this token or request is not let in.
   */
  onClosed(problem: Error): void;
}

export interface SignalSocketOptions {
  readonly url: string;
  readonly token: string;
  readonly request: JoinRequest;
  readonly limits: LinkLimits;
}

const MAX_REFUSAL_BYTES = 1_000;
/** A server that never answers the close frame must not hold the socket. */
const CLOSE_MS = 500;

export class SignalSocket {
  readonly #socket: WebSocket;
  readonly #limits: LinkLimits;
  #sink: SignalSocketSink | null;

  /** Opens the form with one peer connection (`/rtc/v1`). */
  constructor({ url, token, request, limits }: SignalSocketOptions, sink: SignalSocketSink) {
    this.#limits = limits;
    this.#sink = sink;
    const wrapped = new WrappedJoinRequest({ joinRequest: request.toBinary() }).toBinary();
    const address = new URL(url);
    address.pathname = `${address.pathname.replace(/\/$/, '')}/rtc/v1`;
    // URL-safe, and with padding: livekit-server wants it.
    const text = Buffer.from(wrapped).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    address.searchParams.set('join_request', text);
    // The token travels in a header: addresses end up in access logs.
    this.#socket = new WebSocket(address, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: limits.signalTimeoutMs,
      maxPayload: limits.maxSignalBytes,
      perMessageDeflate: false,
    });
    this.#listen();
  }

  get open(): boolean {
    return this.#sink !== null && this.#socket.readyState === WebSocket.OPEN;
  }

  /** False when it did not go out. */
  send(message: SignalOut): boolean {
    if (!this.open) return false;
    if (this.#socket.bufferedAmount > this.#limits.maxSignalBacklogBytes) {
      this.#socket.terminate();
      return false;
    }
    this.#socket.send(new SignalRequest({ message }).toBinary());
    return true;
  }

  /** Drops the socket as a network would: the sink hears of it. */
  drop(): void {
    this.#socket.terminate();
  }

  /** Ends it from our side; resolves when the socket is gone. */
  close(): Promise<void> {
    this.#sink = null;
    const socket = this.#socket;
    if (socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
      else socket.close(1000);
    });
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      const { statusCode = 0 } = response;
      response.on('data', (chunk: Buffer) => {
        if (body.length < MAX_REFUSAL_BYTES) body += chunk.toString('utf8');
      });
      response.on('error', () => {});
      response.on('close', () => {
        this.#gone(refusal(statusCode, body.slice(0, MAX_REFUSAL_BYTES).trim()));
        socket.terminate();
      });
    });
    socket.on('error', (error) => {
      this.#gone(new Error(`the media server is out of reach: ${error.message}`));
      socket.terminate();
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#receive(data);
    });
    socket.on('close', (code) => this.#gone(new Error(`the media server closed the connection (${code})`)));
  }

  #gone(problem: Error): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onClosed(problem);
  }

  #receive(data: Buffer | ArrayBuffer | Buffer[]): void {
    const sink = this.#sink;
    if (sink === null) return;
    let message: SignalResponse['message'];
    try {
      ({ message } = SignalResponse.fromBinary(Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data)));
    } catch {
      // One broken message costs itself alone.
      return;
    }
    if (message.case !== undefined) sink.onMessage(message);
  }
}

function refusal(status: number, body: string): Error {
  const text = `the media server answered ${status}${body === '' ? '' : `: ${body}`}`;
  const final =
    status === 400 || status === 401 || status === 403 || (status === 404 && body.includes('does not exist'));
  return final ? new LinkRefused(text) : new Error(text);
}
