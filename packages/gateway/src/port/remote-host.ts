import type { MessagePort } from 'node:worker_threads';
import type { Admitted, GatewayHost, Refused } from '../host.ts';
import type { FromWorker, HostAnswer, HostCall, ToWorker } from './messages.ts';

interface Waiting<T> {
  resolve(answer: T): void;
  reject(error: Error): void;
}

/** The server as the worker sees it: every question is a message, answered by another or given up after a while. */
export class RemoteHost implements GatewayHost {
  readonly #post: (message: FromWorker) => void;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting<HostAnswer>>();
  readonly #ports = new Map<number, Waiting<MessagePort>>();
  #nextId = 1;

  /** @param timeoutMs longest wait for an answer; then the question rejects, and its answer is nobody's when it comes. */
  constructor(post: (message: FromWorker) => void, timeoutMs: number) {
    this.#post = post;
    this.#timeoutMs = timeoutMs;
  }

  /** Questions without an answer yet. */
  get pending(): number {
    return this.#waiting.size + this.#ports.size;
  }

  async admit(request: Parameters<GatewayHost['admit']>[0]): Promise<Admitted | Refused> {
    const answer = await this.#call({ method: 'admit', request });
    if (answer.kind === 'admitted' || answer.kind === 'refused') return answer;
    throw new Error('not an answer to admit');
  }

  async mediaToken(request: Parameters<GatewayHost['mediaToken']>[0]): Promise<string> {
    const answer = await this.#call({ method: 'mediaToken', request });
    if (answer.kind === 'token') return answer.token;
    throw new Error('not an answer to mediaToken');
  }

  async act(request: Parameters<GatewayHost['act']>[0]): ReturnType<GatewayHost['act']> {
    const answer = await this.#call({ method: 'act', request });
    if (answer.kind === 'done') return answer.code;
    throw new Error('not an answer to act');
  }

  /** A fresh port to the embedded engine. Rejects when there is none now. */
  enginePort(): Promise<MessagePort> {
    return this.#ask(this.#ports, (id) => ({ type: 'engine-port-wanted', id }));
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'host-answer':
        take(this.#waiting, message.id)?.resolve(message.answer);
        return;
      case 'host-error':
        take(this.#waiting, message.id)?.reject(new Error(message.message));
        return;
      case 'engine-port': {
        const { port } = message;
        const waiting = take(this.#ports, message.id);
        if (port === null) waiting?.reject(new Error('the media engine is not running'));
        else if (waiting === undefined) port.close();
        else waiting.resolve(port);
        return;
      }
      default:
        return;
    }
  }

  #call(call: HostCall): Promise<HostAnswer> {
    return this.#ask(this.#waiting, (id) => ({ type: 'host-call', id, call }));
  }

  #ask<T>(waiting: Map<number, Waiting<T>>, question: (id: number) => FromWorker): Promise<T> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(
      () => take(waiting, id)?.reject(new Error('the server did not answer in time')),
      this.#timeoutMs,
    );
    waiting.set(id, { resolve, reject });
    this.#post(question(id));
    return promise.finally(() => clearTimeout(timer));
  }
}

function take<T>(waiting: Map<number, Waiting<T>>, id: number): Waiting<T> | undefined {
  const one = waiting.get(id);
  waiting.delete(id);
  return one;
}
