/** Seats of members whose phone is known to be there, whatever the media service says of its participant. */
import { LianmaiError } from '@lianmai/protocol';
import type { RoomKey, Rooms } from '@lianmai/rooms';
import type { Logger } from 'pino';

export interface SeatHoldsParts {
  readonly rooms: Pick<Rooms, 'heartbeat'>;
  /** Life of a seat that nothing holds, ms. */
  readonly leaseMs: number;
  readonly log: Logger;
}

/**
 * Ends a hold, once. `returns`: the phone was told to come back, as when the gateway is started anew; its seat waits for it one
 * lease longer, for its participant goes with the gateway.
 */
export type ReleaseSeat = (returns: boolean) => void;

/** Renewals in the life of a lease: one that fails must not cost the seat. */
const RENEWALS = 3;

/** Renews seats while signalling is open, and tells the presence rules for whom they are to wait. */
export class SeatHolds {
  readonly #parts: SeatHoldsParts;
  /** How many hold a seat: a phone that comes back may be there before its older connection has ended. */
  readonly #holders = new Map<string, number>();

  constructor(parts: SeatHoldsParts) {
    this.#parts = parts;
  }

  /** Whether this member's phone signals, or was told to come back. */
  isHeld(key: RoomKey, userId: string): boolean {
    return this.#holders.has(idOf(key, userId));
  }

  /** This member's signalling is open, until the answer is called. */
  hold(key: RoomKey, userId: string): ReleaseSeat {
    const { rooms, leaseMs, log } = this.#parts;
    const id = idOf(key, userId);
    this.#count(id, 1);
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
      if (returns) setTimeout(() => this.#count(id, -1), leaseMs).unref();
      else this.#count(id, -1);
    };
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
