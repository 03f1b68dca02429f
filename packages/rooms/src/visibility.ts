import type { RoomInfo } from '@lianmai/protocol';
import { type LiveRoom, seatOf } from './state.ts';
import type { Actor, RoomKey } from './types.ts';

/** A room as anybody may see it: without its members. */
export function publicInfo(key: RoomKey, room: LiveRoom): RoomInfo {
  return {
    roomID: key.roomId,
    roomName: room.roomName,
    creator: room.creator,
    ownerID: room.ownerId,
    memberCount: room.seats.length,
    capacity: room.capacity,
    createTime: room.createdAt,
  };
}

/** A room with its members, longest-present first. */
export function fullInfo(key: RoomKey, room: LiveRoom): RoomInfo {
  const members = room.seats.map((seat) => ({ userID: seat.userId, userName: seat.userName, joinTime: seat.joinedAt }));
  return { ...publicInfo(key, room), members };
}

/** A room as this actor may see it: members are for members (the owner is one) and the server key. */
export function infoFor(actor: Actor, key: RoomKey, room: LiveRoom): RoomInfo {
  const inside = actor.kind === 'server' || seatOf(room, actor.userId) !== undefined;
  return inside ? fullInfo(key, room) : publicInfo(key, room);
}
