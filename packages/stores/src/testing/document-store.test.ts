import { createRooms } from '@lianmai/rooms';
import { roomsContract } from '@lianmai/rooms/contract';
import { expect, it } from 'vitest';
import { createDocumentRoomStore } from './document-store.ts';

roomsContract(
  'by compare-and-set on documents',
  async () => ({ store: createDocumentRoomStore(), close: async () => {} }),
  30,
);

it('[RM80] decisions that collide are made again, and each is told once', async () => {
  const store = createDocumentRoomStore();
  const rooms = createRooms({ store, settings: { defaultCapacity: 10 } });
  const joined: string[] = [];
  rooms.onEvent((event) => {
    if (event.kind === 'member-joined') joined.push(event.userId);
  });
  const users = Array.from({ length: 20 }, (_, index) => `u${index}`);
  const entered = await Promise.allSettled(
    users.map((userId) => rooms.enter({ sdkAppId: 1, roomId: '1', userId, userName: userId })),
  );
  expect(store.conflicts()).toBeGreaterThan(10);
  expect(entered.filter((one) => one.status === 'fulfilled')).toHaveLength(10);
  const { members } = await rooms.info({ kind: 'server' }, { sdkAppId: 1, roomId: '1' });
  expect(members?.map((member) => member.userID).sort()).toEqual(joined.sort());
});
