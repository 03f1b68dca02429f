import { LianmaiError, type ListOrder, type RoomInfo } from '@lianmai/protocol';
import {
  boundedUserName,
  checkActsFor,
  checkedApplication,
  checkedCapacity,
  checkedKey,
  checkedPrivilegeMap,
  checkedRoomName,
  checkedUserId,
} from './checks.ts';
import { type Entrant, joinRoom, type LiveOutcome, makeRoom, renewLease } from './entering.ts';
import { eventOf, type Happening, type Ruling } from './happening.ts';
import { settle } from './leases.ts';
import { dissolveRoom, forgiveMember, kickMember, quitRoom, requireLive, requireOwned } from './leaving.ts';
import { participantJoined, participantLeft, presenceLost, reconcileRoom } from './presence.ts';
import { isRevokedIn } from './revocation.ts';
import { drawRoomId, MAX_DRAWS } from './room-draw.ts';
import { type RoomsSettings, type RoomsSettingsInput, roomsSettingsSchema } from './settings.ts';
import { isLive, type LiveRoom, type RoomState, seatOf } from './state.ts';
import type { RoomStore, StoredRoom } from './store.ts';
import type { Actor, EnterResult, IsAwaited, MediaPresence, RoomEvent, RoomKey, Rooms } from './types.ts';
import { fullInfo, infoFor, publicInfo } from './visibility.ts';

/** Documents read or swept in one go. */
const BATCH = 200;
const nobody: IsAwaited = () => false;

export interface RoomsOptions {
  readonly store: RoomStore;
  readonly settings?: RoomsSettingsInput;
  /** Unix ms. */
  readonly clock?: () => number;
  /** Uniform in [0, 1); draws room ids only, so it need not be a secret. */
  readonly random?: () => number;
  /** What a listener threw: the change it was told of is stored all the same. */
  readonly onListenerError?: (error: unknown) => void;
}

/**
 * The room rules over a store. Each call is one atomic step of one room; events are told after the store has it, in
 * the order of the steps of this process. Steps of other processes on the same database are theirs to tell.
 */
export function createRooms(options: RoomsOptions): Rooms {
  return new RoomService(options);
}

class RoomService implements Rooms {
  readonly #store: RoomStore;
  readonly #settings: RoomsSettings;
  readonly #clock: () => number;
  readonly #random: () => number;
  readonly #onListenerError: (error: unknown) => void;
  readonly #listeners: ((event: RoomEvent) => void)[] = [];

  constructor(options: RoomsOptions) {
    this.#store = options.store;
    this.#settings = roomsSettingsSchema.parse(options.settings ?? {});
    this.#clock = options.clock ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#onListenerError = options.onListenerError ?? (() => {});
  }

  async create(actor: Actor, request: Parameters<Rooms['create']>[1]): Promise<EnterResult> {
    checkActsFor(actor, request.userId);
    const { sdkAppId, roomId } = request.key;
    return this.#create(sdkAppId, roomId, request, request);
  }

