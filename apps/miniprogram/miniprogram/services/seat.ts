import type { Backend } from './backend.ts';
import {
  ClientError,
  type FailureReason,
  type RetryPolicy,
  type RoomInfo,
  type SignInfo,
  withRetries,
} from './core.ts';
import { ProblemError } from './problems.ts';

/** A room by number (made if absent), or a new one by name. */
export type SeatTarget = { readonly roomId: string; readonly roomName?: string } | { readonly roomName: string };

export interface SeatLimits {
  readonly heartbeatMs: number;
  /** How long a seat lasts without one. */
  readonly leaseMs: number;
  readonly enter: RetryPolicy;
}

export const SEAT_LIMITS: SeatLimits = {
  heartbeatMs: 10_000,
  leaseMs: 30_000,
  enter: { attempts: 3, firstPauseMs: 500, maxPauseMs: 4_000 },
};

export interface Taken {
  readonly room: RoomInfo;
  readonly tickets: SignInfo;
}

/** Answers to a heartbeat that say that the seat is gone. */
const LOST: readonly FailureReason[] = ['kicked', 'no-such-room', 'not-member'];

/** A seat in one room: taken, kept, given back. Each visit of a room page has one. */
export class Seat {
  readonly #backend: Backend;
  readonly #limits: SeatLimits;
  #taken: Taken | null = null;
  #given = false;
  #stopHeartbeat: () => void = () => {};
  readonly #onLost: (error: ClientError) => void;

  /** @param onLost a heartbeat was told that the seat is gone: kicked, the room ended, or the lease ran out */
  constructor(backend: Backend, onLost: (error: ClientError) => void, limits: SeatLimits = SEAT_LIMITS) {
    this.#backend = backend;
    this.#onLost = onLost;
    this.#limits = limits;
  }

  get taken(): Taken | null {
    return this.#taken;
  }

  /**
   * Takes the seat, or takes it again after it was lost: the same room then. Answers `null` when it was given back
   * meanwhile.
   *
   * @throws ClientError, or ProblemError `application` when the tickets are of another TRTC application than configured.
   */
  async take(target: SeatTarget, userName: string): Promise<Taken | null> {
    const goOn = () => !this.#given;
    const backend = this.#backend;
    const { enter } = this.#limits;
    await withRetries(backend.clock, enter, () => backend.signIn(userName), goOn);
    if (this.#given) return null;
    const again = this.#taken;
    const event = again
      ? { roomID: again.room.roomID, ...(again.room.roomName ? { roomName: again.room.roomName } : {}) }
      : 'roomId' in target
        ? { roomID: target.roomId, ...(target.roomName ? { roomName: target.roomName } : {}) }
        : { roomName: target.roomName };
    // A name alone makes a new room each time, so a lost answer must not be asked for again.
    const policy = 'roomID' in event ? enter : { ...enter, attempts: 1 };
    const { roomInfo, signInfo } = await withRetries(
      backend.clock,
      policy,
      () => backend.invoke('webrtc-enter-room', event),
      goOn,
    );
    this.#taken = { room: roomInfo, tickets: signInfo };
    if (this.#given) {
      await this.#quit();
      return null;
    }
    const { media } = backend;
    if (media.kind === 'trtc' && signInfo.sdkAppID !== media.sdkAppId) {
      throw new ProblemError({ key: 'application', code: null });
    }
    if (backend.needsHeartbeat) this.#startHeartbeat();
    return this.#taken;
  }

  /** Fresh tickets for the seat. @throws ClientError */
  async renew(): Promise<SignInfo | null> {
    const taken = this.#taken;
    if (taken === null || this.#given) return null;
    const tickets = await this.#backend.invoke('webrtc-sig-api', { roomID: taken.room.roomID });
    if (this.#taken !== null) this.#taken = { ...this.#taken, tickets };
    return this.#given ? null : tickets;
  }

  /** The room as it is now (owner, members). @throws ClientError */
  async look(): Promise<RoomInfo | null> {
    const taken = this.#taken;
    if (taken === null || this.#given) return null;
    const room = await this.#backend.invoke('webrtc-get-room-info', { roomID: taken.room.roomID });
    if (this.#taken !== null) this.#taken = { ...this.#taken, room };
    return room;
  }

  /** The seat is another's now (kicked, taken over): nothing is given back. */
  abandon(): void {
    this.#given = true;
    this.#stopHeartbeat();
  }

  /** Gives the seat back. Failures are ignored: the lease frees it. */
  async give(): Promise<void> {
    if (this.#given) return;
    this.abandon();
    await this.#quit();
  }

  async #quit(): Promise<void> {
    const taken = this.#taken;
    if (taken === null) return;
    try {
      await this.#backend.invoke('webrtc-quit-room', { roomID: taken.room.roomID });
    } catch {
      // Gone already, or out of reach.
    }
  }

  #startHeartbeat(): void {
    this.#stopHeartbeat();
    const { clock } = this.#backend;
    let stopped = false;
    let cancel = () => {};
    let keptUntil = clock.now() + this.#limits.leaseMs;
    const beat = async () => {
      const taken = this.#taken;
      if (taken !== null) {
        const asked = clock.now();
        try {
          await this.#backend.invoke('webrtc-heartbeat', { roomID: taken.room.roomID });
          keptUntil = asked + this.#limits.leaseMs;
        } catch (error) {
          if (!stopped && error instanceof ClientError && LOST.includes(error.reason)) {
            this.#stopHeartbeat();
            this.#onLost(error.reason === 'no-such-room' && asked >= keptUntil ? lapsed(error) : error);
          }
          // Anything else: the next one may get through.
        }
      }
      if (!stopped) plan();
    };
    const plan = () => {
      cancel = clock.after(this.#limits.heartbeatMs, () => void beat());
    };
    plan();
    this.#stopHeartbeat = () => {
      stopped = true;
      cancel();
    };
  }
}

/** The room ended because nobody kept its last seat, while this phone was asleep or cut off: nobody ended it on purpose. */
function lapsed(cause: ClientError): ClientError {
  return new ClientError('not-member', 'The seat ran out, and the room ended with it.', { cause });
}
