import type { ToWorker } from './messages.ts';
import type { SignalConnection } from './types.ts';

/** A signal session that lives in the worker, as the HTTP side holds it. Frames wait until somebody listens. */
class RemoteSession implements SignalConnection {
  readonly #id: number;
  readonly #post: (message: ToWorker) => void;
  #waiting: Uint8Array[] = [];
  #ending: { readonly code: number; readonly reason: string } | null = null;
  #frameListener: ((frame: Uint8Array) => void) | null = null;
  #closeListener: ((code: number, reason: string) => void) | null = null;
  #over = false;

  constructor(id: number, post: (message: ToWorker) => void) {
    this.#id = id;
    this.#post = post;
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#frameListener = listener;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const frame of waiting) listener(frame);
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#closeListener = listener;
    if (this.#ending) listener(this.#ending.code, this.#ending.reason);
  }

  receive(frame: Uint8Array): void {
    if (!this.#over) this.#post({ type: 'frame', session: this.#id, frame });
  }

  closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#post({ type: 'closed', session: this.#id });
  }

  /** From the worker. */
  deliver(frame: Uint8Array): void {
    if (this.#over) return;
    if (this.#frameListener) this.#frameListener(frame);
    else this.#waiting.push(frame);
  }

  /** From the worker, or because it died. */
  end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#ending = { code, reason };
    this.#closeListener?.(code, reason);
  }
}

/** The signal sessions that are open through the present worker, by their numbers. */
export class RemoteSessions {
  readonly #post: (message: ToWorker) => void;
  readonly #byId = new Map<number, RemoteSession>();

  constructor(post: (message: ToWorker) => void) {
    this.#post = post;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The worker has let somebody in. */
  open(id: number): SignalConnection {
    const session = new RemoteSession(id, (message) => {
      // The worker forgets it without a word.
      if (message.type === 'closed') this.#byId.delete(id);
      this.#post(message);
    });
    this.#byId.set(id, session);
    return session;
  }

  deliver(id: number, frame: Uint8Array): void {
    this.#byId.get(id)?.deliver(frame);
  }

  end(id: number, code: number, reason: string): void {
    const session = this.#byId.get(id);
    this.#byId.delete(id);
    session?.end(code, reason);
  }

  endAll(code: number, reason: string): void {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    for (const session of all) session.end(code, reason);
  }
}
