import { roomsContract } from '@lianmai/rooms/contract';
import { createMemoryRoomStore } from './room-store.ts';

roomsContract('in memory', async () => ({ store: createMemoryRoomStore(), close: async () => {} }), 400);
