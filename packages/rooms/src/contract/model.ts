import type { MediaPresence, RoomEvent } from '../types.ts';

/** What the model says of a call: the reason of its refusal, or `ok`, `seated`, `refused` … */
export type Verdict = string;

interface ModelSeat {
  sid: string | null;
  since: number;
  lease: number;
}

interface ModelRoom {
  creator: string;
  owner: string;
  capacity: number;
  seats: Map<string, ModelSeat>;
}

export interface ModelSettings {
  readonly leaseMs: number;
  readonly revocationMs: number;
  readonly graceMs: number;
}

/** The rules once more, written the plainest way: maps that are changed in place, one caller, no store. */
export class Model {
  readonly rooms = new Map<string, ModelRoom>();
  /** `<room> <user>` → until when; Infinity while the room lives. */
  readonly removed = new Map<string, number>();
  now: number;
  readonly #settings: ModelSettings;

  constructor(settings: ModelSettings, now: number) {
    this.#settings = settings;
    this.now = now;
  }

  /** Time passes: whoever is neither present nor on a lease goes, oldest first. */
  settle(): void {
    for (const [id, room] of [...this.rooms]) {
      const lapsed = [...room.seats].filter(([, seat]) => seat.sid === null && seat.lease <= this.now);
      const lastLapse = Math.max(...lapsed.map(([, seat]) => seat.lease));
      for (const [user] of lapsed) this.#leave(id, user, lastLapse);
    }
    for (const [name, until] of [...this.removed]) if (until <= this.now) this.removed.delete(name);
  }

