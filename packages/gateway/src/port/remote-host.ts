import type { MessagePort } from 'node:worker_threads';
import type { Admitted, GatewayHost, Refused } from '../host.ts';
import type { FromWorker, HostAnswer, HostCall, ToWorker } from './messages.ts';

interface Waiting {
  resolve(answer: HostAnswer): void;
  reject(error: Error): void;
}

/** The server as the worker sees it: every question is a message, answered by another. */
export class RemoteHost implements GatewayHost {
  readonly #post: (message: FromWorker) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ports = new Map<number, (port: MessagePort | null) => void>();
  #nextId = 1;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  async admit(request: Parameters<GatewayHost['admit']>[0]): Promise<Admitted | Refused> {
    const answer = await this.#ask({ method: 'admit', request });
    if (answer.kind === 'admitted' || answer.kind === 'refused') return answer;
    throw new Error('not an answer to admit');
  }

  async mediaToken(request: Parameters<GatewayHost['mediaToken']>[0]): Promise<string> {
    const answer = await this.#ask({ method: 'mediaToken', request });
    if (answer.kind === 'token') return answer.token;
    throw new Error('not an answer to mediaToken');
  }

  async act(request: Parameters<GatewayHost['act']>[0]): ReturnType<GatewayHost['act']> {
    const answer = await this.#ask({ method: 'act', request });
    if (answer.kind === 'done') return answer.code;
    throw new Error('not an answer to act');
  }

  /** A fresh port to the embedded engine. Rejects when there is none now. */
  enginePort(): Promise<MessagePort> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#ports.set(id, (port) => {
        if (port === null) reject(new Error('the media engine is not running'));
        else resolve(port);
      });
      this.#post({ type: 'engine-port-wanted', id });
    });
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'host-answer':
        this.#take(message.id)?.resolve(message.answer);
        return;
      case 'host-error':
        this.#take(message.id)?.reject(new Error(message.message));
        return;
      case 'engine-port': {
        const listener = this.#ports.get(message.id);
        this.#ports.delete(message.id);
        listener?.(message.port);
        return;
      }
      default:
        return;
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #ask(call: HostCall): Promise<HostAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ type: 'host-call', id, call });
    });
  }
}
