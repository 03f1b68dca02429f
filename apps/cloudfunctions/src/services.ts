import { type FunctionServices, type RoomActs, signTickets } from '@lianmai/functions';
import { LianmaiError } from '@lianmai/protocol';
import { createRooms, type Rooms } from '@lianmai/rooms';
import {
  type CloudDatabase,
  createCloudbaseRoomStore,
  createRoomDocuments,
  ROOM_COLLECTION,
} from '@lianmai/stores/cloudbase';
import { type Environment, readRoomSettings, readTicketSettings, type TicketSettings } from './environment.ts';

/** Most rooms on one page of the list. */
const LIST_LIMIT = 100;

export interface CloudServices extends FunctionServices {
  /** Loads the key now: a function that signs refuses before it takes a seat that it has no ticket for. */
  requireKey(): void;
}

/**
 * What the functions work with on CloudBase: rooms in its document database, tickets by the application's own key, no media
 * service, and nobody to log in.
 * @throws LianmaiError notConfigured.
 */
export function createCloudServices(database: CloudDatabase, environment: Environment): CloudServices {
  const { sdkAppId, defaultCapacity } = readRoomSettings(environment);
  const store = createCloudbaseRoomStore({
    documents: createRoomDocuments(database, 'wx-server-sdk', ROOM_COLLECTION),
    command: database.command,
    soleApplication: sdkAppId,
  });
  const rooms = createRooms({ store, settings: { defaultCapacity, maxListLimit: LIST_LIMIT } });
  let kept: TicketSettings | null = null;
  const tickets = (): TicketSettings => {
    kept ??= readTicketSettings(environment);
    return kept;
  };
  return {
    sdkAppId,
    rooms,
    acts: createTrtcActs(rooms),
    listLimit: LIST_LIMIT,
    tickets: {
      signInfo(userId, room) {
        const { signer, application, life } = tickets();
        return signTickets(signer, application, life, userId, room);
      },
    },
    requireKey: () => void tickets(),
    nameOf: async (userId) => userId,
    async loginCode() {
      throw new LianmaiError(
        'loginDisabled',
        'Rooms with cloud functions have no web page of their own, so there is nothing to sign in to by a code.',
      );
    },
    async login() {
      throw new LianmaiError(
        'loginDisabled',
        'Cloud functions know the caller by his OPENID: webrtc-login is not needed here.',
      );
    },
  };
}

/**
 * The rooms' part of what the owner may do. Tencent's media room is not ours to change: who is removed gets no further ticket,
 * and the one that he holds runs out.
 */
function createTrtcActs(rooms: Rooms): RoomActs {
  return {
    quit: (key, userId) => rooms.quit(key, userId),
    kick: (actor, key, memberId) => rooms.kick(actor, key, memberId),
    dissolve: (actor, key) => rooms.dissolve(actor, key),
    async mute() {
      throw new LianmaiError('noMediaService');
    },
  };
}