  async enter(request: Parameters<Rooms['enter']>[0]): Promise<EnterResult> {
    const { sdkAppId, roomId, mayCreate = true } = request;
    if (roomId === undefined) {
      if (request.roomName === undefined) throw new LianmaiError('invalidArgument', 'Give roomID, roomName or both.');
      if (!mayCreate) throw new LianmaiError('notPermitted');
      return this.#create(sdkAppId, undefined, request, request);
    }
    const key = checkedKey({ sdkAppId, roomId });
    const entrant = entrantOf(request);
    const room = this.#newRoom(request);
    return this.#change(key, (state, now, liveRooms) => {
      if (isLive(state)) return this.#entered(key, joinRoom(state, entrant, now, this.#settings), entrant, false);
      if (isRevokedIn(state, entrant.userId, now)) throw new LianmaiError('removed');
      if (!mayCreate) throw new LianmaiError('noSuchRoom');
      const made = makeRoom(
        state,
        entrant,
        { ...room, roomName: room.roomName ?? key.roomId },
        liveRooms,
        now,
        this.#settings,
      );
      return this.#entered(key, made, entrant, true);
    });
  }

  async quit(key: RoomKey, userId: string): Promise<RoomInfo | null> {
    const id = checkedKey(key);
    return this.#change(id, (state, now) => {
      const outcome = quitRoom(state, userId, now, this.#settings);
      return { ...outcome, value: isLive(outcome.state) ? publicInfo(id, outcome.state.live) : null };
    });
  }

  async info(actor: Actor, key: RoomKey): Promise<RoomInfo> {
    const id = checkedKey(key);
    return infoFor(actor, id, requireLive(await this.#read(id)).live);
  }

  async list(
    sdkAppId: number,
    page: { skip: number; limit: number; order: ListOrder },
  ): Promise<{ rooms: RoomInfo[]; total: number }> {
    checkedApplication(sdkAppId);
    const { skip, limit } = page;
    const most = this.#settings.maxListLimit;
    if (!Number.isInteger(skip) || skip < 0)
      throw new LianmaiError('invalidArgument', 'skip must be an integer from 0.');
    if (!Number.isInteger(limit) || limit < 1 || limit > most) {
      throw new LianmaiError('invalidArgument', `limit must be an integer from 1 to ${most}.`);
    }
    // Ghosts are neither listed nor counted, even if the sweep has not come by yet.
    await this.sweep();
    const { rooms, total } = await this.#store.list(sdkAppId, page);
    return { rooms: rooms.map((room) => publicInfo(room, room.live)), total };
  }

  async heartbeat(key: RoomKey, userId: string): Promise<{ expiresAt: number }> {
    return this.#change(checkedKey(key), (state, now) => ({
      ...renewLease(state, userId, now, this.#settings),
      value: { expiresAt: now + this.#settings.leaseMs },
    }));
  }

  async kick(actor: Actor, key: RoomKey, memberId: string): Promise<RoomInfo> {
    const id = checkedKey(key);
    const member = checkedUserId(memberId);
    return this.#change(id, (state, now) => {
      const outcome = kickMember(state, actor, member, now, this.#settings);
      // With the server key the last member can go: then the room is told as it ended, empty.
      const live = isLive(outcome.state) ? outcome.state.live : { ...requireLive(state).live, seats: [] };
      return { ...outcome, value: fullInfo(id, live) };
    });
  }

  async forgive(actor: Actor, key: RoomKey, memberId: string): Promise<RoomInfo> {
    const id = checkedKey(key);
    const member = checkedUserId(memberId);
    return this.#change(id, (state) => {
      const outcome = forgiveMember(state, actor, member);
      return { ...outcome, value: fullInfo(id, requireLive(outcome.state).live) };
    });
  }

  async dissolve(actor: Actor, key: RoomKey): Promise<RoomInfo> {
    const id = checkedKey(key);
    return this.#change(id, (state, now) => {
      const before = requireOwned(state, actor).live;
      return { ...dissolveRoom(state, actor, now, this.#settings), value: fullInfo(id, before) };
    });
  }

  async requireOwner(actor: Actor, key: RoomKey): Promise<RoomInfo> {
    const id = checkedKey(key);
    return fullInfo(id, requireOwned(await this.#read(id), actor).live);
  }

  async privileges(key: RoomKey, userId: string): Promise<number> {
    const state = await this.#read(checkedKey(key));
    if (isRevokedIn(state, userId, this.#clock())) return 0;
    return isLive(state) ? state.live.privilegeMap : this.#settings.defaultPrivilegeMap;
  }

  async isRevoked(key: RoomKey, userId: string): Promise<boolean> {
    return isRevokedIn(await this.#store.read(checkedKey(key)), userId, this.#clock());
  }

  async revocations(): Promise<(RoomKey & { readonly userId: string })[]> {
    const standing: (RoomKey & { readonly userId: string })[] = [];
    for await (const { sdkAppId, roomId, state } of this.#walk({ revokedOnly: true })) {
      const now = this.#clock();
      for (const { userId } of state.revocations) {
        if (isRevokedIn(state, userId, now)) standing.push({ sdkAppId, roomId, userId });
      }
    }
    return standing;
  }

  async mediaJoined(key: RoomKey, presence: MediaPresence): Promise<'seated' | 'refused'> {
    return this.#change(checkedKey(key), (state, now) => participantJoined(state, presence, now));
  }

  async mediaLeft(key: RoomKey, presence: MediaPresence, isAwaited: IsAwaited = nobody): Promise<void> {
    await this.#change(checkedKey(key), (state, now) => ({
      ...participantLeft(state, presence, now, this.#settings, isAwaited),
      value: undefined,
    }));
  }

  async reconcile(
    key: RoomKey,
    participants: readonly MediaPresence[],
    isAwaited: IsAwaited = nobody,
  ): Promise<{ refused: MediaPresence[] }> {
    return this.#change(checkedKey(key), (state, now) =>
      reconcileRoom(state, participants, now, this.#settings, isAwaited),
    );
  }

  async mediaRestarted(sdkAppId: number): Promise<void> {
    for await (const { roomId } of this.#walk({ sdkAppId: checkedApplication(sdkAppId) })) {
      await this.#change({ sdkAppId, roomId }, (state, now) => ({
        ...presenceLost(state, now, this.#settings),
        value: undefined,
      }));
    }
  }

  async sweep(): Promise<{ seats: number; rooms: number }> {
    const swept = { seats: 0, rooms: 0 };
    let progress = true;
    while (progress) {
      progress = false;
      const due = await this.#store.due(this.#clock(), BATCH);
      const told = await Promise.all(due.map((key) => this.#settle(key)));
      for (const happenings of told) {
        progress ||= happenings.length > 0;
        swept.seats += happenings.filter((one) => one.kind === 'member-left').length;
        swept.rooms += happenings.filter((one) => one.kind === 'room-ended').length;
      }
    }
    return swept;
  }

  onEvent(listener: (event: RoomEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** One atomic step: lapsed things go first, then the rule decides; what happened is told once it is stored. */
  async #change<T>(
    key: RoomKey,
    rule: (state: RoomState | null, now: number, liveRooms: () => number) => Ruling<T>,
  ): Promise<T> {
    const { value, happenings } = await this.#store.transact(key, (state, liveRooms) => {
      const now = this.#clock();
      const settled = settle(state, now, this.#settings);
      const ruling = rule(settled.state, now, liveRooms);
      const result = { value: ruling.value, happenings: [...settled.happenings, ...ruling.happenings] };
      return { next: ruling.state, result };
    });
    this.#tell(key, happenings);
    return value;
  }

  /** Writes down what has lapsed in a room; answers what that was. */
  async #settle(key: RoomKey): Promise<readonly Happening[]> {
    const { happenings } = await this.#store.transact(key, (state) => {
      const settled = settle(state, this.#clock(), this.#settings);
      return { next: settled.state, result: settled };
    });
    this.#tell(key, happenings);
    return happenings;
  }

  /** The state as of now. What has lapsed is written down before it is answered, so that its events are told too. */
  async #read(key: RoomKey): Promise<RoomState | null> {
    const state = await this.#store.read(key);
    if (settle(state, this.#clock(), this.#settings).state === state) return state;
    return this.#change(key, (settled) => ({ state: settled, happenings: [], value: settled }));
  }

  async *#walk(filter: { sdkAppId?: number; revokedOnly?: boolean }): AsyncGenerator<StoredRoom> {
    let after: RoomKey | null = null;
    for (;;) {
      const rooms: StoredRoom[] = await this.#store.scan(filter, after, BATCH);
      yield* rooms;
      const last: StoredRoom | undefined = rooms.at(-1);
      if (last === undefined || rooms.length < BATCH) return;
      after = last;
    }
  }

  /** Makes a new room under the requested id, or under a drawn one. */
  async #create(
    sdkAppId: number,
    requested: string | undefined,
    person: Entrant,
    wanted: NewRoomRequest,
  ): Promise<EnterResult> {
    const entrant = entrantOf(person);
    const room = this.#newRoom(wanted);
    for (let draw = 0; draw < (requested === undefined ? MAX_DRAWS : 1); draw++) {
      const key = checkedKey({ sdkAppId, roomId: requested ?? drawRoomId(this.#random) });
      const result = await this.#change<EnterResult | null>(key, (state, now, liveRooms) => {
        // Whether a drawn id is free only the store knows; that of an ended room is not while its removals stand.
        if (requested === undefined && state !== null) return { state, happenings: [], value: null };
        const named = { ...room, roomName: room.roomName ?? key.roomId };
        return this.#entered(key, makeRoom(state, entrant, named, liveRooms, now, this.#settings), entrant, true);
      });
      if (result !== null) return result;
    }
    throw new LianmaiError('tooManyRooms', 'No free room number was found. Try again.');
  }

  #newRoom(wanted: NewRoomRequest): { roomName: string | undefined; capacity: number; privilegeMap: number } {
    return {
      roomName: checkedRoomName(wanted.roomName),
      capacity: checkedCapacity(wanted.capacity, this.#settings),
      privilegeMap: checkedPrivilegeMap(wanted.privilegeMap, this.#settings),
    };
  }

  #entered(key: RoomKey, outcome: LiveOutcome, entrant: Entrant, created: boolean): Ruling<EnterResult> {
    const live: LiveRoom = outcome.state.live;
    const leaseUntil = seatOf(live, entrant.userId)?.leaseUntil ?? 0;
    return { ...outcome, value: { room: fullInfo(key, live), created, privileges: live.privilegeMap, leaseUntil } };
  }

  #tell(key: RoomKey, happenings: readonly Happening[]): void {
    for (const happening of happenings) {
      const event = eventOf(key, happening);
      for (const listener of this.#listeners) {
        try {
          listener(event);
        } catch (error) {
          this.#onListenerError(error);
        }
      }
    }
  }
}

interface NewRoomRequest {
  readonly roomName?: string | undefined;
  readonly capacity?: number | undefined;
  readonly privilegeMap?: number | undefined;
}

function entrantOf(request: { readonly userId: string; readonly userName: string }): Entrant {
  return { userId: checkedUserId(request.userId), userName: boundedUserName(request.userName) };
}
