import { LianmaiError } from '@lianmai/protocol';
import { expect } from 'vitest';
import { createRooms, type RoomsOptions } from '../rooms.ts';
import type { RoomsSettingsInput } from '../settings.ts';
import type { RoomStore } from '../store.ts';
import type { Actor, EnterResult, MediaPresence, RoomEvent, RoomKey, Rooms } from '../types.ts';

/** A fresh, empty store for one test. */
export interface OpenedStore {
  readonly store: RoomStore;
  close(): Promise<void>;
}

/** How a contract suite gets its stores. */
export type OpenStore = () => Promise<OpenedStore>;

export const APP = 1_400_000_001;
export const SERVER: Actor = { kind: 'server' };
export const LEASE = 30_000;
export const HOUR = 3_600_000;

/** The rules over one store, with a clock that moves by hand. */
export class Lab {
  readonly store: RoomStore;
  readonly rooms: Rooms;
  readonly events: RoomEvent[] = [];
  now = 1_800_000_000_000;

  constructor(store: RoomStore, settings: RoomsSettingsInput = {}, extra: Partial<RoomsOptions> = {}) {
    this.store = store;
    this.rooms = createRooms({ store, settings: { leaseMs: LEASE, ...settings }, clock: () => this.now, ...extra });
    this.rooms.onEvent((event) => this.events.push(event));
  }

  /** Joins (or makes) the room of this number. */
  enter(roomId: string, userId: string): Promise<EnterResult> {
    return this.rooms.enter({ ...room(roomId), userId, userName: userId.toUpperCase() });
  }

  create(
    roomId: string,
    userId: string,
    more: { capacity?: number; privilegeMap?: number; roomName?: string } = {},
  ): Promise<EnterResult> {
    return this.rooms.create(user(userId), { key: room(roomId), userId, userName: userId.toUpperCase(), ...more });
  }

  /** Who sits in the room, longest-present first; null when there is none. */
  async members(roomId: string): Promise<string[] | null> {
    try {
      const info = await this.rooms.info(SERVER, room(roomId));
      return info.members?.map((member) => member.userID) ?? [];
    } catch (error) {
      if (error instanceof LianmaiError && error.reason === 'noSuchRoom') return null;
      throw error;
    }
  }

  /** The events since the last call, in short. */
  told(): string[] {
    return this.events.splice(0).map((event) => {
      const who = 'userId' in event ? ` ${event.userId}` : '';
      return `${event.kind}${who}${'reason' in event ? ` (${event.reason})` : ''}`;
    });
  }
}

export function room(roomId: string): RoomKey {
  return { sdkAppId: APP, roomId };
}

export function user(userId: string): Actor {
  return { kind: 'user', userId, userName: userId.toUpperCase() };
}

export function present(userId: string, participantSid: string): MediaPresence {
  return { userId, userName: userId.toUpperCase(), participantSid };
}

/** Expects a refusal with this reason. */
export async function refused(promise: Promise<unknown>, reason: LianmaiError['reason']): Promise<void> {
  await expect(promise).rejects.toMatchObject({ name: 'LianmaiError', reason });
}
