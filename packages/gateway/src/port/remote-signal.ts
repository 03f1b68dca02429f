import type { PhoneSignalConnection } from '../types.ts';
import type { ToWorker } from './messages.ts';

/** A signalling connection whose phone lives in the worker, from the HTTP side. */
export class RemoteSignal implements PhoneSignalConnection {
  readonly #id: number;
  readonly #post: (message: ToWorker) => void;
  #frameListener: ((frame: string) => void) | null = null;
  #closeListener: ((code: number, reason: string) => void) | null = null;
  #early: string[] = [];
  #closing: { readonly code: number; readonly reason: string } | null = null;

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
    this.#post({ type: 'signal-closed', id: this.#id });
  }

  /** A frame came from the worker. */
  deliver(frame: string): void {
    if (this.#frameListener !== null) this.#frameListener(frame);
    else this.#early.push(frame);
  }

  /** The worker ends it. */
  end(code: number, reason: string): void {
    this.#closing = { code, reason };
    this.#closeListener?.(code, reason);
  }
}
