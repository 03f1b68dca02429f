import type { PhoneSignalConnection } from '../types.ts';
import type { ToWorker } from './messages.ts';

/** A signalling connection whose phone lives in the worker, from the HTTP side. */
class RemoteSignal implements PhoneSignalConnection {
  readonly #id: number;
  readonly #post: (message: ToWorker) => void;
  #frameListener: ((frame: string) => void) | null = null;
  #closeListener: ((code: number, reason: string) => void) | null = null;
  #early: string[] = [];
  #closing: { readonly code: number; readonly reason: string } | null = null;
  #over = false;

  constructor(id: number, post: (message: ToWorker) => void) {
    this.#id = id;
    this.#post = post;
  }

  onFrame(listener: (frame: string) => void): void {
    this.#frameListener = listener;
    for (const frame of this.#early) listener(frame);
    this.#early = [];
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#closeListener = listener;
    if (this.#closing !== null) listener(this.#closing.code, this.#closing.reason);
  }

  receive(frame: string): void {
    this.#post({ type: 'signal-frame', id: this.#id, frame });
  }

  closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#post({ type: 'signal-closed', id: this.#id });
  }

  /** A frame came from the worker. */
  deliver(frame: string): void {
    if (this.#over) return;
    if (this.#frameListener !== null) this.#frameListener(frame);
    else this.#early.push(frame);
  }

  /** The worker ends it. */
  end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#closing = { code, reason };
    this.#closeListener?.(code, reason);
  }
}

/** The signalling connections that are open through the present worker, by their numbers. */
export class RemoteSignals {
  readonly #post: (message: ToWorker) => void;
  readonly #byId = new Map<number, RemoteSignal>();

  constructor(post: (message: ToWorker) => void) {
    this.#post = post;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The worker has let somebody in. */
  open(id: number): PhoneSignalConnection {
    const signal = new RemoteSignal(id, (message) => {
      // The worker forgets it without a word.
      if (message.type === 'signal-closed') this.#byId.delete(id);
      this.#post(message);
    });
    this.#byId.set(id, signal);
    return signal;
  }

  deliver(id: number, frame: string): void {
    this.#byId.get(id)?.deliver(frame);
  }

  end(id: number, code: number, reason: string): void {
    const signal = this.#byId.get(id);
    this.#byId.delete(id);
    signal?.end(code, reason);
  }

  endAll(code: number, reason: string): void {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    for (const signal of all) signal.end(code, reason);
  }
}
