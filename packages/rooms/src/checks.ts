import { ALL_PRIVILEGES, isUserId, LianmaiError, MAX_ROOM_ID, parseRoomId } from '@lianmai/protocol';
import type { RoomsSettings } from './settings.ts';
import type { Actor, RoomKey } from './types.ts';

/** Longest room name and user name kept, in UTF-16 units as the request schema counts them. */
const MAX_NAME = 64;

/** The key with its id in the one canonical spelling; throws `invalidRoomId` for any other. */
export function checkedKey(key: { readonly sdkAppId: number; readonly roomId: unknown }): RoomKey {
  const roomId = parseRoomId(key.roomId);
  if (roomId === null) throw new LianmaiError('invalidRoomId');
  return { sdkAppId: checkedApplication(key.sdkAppId), roomId };
}

export function checkedApplication(sdkAppId: number): number {
  if (Number.isInteger(sdkAppId) && sdkAppId >= 1 && sdkAppId <= MAX_ROOM_ID + 1) return sdkAppId;
  throw new LianmaiError('invalidArgument', 'sdkAppID must be an integer from 1 to 4294967295.');
}

export function checkedUserId(userId: unknown): string {
  if (isUserId(userId)) return userId;
  throw new LianmaiError('invalidArgument', 'A user id is 1–32 characters of A–Z a–z 0–9 _ -.');
}

/** A room's label; the room's number when none is given. */
export function checkedRoomName(roomName: string | undefined): string | undefined {
  if (roomName === undefined) return undefined;
  const name = roomName.trim();
  if (name.length >= 1 && name.length <= MAX_NAME) return name;
  throw new LianmaiError('invalidArgument', `roomName is a label of 1–${MAX_NAME} characters.`);
}

/** A user's label comes from logins and tokens of many kinds: cut to size rather than refused, never inside a character. */
export function boundedUserName(userName: string): string {
  return userName.length <= MAX_NAME
    ? userName
    : userName
        .slice(0, MAX_NAME)
        .toWellFormed()
        .replace(/\uFFFD$/, '');
}

export function checkedCapacity(capacity: number | undefined, settings: RoomsSettings): number {
  const wanted = capacity ?? settings.defaultCapacity;
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= settings.maxCapacity) return wanted;
  throw new LianmaiError('invalidArgument', `capacity must be an integer from 1 to ${settings.maxCapacity}.`);
}

export function checkedPrivilegeMap(privilegeMap: number | undefined, settings: RoomsSettings): number {
  const wanted = privilegeMap ?? settings.defaultPrivilegeMap;
  if (Number.isInteger(wanted) && wanted >= 0 && wanted <= ALL_PRIVILEGES) return wanted;
  throw new LianmaiError('invalidArgument', `privilegeMap must be an integer from 0 to ${ALL_PRIVILEGES}.`);
}

/** Nobody acts for somebody else, the server key excepted. */
export function checkActsFor(actor: Actor, userId: string): void {
  if (actor.kind === 'user' && actor.userId !== userId) throw new LianmaiError('notYourself');
}
