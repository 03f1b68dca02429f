import type { RoomActs } from '@lianmai/functions';
import { LianmaiError, mediaRoomName } from '@lianmai/protocol';
import type { RoomKey } from '@lianmai/rooms';
import type { Services } from './context.ts';

/** Every act throws LianmaiError as the rooms do, and mediaUnavailable when the media service is away. */
export function createRoomActs({ rooms, media, log }: Pick<Services, 'rooms' | 'media' | 'log'>): RoomActs {
  const mediaRoom = (key: RoomKey) => mediaRoomName(key.sdkAppId, key.roomId);

  /**
   * Takes somebody out of the media room after the rooms have it, also one who is still connecting and was not told of yet:
   * he would take his seat again. Failing here undoes nothing: presence does it later, so a quit stays a quit.
   */
  async function leaveMedia(key: RoomKey, userId: string): Promise<void> {
    try {
      await media.control.removeParticipant(mediaRoom(key), userId);
    } catch (error) {
      log.warn({ err: error, roomID: key.roomId, userId }, 'could not be taken out of the media room yet');
    }
  }

  return {
    async quit(key, userId) {
      const room = await rooms.quit(key, userId);
      await leaveMedia(key, userId);
      return room;
    },
    async kick(actor, key, memberId) {
      const room = await rooms.kick(actor, key, memberId);
      await media.control.removeParticipant(mediaRoom(key), memberId);
      return room;
    },
    async mute(actor, key, memberId, track) {
      const room = await rooms.requireOwner(actor, key);
      if (room.members?.some((member) => member.userID === memberId) !== true) throw new LianmaiError('notMember');
      await media.control.mute(mediaRoom(key), memberId, track);
      return room;
    },
    async dissolve(actor, key) {
      const room = await rooms.dissolve(actor, key);
      await media.control.deleteRoom(mediaRoom(key));
      return room;
    },
  };
}
