import type { RoomInfo } from '@lianmai/protocol';
import type { TFunction } from 'i18next';

/** Whether somebody gave the room a name: a room that was made by its number bears the number. */
export function isNamed(room: RoomInfo): boolean {
  return room.roomName !== '' && room.roomName !== room.roomID;
}

/** What a room is called on the page. */
export function roomTitle(room: RoomInfo, t: TFunction): string {
  return isNamed(room) ? room.roomName : t('lobby.unnamed', { number: room.roomID });
}
