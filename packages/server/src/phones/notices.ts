import type { RoomNotice } from '@lianmai/gateway';
import type { RoomEvent } from '@lianmai/rooms';

/** What phones must hear of a room's event at once; null when the media room tells them anyway. */
export function noticeOf(event: RoomEvent): RoomNotice | null {
  const { roomId } = event.key;
  switch (event.kind) {
    case 'kicked':
      return { kind: 'kicked', roomId, userId: event.userId };
    case 'member-left':
      return event.reason === 'quit' || event.reason === 'expired'
        ? { kind: 'left', roomId, userId: event.userId, reason: event.reason }
        : null;
    case 'owner-changed':
      return { kind: 'owner', roomId, ownerId: event.userId };
    case 'room-ended':
      return { kind: 'ended', roomId, reason: event.reason };
    default:
      return null;
  }
}
