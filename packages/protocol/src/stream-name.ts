import { parseRoomId } from './room-id.ts';
import { isUserId } from './user-id.ts';

/** Whose stream, in which room: the path part of push and play URLs. */
export interface StreamName {
  readonly sdkAppId: number;
  /** Canonical room id. */
  readonly roomId: string;
  readonly userId: string;
}

/** RTMP application that push and play URLs name: `rtmp://host:1935/live/<stream>?<ticket>`. */
export const STREAM_APP = 'live';

/** `<sdkappid>_<roomid>_<userid>`. */
export function buildStreamName({ sdkAppId, roomId, userId }: StreamName): string {
  return `${sdkAppId}_${roomId}_${userId}`;
}

/** Splits at the first two `_` (a user id may hold more); `null` for anything else. Takes hostile input. */
export function parseStreamName(text: string): StreamName | null {
  const match = /^([1-9][0-9]{0,9})_([0-9]{1,10})_(.{1,64})$/s.exec(text);
  if (match === null) return null;
  const [, sdkAppId = '', room = '', userId = ''] = match;
  const roomId = parseRoomId(room);
  return roomId === null || roomId !== room || !isUserId(userId)
    ? null
    : { sdkAppId: Number(sdkAppId), roomId, userId };
}
