import { join } from 'node:path';
import { roomsContract } from '@lianmai/rooms/contract';
import { temporaryFolder } from '../testing/folder.ts';
import { openSqliteStore } from './open.ts';

roomsContract('on SQLite', async () => {
  const folder = temporaryFolder();
  const stores = await openSqliteStore(join(folder.path, 'rooms.db'));
  return {
    store: stores.rooms,
    async close() {
      await stores.close();
      folder.remove();
    },
  };
});
