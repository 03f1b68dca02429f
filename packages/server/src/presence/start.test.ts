import { createRooms } from '@lianmai/rooms';
import { createMemoryStores } from '@lianmai/stores';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { MediaService } from '../media/service.ts';
import { Presence } from './presence.ts';

const ROOM = { sdkAppId: 1_400_000_001, roomId: '1' };
const LEASE = 30_000;

it('[FN33] a server that began anew on an empty LiveKit server gives everybody a lease; later comparisons do not', async () => {
  let now = 1_800_000_000_000;
  const rooms = createRooms({ store: createMemoryStores().rooms, settings: { leaseMs: LEASE }, clock: () => now });
  const media: MediaService = {
    control: {
      listRooms: async () => [],
      listParticipants: async () => [],
      removeParticipant: async () => {},
      mute: async () => {},
      deleteRoom: async () => {},
    },
    keys: { key: 'key', secret: 'secret' },
    url: 'ws://127.0.0.1:7880',
    setRevocation: () => {},
  };
  const presence = new Presence({
    rooms,
    media,
    sdkAppIds: [ROOM.sdkAppId],
    isAwaited: () => false,
    log: pino({ level: 'silent' }),
  });
  const members = async () => (await rooms.info({ kind: 'server' }, ROOM)).members?.map(({ userID }) => userID);
  for (const userId of ['ann', 'bob']) {
    await rooms.enter({ ...ROOM, userId, userName: userId });
    await rooms.mediaJoined(ROOM, { userId, userName: userId, participantSid: `PA_${userId}` });
  }
  now += 60_000;
  await presence.reconcileAtStart();
  expect(await members()).toEqual(['ann', 'bob']);
  await rooms.mediaJoined(ROOM, { userId: 'ann', userName: 'ann', participantSid: 'PA_new' });
  now += LEASE;
  expect(await members()).toEqual(['ann']);
  await presence.reconcile();
  await expect(members()).rejects.toMatchObject({ reason: 'noSuchRoom' });
});
