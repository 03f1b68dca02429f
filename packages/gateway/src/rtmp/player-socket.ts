/** The player's end of a broadcast. */
import type { Socket } from 'node:net';
import type { ViewEnd, ViewerSocket } from '../stream/types.ts';
import type { Playing, RtmpRefusal } from './types.ts';

const ENDS: Readonly<Record<ViewEnd, RtmpRefusal>> = {
  'source-ended': { code: 'NetStream.Play.UnpublishNotify', description: 'The stream has ended.' },
  tracks: { code: 'NetStream.Play.UnpublishNotify', description: 'The stream has other tracks now.' },
  slow: { code: 'NetStream.Play.Failed', description: 'The connection is too slow for the stream.' },
  revoked: { code: 'NetStream.Play.Failed', description: 'Playing is not allowed any more.' },
  expired: { code: 'NetStream.Play.Failed', description: 'The time for playing has run out.' },
  shutdown: { code: 'NetStream.Play.Stop', description: 'The server is stopping.' },
};

export class PlayerSocket implements Playing, ViewerSocket {
  readonly #socket: Socket;
  readonly #end: (refusal: RtmpRefusal, atOnce: boolean) => void;
  readonly #listeners: (() => void)[] = [];
  #closed = false;

  /** @param end ends the connection; `atOnce`: without waiting for what is still to be sent. */
  constructor(socket: Socket, end: (refusal: RtmpRefusal, atOnce: boolean) => void) {
    this.#socket = socket;
    this.#end = end;
  }

  get socket(): ViewerSocket {
    return this;
  }

  write(chunk: Uint8Array): void {
    if (!this.#closed) this.#socket.write(chunk);
  }

  backlogBytes(): number {
    return this.#socket.writableLength;
  }

  end(reason: ViewEnd): void {
    // Who does not read would not read the farewell either, and its backlog is memory.
    if (!this.#closed) this.#end(ENDS[reason], reason === 'slow');
  }

  onClosed(listener: () => void): void {
    if (this.#closed) queueMicrotask(listener);
    else this.#listeners.push(listener);
  }

  /** The connection is over. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch {
        // Whoever listened has failed for himself; the connection's end must come to the others.
      }
    }
  }
}
