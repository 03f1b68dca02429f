import { diffMembers, type MemberChange, NO_SEATS, type Seating, seat } from '../members/diff.ts';
import type { RemoteStream } from '../members/stream.ts';

/** Who is there, and who of them has a place. */
export class Members {
  #streams: readonly RemoteStream[] = [];
  #seating: Seating = NO_SEATS;
  #overTold = false;

  get all(): readonly RemoteStream[] {
    return this.#streams;
  }

  get seated(): readonly RemoteStream[] {
    return this.#pick(this.#seating.places);
  }

  get waiting(): readonly RemoteStream[] {
    return this.#pick(this.#seating.waiting);
  }

  /** Takes a full list. `first` must have a place: the presenter of templates that have one. */
  take(streams: readonly RemoteStream[], size: number, first: string): MemberChange {
    const change = diffMembers(this.#streams, streams);
    this.#streams = streams;
    this.arrange(size, first);
    return change;
  }

  /** Gives the places out anew, e.g. because the template has more or fewer. */
  arrange(size: number, first: string): void {
    const keys = this.#streams.map((stream) => stream.key);
    // A presenter's screen comes before his camera.
    const own = this.#streams.filter((stream) => first !== '' && stream.userId === first);
    const presenter = own.find((stream) => stream.streamType === 'aux') ?? own[0];
    this.#seating = seat(this.#seating, keys, size, presenter?.key ?? null);
  }

  /** Whether it has to be told that somebody finds no place: once, until everybody has one again. */
  tellOver(): boolean {
    const over = this.#seating.waiting.length > 0;
    const tell = over && !this.#overTold;
    this.#overTold = over;
    return tell;
  }

  clear(): void {
    this.#streams = [];
    this.#seating = NO_SEATS;
    this.#overTold = false;
  }

  #pick(keys: readonly (string | null)[]): readonly RemoteStream[] {
    const byKey = new Map(this.#streams.map((stream) => [stream.key, stream]));
    const picked: RemoteStream[] = [];
    for (const key of keys) {
      const stream = key === null ? undefined : byKey.get(key);
      if (stream !== undefined) picked.push(stream);
    }
    return picked;
  }
}
