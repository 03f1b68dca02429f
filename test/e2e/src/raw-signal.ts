import { SignalRequest, SignalResponse } from '@livekit/protocol';
import { type WaitOptions, waitFor } from './wait.ts';

type RequestMessage = Exclude<SignalRequest['message'], { case: undefined }>;
type ResponseMessage = Exclude<SignalResponse['message'], { case: undefined }>;
type ResponseCase = ResponseMessage['case'];
type ResponseOf<C extends ResponseCase> = Extract<ResponseMessage, { case: C }>['value'];

/** A bare signal WebSocket, for what the SDKs do not show. */
export class RawSignal {
  readonly messages: ResponseMessage[] = [];
  closed: { readonly code: number } | null = null;
  readonly #socket: WebSocket;

  /** Resolves when the WebSocket is open; rejects when it was refused. */
  static async open(wsUrl: string, path: '/rtc' | '/rtc/v1', query: Readonly<Record<string, string>>) {
    const url = new URL(path, wsUrl);
    url.search = new URLSearchParams(query).toString();
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const signal = new RawSignal(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      socket.addEventListener('error', () => reject(new Error(`${path} was refused`)), { once: true });
    });
    return signal;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', (event) => {
      const data: unknown = event.data;
      if (!(data instanceof ArrayBuffer)) return;
      const { message } = SignalResponse.fromBinary(new Uint8Array(data));
      if (message.case !== undefined) this.messages.push(message);
    });
    socket.addEventListener('close', (event) => {
      this.closed = { code: event.code };
    });
  }

  send(message: RequestMessage): void {
    this.sendBytes(new Uint8Array(new SignalRequest({ message }).toBinary()));
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  /** The first message of a kind. */
  async waitFor<C extends ResponseCase>(
    kind: C,
    accept: (value: ResponseOf<C>) => boolean = () => true,
    options?: WaitOptions,
  ): Promise<ResponseOf<C>> {
    const find = () => {
      for (const message of this.messages) {
        if (message.case === kind && accept(message.value as ResponseOf<C>)) return message.value as ResponseOf<C>;
      }
      return null;
    };
    await waitFor(
      `the server's ${kind}`,
      () => this.messages.map((message) => message.case),
      () => find() !== null,
      options,
    );
    const found = find();
    if (found === null) throw new Error(`${kind} vanished`);
    return found;
  }

  async waitForClose(options?: WaitOptions): Promise<number> {
    const seen = await waitFor(
      'the server to close the WebSocket',
      () => this.closed,
      (closed) => closed !== null,
      options,
    );
    return seen?.code ?? 0;
  }

  close(): void {
    this.#socket.close();
  }
}
