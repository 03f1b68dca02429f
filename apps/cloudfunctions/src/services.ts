import { type FunctionServices, type RoomActs, TicketOffice } from '@lianmai/functions';
import { LianmaiError } from '@lianmai/protocol';
import { createRooms, type Rooms } from '@lianmai/rooms';
import {
  type CloudDatabase,
  createCloudbaseRoomStore,
  createRoomDocuments,
  ROOM_COLLECTION,
} from '@lianmai/stores/cloudbase';
import { type Environment, readRoomSettings, readTicketSettings } from './environment.ts';

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
  let office: TicketOffice | null = null;
  const tickets = (): TicketOffice => {
    if (office === null) {
      const { application, life } = readTicketSettings(environment);
      office = new TicketOffice(application, life);
    }
    return office;
  };
  return {
    sdkAppId,
    rooms,
    acts: createTrtcActs(rooms),
    listLimit: LIST_LIMIT,
    tickets: { signInfo: (userId, room) => tickets().signInfo(userId, room) },
    requireKey: () => void tickets(),
    nameOf: async (userId) => userId,
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
