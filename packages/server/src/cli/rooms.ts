import { type RoomInfo, roomSchema } from '@lianmai/protocol';
import { createRooms } from '@lianmai/rooms';
import { z } from 'zod';
import type { Config } from '../config/schema.ts';
import type { KeyPair } from '../identity/server-key.ts';
import { ensureCredentials } from '../store/application.ts';
import { openStores } from '../store/open.ts';
import { EXIT, ExitError } from './exit.ts';
import { print, printJson } from './output.ts';

const PAGE = 100;
const TIMEOUT_MS = 10_000;
const answerSchema = z.object({
  code: z.int(),
  message: z.string(),
  data: z.array(roomSchema).nullable(),
  total: z.int().optional(),
});

type Page = { readonly rooms: readonly RoomInfo[]; readonly total: number };

/** `lianmai rooms list`: from the database, or from a running server. */
export async function listRooms(config: Config, options: { url?: string; json?: true }): Promise<void> {
  const rooms = await collect(config, options.url);
  if (options.json === true) {
    printJson(rooms);
    return;
  }
  if (rooms.length === 0) print('No rooms.');
  for (const room of rooms) {
    const age = new Date(room.createTime).toISOString();
    // A room's name is its users' text: nothing in it may steer the terminal.
    const name = room.roomName.replace(/\p{Cc}/gu, '?');
    print(`${room.roomID.padStart(10)}  ${room.memberCount}/${room.capacity}  ${age}  owner ${room.ownerID}  ${name}`);
  }
}

async function collect(config: Config, url: string | undefined): Promise<RoomInfo[]> {
  const stores = await openStores(config);
  try {
    const { application, api } = await ensureCredentials(stores, config);
    const rooms = createRooms({ store: stores.rooms });
    const page = (skip: number): Promise<Page> =>
      url === undefined
        ? rooms.list(application.sdkAppId, { skip, limit: PAGE, order: 'newest' })
        : askServer(url, api, skip);
    const found: RoomInfo[] = [];
    for (;;) {
      const { rooms: next, total } = await page(found.length);
      found.push(...next);
      if (next.length === 0 || found.length >= total) return found;
    }
  } finally {
    await stores.close();
  }
}

async function askServer(url: string, api: KeyPair, skip: number): Promise<Page> {
  let answer: z.output<typeof answerSchema>;
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/functions/webrtc-get-room-list`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`${api.key}:${api.secret}`).toString('base64')}`,
      },
      body: JSON.stringify({ skip, limit: PAGE }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = answerSchema.parse(await response.json());
  } catch {
    throw new ExitError(EXIT.unavailable, `The server at ${url} does not answer as a lianmai server does.`);
  }
  if (answer.data === null) throw new ExitError(EXIT.unavailable, `The server refuses: ${answer.message}`);
  return { rooms: answer.data, total: answer.total ?? answer.data.length };
}
