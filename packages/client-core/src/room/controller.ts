import { parseRoomId, type RoomInfo, type RoomsigWebBody, type SignInfo } from '@lianmai/protocol';
import type { Client } from '../client.ts';
import { ClientError, isPassing, isStaleTicket, toFailure } from '../failure.ts';
import type { MediaEnd, MediaPort } from '../media.ts';
import { pause } from '../ports.ts';
import { pauseBefore, type RetryPolicy, withRetries } from '../retry.ts';
import type { EnterTarget, MediaLink, RoomState } from './state.ts';
import { every } from './timers.ts';

export interface RoomControllerLimits {
  /** Heartbeats of a seat that has not reached the media room yet. */
  readonly heartbeatMs: number;
  /** Tickets are renewed when they have less than this left. */
  readonly renewBeforeMs: number;
  readonly enter: RetryPolicy;
  readonly roomsig: RetryPolicy;
  /** Going through the door again after the media connection was lost for good. */
  readonly rejoin: RetryPolicy;
}

export const DEFAULT_LIMITS: RoomControllerLimits = {
  heartbeatMs: 10_000,
  renewBeforeMs: 60_000,
  enter: { attempts: 3, firstPauseMs: 500, maxPauseMs: 4_000 },
  roomsig: { attempts: 4, firstPauseMs: 1_000, maxPauseMs: 4_000 },
  rejoin: { attempts: 12, firstPauseMs: 500, maxPauseMs: 8_000 },
};

export interface RoomControllerOptions {
  readonly client: Client;
  readonly media: MediaPort;
  readonly limits?: Partial<RoomControllerLimits>;
}

/** A stay that is over must not touch the state any more: each belongs to one call of `enter`. */
interface Stay {
  readonly target: EnterTarget;
  readonly displayName: string;
  room: RoomInfo | null;
  signInfo: SignInfo | null;
  stopHeartbeat: () => void;
  stopRenewal: () => void;
  /** The user himself is ending the room: its end is no failure then. */
  dissolving: boolean;
}

/**
 * Takes a user into a room and keeps him there: sign in → enter → tickets → roomsig → connect → in the room, with
 * heartbeats, renewals, the way back after a lost network, and the way out. The state is a plain value; `subscribe` tells
 * of each new one.
 */
export class RoomController {
  readonly #client: Client;
  readonly #media: MediaPort;
  readonly #limits: RoomControllerLimits;
  readonly #listeners = new Set<() => void>();
  #state: RoomState = { phase: 'idle' };
  #stay: Stay | null = null;
  /** The farewell of the stay before: the next one waits for it, so that it cannot give the new seat back. */
  #parting: Promise<void> = Promise.resolve();

