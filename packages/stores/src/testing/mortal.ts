/**
 * A writer that is going to be killed. Started by the kill test with the file, its users and a seed; for each call it writes a line
 * to its standard output before (`? in <room> <user>`) and, once the call is acknowledged, after (`! in <room> <user>`). The
 * pipe's other end remembers them when this process is no more.
 */

import { writeSync } from 'node:fs';
import { LianmaiError } from '@lianmai/protocol';
import { createRooms } from '@lianmai/rooms';
import { openSqliteStore } from '../sqlite/open.ts';
import { pick, seeded } from './seeded.ts';

const APP = 1_400_000_001;
const ROOMS = ['1', '2', '3', '4'];

async function write(path: string, users: readonly string[], seed: number): Promise<never> {
  const random = seeded(seed);
  const stores = await openSqliteStore(path, { busyTimeoutMs: 20_000 });
  const rooms = createRooms({
    store: stores.rooms,
    settings: { defaultCapacity: 200, maxCapacity: 200, leaseMs: 3_600_000 },
  });
  const play = async (userId: string): Promise<never> => {
    for (;;) {
      const roomId = pick(ROOMS, random);
      const key = { sdkAppId: APP, roomId };
      const call = `${random() < 0.5 ? 'in' : 'out'} ${roomId} ${userId}`;
      writeSync(1, `? ${call}\n`);
      try {
        if (call.startsWith('in')) await rooms.enter({ ...key, userId, userName: userId });
        else await rooms.quit(key, userId);
      } catch (error) {
        // Quitting where one is not: the answer says `out` all the same.
        const absent = error instanceof LianmaiError && (error.reason === 'notMember' || error.reason === 'noSuchRoom');
        if (!absent) throw error;
      }
      writeSync(1, `! ${call}\n`);
    }
  };
  return Promise.race(users.map(play));
}

const [path, users, seed] = process.argv.slice(2);
if (path !== undefined && users !== undefined) await write(path, users.split(','), Number(seed));