  create(id: string, user: string, capacity: number): Verdict {
    if (this.rooms.has(id)) return 'roomExists';
    if (this.removed.has(`${id} ${user}`)) return 'removed';
    const seats = new Map([[user, { sid: null, since: 0, lease: this.now + this.#settings.leaseMs }]]);
    this.rooms.set(id, { creator: user, owner: user, capacity, seats });
    return 'ok';
  }

  enter(id: string, user: string, mayCreate: boolean, capacity: number): Verdict {
    if (this.removed.has(`${id} ${user}`)) return 'removed';
    const room = this.rooms.get(id);
    if (room === undefined) return mayCreate ? this.create(id, user, capacity) : 'noSuchRoom';
    const seat = room.seats.get(user);
    if (seat === undefined && room.seats.size >= room.capacity) return 'roomFull';
    room.seats.set(user, { sid: seat?.sid ?? null, since: seat?.since ?? 0, lease: this.now + this.#settings.leaseMs });
    return 'ok';
  }

  quit(id: string, user: string): Verdict {
    const room = this.rooms.get(id);
    if (room === undefined) return 'noSuchRoom';
    if (!room.seats.has(user)) return 'notMember';
    this.#leave(id, user);
    return 'ok';
  }

  heartbeat(id: string, user: string): Verdict {
    const room = this.rooms.get(id);
    if (room === undefined) return 'noSuchRoom';
    if (this.removed.has(`${id} ${user}`)) return 'removed';
    const seat = room.seats.get(user);
    if (seat === undefined) return 'notMember';
    if (seat.sid === null) seat.lease = this.now + this.#settings.leaseMs;
    return 'ok';
  }

  kick(id: string, actor: string | null, user: string): Verdict {
    const room = this.rooms.get(id);
    if (room === undefined) return 'noSuchRoom';
    if (actor !== null && actor !== room.owner) return 'notOwner';
    if (actor === user) return 'invalidArgument';
    this.removed.set(`${id} ${user}`, Number.POSITIVE_INFINITY);
    if (room.seats.has(user)) this.#leave(id, user);
    return 'ok';
  }

  forgive(id: string, actor: string | null, user: string): Verdict {
    const room = this.rooms.get(id);
    if (room === undefined) return 'noSuchRoom';
    if (actor !== null && actor !== room.owner) return 'notOwner';
    this.removed.delete(`${id} ${user}`);
    return 'ok';
  }

  dissolve(id: string, actor: string | null): Verdict {
    const room = this.rooms.get(id);
    if (room === undefined) return 'noSuchRoom';
    if (actor !== null && actor !== room.owner) return 'notOwner';
    this.#end(id);
    return 'ok';
  }

  joined(id: string, user: string, sid: string): Verdict {
    const room = this.rooms.get(id);
    if (room === undefined || this.removed.has(`${id} ${user}`)) return 'refused';
    const seat = room.seats.get(user);
    if (seat === undefined && room.seats.size >= room.capacity) return 'refused';
    if (seat?.sid !== sid) room.seats.set(user, { sid, since: this.now, lease: 0 });
    return 'seated';
  }

  left(id: string, user: string, sid: string, awaited: boolean): Verdict {
    const seat = this.rooms.get(id)?.seats.get(user);
    if (seat?.sid === sid) this.#vacate(id, user, seat, awaited);
    return 'ok';
  }

  reconcile(id: string, listing: readonly MediaPresence[], awaited: boolean): Verdict {
    const fresh = (seat: ModelSeat | undefined): boolean =>
      seat !== undefined && seat.sid !== null && this.now - seat.since < this.#settings.graceMs;
    for (const [user, seat] of [...(this.rooms.get(id)?.seats ?? [])]) {
      if (seat.sid !== null && !fresh(seat) && listing.every((one) => one.userId !== user))
        this.#vacate(id, user, seat, awaited);
    }
    const refused = listing.filter((one) => {
      if (fresh(this.rooms.get(id)?.seats.get(one.userId))) return false;
      return this.joined(id, one.userId, one.participantSid) === 'refused';
    });
    return `refused ${refused.map((one) => one.userId).join(' ')}`;
  }

  restarted(): Verdict {
    for (const room of this.rooms.values()) {
      for (const seat of room.seats.values()) {
        if (seat.sid !== null) Object.assign(seat, { sid: null, since: 0, lease: this.now + this.#settings.leaseMs });
      }
    }
    return 'ok';
  }

  /** The whole state, in a form to compare. */
  snapshot(): unknown {
    const rooms = [...this.rooms].map(([id, room]) => [
      id,
      room.creator,
      room.owner,
      room.capacity,
      [...room.seats.keys()],
    ]);
    return { rooms: rooms.sort(), removed: [...this.removed.keys()].sort() };
  }

  #vacate(id: string, user: string, seat: ModelSeat, awaited: boolean): void {
    seat.sid = null;
    seat.since = 0;
    if (awaited) seat.lease = this.now + this.#settings.leaseMs;
    if (seat.lease <= this.now) this.#leave(id, user);
  }

  #leave(id: string, user: string, at = this.now): void {
    const room = this.rooms.get(id);
    room?.seats.delete(user);
    const next = room?.seats.keys().next().value;
    if (next === undefined) this.#end(id, at);
    else if (room?.owner === user) room.owner = next;
  }

  #end(id: string, at = this.now): void {
    this.rooms.delete(id);
    for (const [name, until] of this.removed) {
      if (!name.startsWith(`${id} `) || until !== Number.POSITIVE_INFINITY) continue;
      this.removed.set(name, at + this.#settings.revocationMs);
    }
  }
}

/** What a listener who saw every event must believe; throws on an event that contradicts the ones before. */
export class Believer {
  readonly rooms = new Map<string, { members: Set<string>; owner: string | null }>();
  readonly removed = new Set<string>();

  hear(event: RoomEvent): void {
    const id = event.key.roomId;
    const room = this.rooms.get(id);
    if (event.kind === 'room-created') {
      if (room !== undefined) throw new Error(`${id} was made twice`);
      this.rooms.set(id, { members: new Set(), owner: null });
      return;
    }
    if (event.kind === 'kicked') this.removed.add(`${id} ${event.userId}`);
    else if (event.kind === 'forgiven') {
      if (!this.removed.delete(`${id} ${event.userId}`)) throw new Error(`${event.userId} was not removed from ${id}`);
    } else if (room === undefined) throw new Error(`${event.kind} in ${id}, which is not there`);
    else if (event.kind === 'member-joined') {
      if (room.members.has(event.userId)) throw new Error(`${event.userId} joined ${id} twice`);
      room.members.add(event.userId);
      room.owner ??= event.userId;
    } else if (event.kind === 'member-left') {
      if (!room.members.delete(event.userId)) throw new Error(`${event.userId} left ${id} without being there`);
    } else if (event.kind === 'owner-changed') {
      if (!room.members.has(event.userId) || room.owner === event.userId)
        throw new Error(`${event.userId} cannot inherit ${id}`);
      room.owner = event.userId;
    } else {
      if (room.members.size > 0) throw new Error(`${id} ended with members`);
      this.rooms.delete(id);
    }
  }

  snapshot(): unknown {
    const rooms = [...this.rooms].map(([id, room]) => [id, room.owner, [...room.members].sort()]);
    return { rooms: rooms.sort(), removed: [...this.removed].sort() };
  }
}