  constructor(options: RoomControllerOptions) {
    this.#client = options.client;
    this.#media = options.media;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  readonly getState = (): RoomState => this.#state;

  /** Calls the listener after every change; the answer unsubscribes. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Enters a room; never rejects: the state says `in-room` or `failed`. A stay that lasts is left first. */
  async enter(target: EnterTarget, displayName: string): Promise<void> {
    if (this.#stay) await this.leave();
    const stay: Stay = {
      target,
      displayName,
      room: null,
      signInfo: null,
      stopHeartbeat: noop,
      stopRenewal: noop,
      dissolving: false,
    };
    this.#stay = stay;
    if ('roomId' in target && parseRoomId(target.roomId) === null) {
      this.#fail(stay, new ClientError('bad-room-id', `not a room number: ${target.roomId.slice(0, 32)}`));
      return;
    }
    try {
      await this.#parting;
      await this.#goIn(stay, target);
    } catch (error) {
      if (!(error instanceof Superseded)) this.#fail(stay, error);
    }
  }

  /** Leaves on purpose: the seat is free when this resolves, or a moment later when the server does not answer. */
  async leave(): Promise<void> {
    const stay = this.#end();
    if (!stay) {
      this.#set({ phase: 'idle' });
      return;
    }
    if (stay.room) this.#set({ phase: 'leaving', room: stay.room });
    await this.#media.disconnect();
    this.#parting = this.#quit(stay);
    await this.#parting;
    if (this.#stay === null) this.#set({ phase: 'idle' });
  }

  /** Leaves while the page is being closed: nothing can be waited for. */
  abandon(): void {
    const stay = this.#end();
    if (!stay) return;
    if (stay.room) this.#client.quitInBackground(stay.room.roomID);
    void this.#media.disconnect();
    this.#set({ phase: 'idle' });
  }

  /** Reads the room again (owner, members), after somebody came or went. Failures are ignored: the next change asks again. */
  async refreshRoom(): Promise<void> {
    const stay = this.#stay;
    if (!stay?.room || this.#state.phase !== 'in-room') return;
    try {
      const room = await this.#client.invoke('webrtc-get-room-info', { roomID: stay.room.roomID });
      if (this.#stay === stay) this.#setRoom(stay, room);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    }
  }

  /** Removes a member and keeps him out; owner only. @throws ClientError */
  async kick(memberId: string): Promise<void> {
    const { stay, roomID } = this.#requireRoom();
    const room = await this.#client.invoke('webrtc-kick-member', { roomID, memberID: memberId });
    if (this.#stay === stay) this.#setRoom(stay, room);
  }

  /** Lifts a kick: the user may enter again; owner only. @throws ClientError */
  async forgive(memberId: string): Promise<void> {
    const { roomID } = this.#requireRoom();
    await this.#client.invoke('webrtc-kick-member', { roomID, memberID: memberId, kick: false });
  }

  /** Mutes a member's microphone or camera; owner only. @throws ClientError */
  async mute(memberId: string, kind: 'audio' | 'video'): Promise<void> {
    const { roomID } = this.#requireRoom();
    await this.#client.invoke('webrtc-mute-member', { roomID, memberID: memberId, kind });
  }

  /** Ends the room for everybody; owner only. @throws ClientError */
  async dissolve(): Promise<void> {
    const { stay, roomID } = this.#requireRoom();
    stay.dissolving = true;
    try {
      await this.#client.invoke('webrtc-dissolve-room', { roomID });
    } catch (error) {
      stay.dissolving = false;
      throw error;
    }
    if (this.#stay === stay) this.#end();
    await this.#media.disconnect();
    if (this.#stay === null) this.#set({ phase: 'idle' });
  }

  /** The way in, the same the first time and on a rejoin (`quiet`: the state stays `in-room`). */
  async #goIn(stay: Stay, target: EnterTarget, quiet = false): Promise<void> {
    const client = this.#client;
    if (!quiet) this.#advance(stay, { phase: 'signing-in', target });
    await withRetries(
      client.clock,
      this.#limits.enter,
      () => client.session.ensure(stay.displayName),
      () => this.#stay === stay,
    );

    if (!quiet) this.#advance(stay, { phase: 'entering', target });
    const event = 'roomId' in target ? { roomID: target.roomId } : { roomName: target.roomName };
    // A name alone makes a new room each time, so a lost answer must not be asked for again.
    const policy = 'roomId' in target ? this.#limits.enter : { ...this.#limits.enter, attempts: 1 };
    const entered = await withRetries(
      client.clock,
      policy,
      () => client.invoke('webrtc-enter-room', event),
      () => this.#stay === stay,
    );
    stay.room = entered.roomInfo;
    stay.signInfo = entered.signInfo;
    // Superseded while entering: the seat was taken all the same, and nobody else gives it back.
    if (this.#stay !== stay) {
      await this.#quit(stay);
      throw new Superseded();
    }
    const room = entered.roomInfo;
    const userId = entered.signInfo.userID;
    this.#startHeartbeat(stay, room.roomID);

    if (!quiet) this.#advance(stay, { phase: 'ticket', room, userId });
    await this.#freshTickets(stay);

    const access = await this.#roomsig(stay, quiet);
    if (!quiet) this.#advance(stay, { phase: 'connecting', room, userId });
    await this.#media.connect(access, {
      onReconnecting: () => this.#setLink(stay, 'reconnecting'),
      onReconnected: () => this.#setLink(stay, 'up'),
      onEnded: (end) => void this.#onMediaEnded(stay, end),
    });
    if (this.#stay !== stay) throw new Superseded();
    stay.stopHeartbeat();
    this.#planRenewal(stay);
    this.#set({ phase: 'in-room', room: stay.room, userId, link: 'up' });
  }

  async #roomsig(stay: Stay, quiet: boolean): Promise<RoomsigWebBody> {
    const { clock } = this.#client;
    let renewed = false;
    return withRetries(
      clock,
      this.#limits.roomsig,
      async (attempt) => {
        const { room, signInfo } = requireEntered(stay);
        if (!quiet) this.#advance(stay, { phase: 'roomsig', room, userId: signInfo.userID, attempt });
        try {
          return await this.#client.roomsig(signInfo, room.roomID);
        } catch (error) {
          if (renewed || !isStaleTicket(error)) throw error;
          // Our clock may be wrong: the server's word counts.
          renewed = true;
          await this.#renewTickets(stay);
          return this.#client.roomsig(requireEntered(stay).signInfo, room.roomID);
        }
      },
      () => this.#stay === stay,
    );
  }

  /** The media connection ended by itself: some ends are final, from others there is a way back. */
  async #onMediaEnded(stay: Stay, end: MediaEnd): Promise<void> {
    if (this.#stay !== stay || this.#state.phase !== 'in-room' || stay.dissolving) return;
    if (end !== 'network' && end !== 'server-restart') {
      this.#fail(stay, new ClientError(end, `The media connection ended: ${end}.`), {
        quit: end !== 'duplicate-identity',
      });
      return;
    }
    this.#setLink(stay, 'rejoining');
    const { clock } = this.#client;
    const policy = this.#limits.rejoin;
    let last: unknown = new ClientError(end, `The media connection ended: ${end}.`);
    for (let attempt = 1; attempt <= policy.attempts; attempt += 1) {
      await pause(clock, pauseBefore(policy, attempt + 1, last));
      if (this.#stay !== stay || !stay.room) return;
      try {
        await this.#goIn(stay, { roomId: stay.room.roomID }, true);
        return;
      } catch (error) {
        if (error instanceof Superseded) return;
        last = error;
        if (!(error instanceof ClientError) || !isPassing(error.reason)) break;
      }
    }
    this.#fail(stay, last);
  }

  #startHeartbeat(stay: Stay, roomID: string): void {
    stay.stopHeartbeat();
    stay.stopHeartbeat = every(this.#client.clock, this.#limits.heartbeatMs, async () => {
      await this.#client.invoke('webrtc-heartbeat', { roomID });
    });
  }

  async #freshTickets(stay: Stay): Promise<void> {
    const { signInfo } = requireEntered(stay);
    if (signInfo.expiresAt - this.#client.clock.now() <= this.#limits.renewBeforeMs) await this.#renewTickets(stay);
  }

  async #renewTickets(stay: Stay): Promise<void> {
    const { room } = requireEntered(stay);
    stay.signInfo = await this.#client.invoke('webrtc-sig-api', { roomID: room.roomID });
  }

  /** Tickets stay fresh for as long as the stay lasts, so that a way back is always open. */
  #planRenewal(stay: Stay): void {
    stay.stopRenewal();
    const { clock } = this.#client;
    const { signInfo } = requireEntered(stay);
    const { renewBeforeMs } = this.#limits;
    const wait = Math.min(Math.max(signInfo.expiresAt - clock.now() - renewBeforeMs, renewBeforeMs / 2), MAX_TIMER_MS);
    stay.stopRenewal = clock.after(wait, () => {
      void this.#freshTickets(stay)
        .catch(() => {
          // Planned again below; the way back renews them too.
        })
        .then(() => {
          if (this.#stay === stay) this.#planRenewal(stay);
        });
    });
  }

  #fail(stay: Stay, error: unknown, options: { quit: boolean } = { quit: true }): void {
    if (this.#stay !== stay) return;
    this.#end();
    void this.#media.disconnect();
    // The one who took over the seat keeps it; otherwise it is given back.
    if (options.quit) this.#parting = this.#quit(stay);
    this.#set({ phase: 'failed', target: stay.target, room: stay.room, failure: toFailure(error) });
  }

  #end(): Stay | null {
    const stay = this.#stay;
    this.#stay = null;
    stay?.stopHeartbeat();
    stay?.stopRenewal();
    return stay;
  }

  async #quit(stay: Stay): Promise<void> {
    if (!stay.room) return;
    try {
      await this.#client.invoke('webrtc-quit-room', { roomID: stay.room.roomID });
    } catch (error) {
      // Gone already, or out of reach: the lease frees the seat.
      if (!(error instanceof ClientError)) throw error;
    }
  }

  #requireRoom(): { stay: Stay; roomID: string } {
    const stay = this.#stay;
    if (!stay?.room) throw new ClientError('not-member', 'Not in a room.');
    return { stay, roomID: stay.room.roomID };
  }

  #setRoom(stay: Stay, room: RoomInfo): void {
    stay.room = room;
    if (this.#state.phase === 'in-room') this.#set({ ...this.#state, room });
  }

  #setLink(stay: Stay, link: MediaLink): void {
    if (this.#stay === stay && this.#state.phase === 'in-room') this.#set({ ...this.#state, link });
  }

  #advance(stay: Stay, state: RoomState): void {
    if (this.#stay !== stay) throw new Superseded();
    this.#set(state);
  }

  #set(state: RoomState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The stay that this step belonged to is over: whoever ended it has set the state. */
class Superseded extends Error {}

/** Longest delay that timers take. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function noop(): void {}

function requireEntered(stay: Stay): { room: RoomInfo; signInfo: SignInfo } {
  const { room, signInfo } = stay;
  if (!room || !signInfo) throw new Superseded();
  return { room, signInfo };
}
