import { NO_SEATS, type Seating, seat } from '../members/seating.ts';
import type { RemoteStream } from '../members/stream.ts';
import { hasPresenter, placesOf, templateOf } from '../view/layout.ts';
import type { RoomOptions } from './options.ts';

/** How many places there are, and who must have one. */
export interface Placing {
  readonly size: number;
  /** User id of the presenter; empty for none. */
  readonly presenter: string;
}

/** The places of a template; some have one for the presenter. */
export function placingOf({ template, roomCreator }: RoomOptions): Placing {
  const shown = templateOf(template);
  return { size: placesOf(shown), presenter: hasPresenter(shown) ? roomCreator : '' };
}

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

  /** Takes a full list. */
  take(streams: readonly RemoteStream[], placing: Placing): void {
    this.#streams = streams;
    this.arrange(placing);
  }

  /** Gives the places out anew, e.g. because the template has more or fewer. */
  arrange({ size, presenter }: Placing): void {
    const keys = this.#streams.map((stream) => stream.key);
    // A presenter's screen comes before his camera.
    const own = this.#streams.filter((stream) => presenter !== '' && stream.userId === presenter);
    const first = own.find((stream) => stream.streamType === 'aux') ?? own[0];
    this.#seating = seat(this.#seating, keys, size, first?.key ?? null);
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
