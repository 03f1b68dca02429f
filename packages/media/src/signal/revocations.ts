/** Who is kept out of which room, and until when: the synchronous predicate behind join, resume and token refresh. */
export class Revocations {
  readonly #wallClock: () => number;
  readonly #capacity: number;
  /** room → identity → Unix ms. */
  readonly #rooms = new Map<string, Map<string, number>>();
  #size = 0;

  constructor(wallClock: () => number, capacity = 100_000) {
    this.#wallClock = wallClock;
    this.#capacity = capacity;
  }

  set(room: string, identity: string, until: number | null): void {
    const identities = this.#rooms.get(room);
    if (until === null || until <= this.#wallClock()) {
      if (identities?.delete(identity)) this.#size--;
      if (identities?.size === 0) this.#rooms.delete(room);
      return;
    }
    if (!identities?.has(identity)) {
      if (this.#size >= this.#capacity) this.#prune();
      this.#size++;
    }
    const target = identities ?? new Map<string, number>();
    this.#rooms.set(room, target);
    target.set(identity, until);
  }

  has(room: string, identity: string): boolean {
    const until = this.#rooms.get(room)?.get(identity);
    return until !== undefined && this.#wallClock() < until;
  }

  /** Every one that still holds, to tell a new worker. */
  *entries(): IterableIterator<readonly [room: string, identity: string, until: number]> {
    const now = this.#wallClock();
    for (const [room, identities] of this.#rooms) {
      for (const [identity, until] of identities) if (until > now) yield [room, identity, until];
    }
  }

  #prune(): void {
    const now = this.#wallClock();
    for (const [room, identities] of this.#rooms) {
      for (const [identity, until] of identities) {
        if (until <= now && identities.delete(identity)) this.#size--;
      }
      if (identities.size === 0) this.#rooms.delete(room);
    }
    if (this.#size >= this.#capacity) throw new Error('too many revocations');
  }
}
