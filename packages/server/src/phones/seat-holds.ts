/** Seats of members whose phone is known to be there, whatever the media service says of its participant. */
import { LianmaiError } from '@lianmai/protocol';
import type { RoomKey, Rooms } from '@lianmai/rooms';
import type { Logger } from 'pino';

export interface SeatHoldsParts {
  readonly rooms: Pick<Rooms, 'heartbeat'>;
  /** Life of a seat that nothing holds, ms. */
  readonly leaseMs: number;
  /** Longest wait for a phone that was told to come back, ms: the media service may tell late that its participant has gone. */
  readonly returnMs: number;
  readonly log: Logger;
}

/**
 * Ends a hold, once. `returns`: the phone was told to come back, as when the gateway is started anew. Its participant goes with
 * the gateway, and it is awaited until it is back, for the time of `returnMs`.
 */
export type ReleaseSeat = (returns: boolean) => void;

/** Renewals in the life of a lease: one that fails must not cost the seat. */
const RENEWALS = 3;

/** Renews seats while signalling is open, and tells the presence rules for whom they are to wait. */
export class SeatHolds {
  readonly #parts: SeatHoldsParts;
  /** How many hold a seat: a phone that comes back may be there before its older connection has ended. */
  readonly #holders = new Map<string, number>();
  /** Who was told to come back, and has not; with the end of the wait. */
  readonly #returning = new Map<string, NodeJS.Timeout>();

  constructor(parts: SeatHoldsParts) {
    this.#parts = parts;
  }

  /** Whether this member's phone signals, or was told to come back. */
  isHeld(key: RoomKey, userId: string): boolean {
    const id = idOf(key, userId);
    return this.#holders.has(id) || this.#returning.has(id);
  }

  /** This member's signalling is open, until the answer is called. */
  hold(key: RoomKey, userId: string): ReleaseSeat {
    const { rooms, leaseMs, log } = this.#parts;
    const id = idOf(key, userId);
    this.#count(id, 1);
    this.#cease(id);
    const timer = setInterval(() => {
      rooms.heartbeat(key, userId).catch((error: unknown) => {
        // No seat to renew: kicked, left, or the room has ended. The gateway was told.
        if (!(error instanceof LianmaiError)) log.warn({ err: error }, "a phone's seat could not be renewed");
      });
    }, leaseMs / RENEWALS);
    let held = true;
    return (returns) => {
      if (!held) return;
      held = false;
      clearInterval(timer);
      this.#count(id, -1);
      if (returns && !this.#holders.has(id)) this.#await(id);
    };
  }

  #await(id: string): void {
    this.#cease(id);
    this.#returning.set(id, setTimeout(() => this.#returning.delete(id), this.#parts.returnMs).unref());
  }

  #cease(id: string): void {
    clearTimeout(this.#returning.get(id));
    this.#returning.delete(id);
  }

  #count(id: string, change: 1 | -1): void {
    const count = (this.#holders.get(id) ?? 0) + change;
    if (count > 0) this.#holders.set(id, count);
    else this.#holders.delete(id);
  }
}

function idOf({ sdkAppId, roomId }: RoomKey, userId: string): string {
  return `${sdkAppId} ${roomId} ${userId}`;
}
