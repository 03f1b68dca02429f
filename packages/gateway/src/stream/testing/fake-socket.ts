import type { ViewEnd, ViewerSocket } from '../types.ts';

/** A viewer's socket that keeps what it gets and has the backlog it is told to have. */
export class FakeSocket implements ViewerSocket {
  readonly writes: Uint8Array[] = [];
  readonly ends: ViewEnd[] = [];
  backlog = 0;
  /** Throws at every write. */
  broken = false;

  write(chunk: Uint8Array): void {
    if (this.broken) throw new Error('broken');
    this.writes.push(chunk);
  }

  backlogBytes(): number {
    return this.backlog;
  }

  end(reason: ViewEnd): void {
    this.ends.push(reason);
    if (this.broken) throw new Error('broken');
  }

  /** All bytes so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.writes);
  }

  /** All bytes so far as text, for tests whose chunks are text. */
  get text(): string {
    return this.bytes.toString();
  }
}
