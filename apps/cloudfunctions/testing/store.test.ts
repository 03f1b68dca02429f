import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LianmaiError } from '@lianmai/protocol';
import { createRooms, type RoomStore, type Seat } from '@lianmai/rooms';
import { roomsContract } from '@lianmai/rooms/contract';
import {
  type CloudSdk,
  createCloudbaseRoomStore,
  createRoomDocuments,
  DocumentsError,
  type RoomDocument,
} from '@lianmai/stores/cloudbase';
import { afterEach, describe, expect, it } from 'vitest';
import { plainDatabase } from './stand-in/environments.ts';
import { type CloudStoreOptions, openCloudStore, SDKS } from './stores.ts';

const APP = 1_400_000_001;
const KEY = { sdkAppId: APP, roomId: '42' };
const NAMES = Object.keys(SDKS) as CloudSdk[];

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

function open(sdk: CloudSdk, options: CloudStoreOptions = {}) {
  const one = openCloudStore(sdk, options);
  opened.push(one);
  return one;
}

function seat(userId: string): Seat {
  return { userId, userName: userId, joinedAt: 1, participantSid: null, presentSince: 0, leaseUntil: 1000 };
}

/** Adds one member; answers how many there are then. */
function add(store: RoomStore): Promise<number> {
  return store.transact(KEY, (state) => {
    const before = state?.live?.seats ?? [];
    const seats = [...before, seat(`u${before.length}`)];
    const live = {
      roomName: 'tea',
      creator: 'u0',
      ownerId: 'u0',
      capacity: 99,
      privilegeMap: 255,
      createdAt: 1,
      seats,
    };
    return { next: { live, revocations: [] }, result: seats.length };
  });
}

for (const sdk of NAMES) {
  roomsContract(`[CB10] in CloudBase through ${sdk}`, async () => openCloudStore(sdk, { seed: 7 }), 20);
}
roomsContract(
  '[CB10] in CloudBase, when one write in five is refused as a conflict',
  async () => openCloudStore('wx-server-sdk', { seed: 11, conflicts: 0.2, soleApplication: APP }),
  10,
);

describe.each(NAMES)('through %s', (sdk) => {
  it('[CB11] many function instances change one room at once, and nothing is lost', async () => {
    const { store, service, another } = open(sdk, { seed: 3, turns: 8, conflicts: 0.1 });
    const stores = [store, ...Array.from({ length: 9 }, another)];
    const counts = await Promise.all(stores.flatMap((one) => [add(one), add(one), add(one)]));
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect((await store.read(KEY))?.live?.seats).toHaveLength(30);
    expect(service.misses).toBeGreaterThan(10);
  });

  it('[CB11] a full room stays full, whoever comes in at the same moment', async () => {
    const { service, another } = open(sdk, { seed: 5, turns: 8 });
    const users = Array.from({ length: 20 }, (_, index) => `u${index}`);
    const entered = await Promise.allSettled(
      users.map((userId) =>
        createRooms({ store: another(), settings: { defaultCapacity: 4 } }).enter({ ...KEY, userId, userName: userId }),
      ),
    );
    expect(entered.filter((one) => one.status === 'fulfilled')).toHaveLength(4);
    const refusals = entered.flatMap((one) => (one.status === 'rejected' ? [one.reason as LianmaiError] : []));
    expect(new Set(refusals.map((one) => one.reason))).toEqual(new Set(['roomFull']));
    const [document] = service.database.documents('webrtcRooms');
    expect(document?.['members']).toHaveLength(4);
  });

  it('[CB12] one room of one application is one document, readable by people', async () => {
    const { store, service } = open(sdk, { soleApplication: APP });
    const rooms = createRooms({ store, clock: () => 1_800_000_000_000 });
    const ann = { userId: 'ann', userName: 'Ann' };
    await rooms.enter({ ...KEY, ...ann, roomName: 'tea' });
    await rooms.enter({ ...KEY, userId: 'bob', userName: 'Bob' });
    await rooms.enter({ sdkAppId: 7, roomId: '42', ...ann });
    const documents = service.database.documents('webrtcRooms') as unknown as RoomDocument[];
    expect(documents.map((one) => one._id)).toEqual(['42', '7:42']);
    expect(documents[0]).toMatchObject({
      roomID: '42',
      roomName: 'tea',
      creator: 'ann',
      ownerID: 'ann',
      members: ['ann', 'bob'],
      memberCount: 2,
      createTime: new Date(1_800_000_000_000),
    });
    await rooms.quit(KEY, 'ann');
    await rooms.quit(KEY, 'bob');
    expect(service.database.documents('webrtcRooms').map((one) => one['_id'])).toEqual(['7:42']);
  });

  it('[CB13] a missing collection is named, in every call', async () => {
    const { store, service } = open(sdk);
    service.database.dropCollection('webrtcRooms');
    const page = { skip: 0, limit: 1, order: 'newest' } as const;
    const calls = [add(store), store.read(KEY), store.list(APP, page), store.due(1, 1), store.scan({}, null, 1)];
    for (const call of await Promise.allSettled(calls)) {
      const error: unknown = call.status === 'rejected' ? call.reason : null;
      expect(error).toBeInstanceOf(LianmaiError);
      expect(error).toMatchObject({ reason: 'storeUnavailable' });
      expect(String(error)).toContain('no collection "webrtcRooms". Create it in the CloudBase console');
    }
  });

  it('[CB14] requests and answers that get lost are made good', async () => {
    const { store, service } = open(sdk, { seed: 9, retry: { failures: 50 } });
    service.trouble = { lostRequests: 0.15, lostAnswers: 0.15 };
    const counts: number[] = [];
    for (let index = 0; index < 40; index++) counts.push(await add(store));
    service.trouble = {};
    expect(counts).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect((await store.read(KEY))?.live?.seats).toHaveLength(40);
  });

  it('[CB14] a write whose answer got lost is known again after others have written', async () => {
    let ours = 0;
    const { store, another } = open(sdk, {
      through: (documents) => ({
        ...documents,
        async updateIf(id, stamp, fields) {
          const written = await documents.updateIf(id, stamp, fields);
          ours += 1;
          if (ours !== 1) return written;
          for (let others = 0; others < 10; others++) await add(another());
          throw new DocumentsError('unknown', 'request timeout');
        },
      }),
    });
    expect(await add(store)).toBe(1);
    expect(await add(store)).toBe(2);
    expect((await store.read(KEY))?.live?.seats).toHaveLength(12);
  });

  it('[CB14] a write that is carried out after its caller gave it up is carried out once', async () => {
    let late: (() => Promise<boolean>) | null = null;
    let writes = 0;
    const { store } = open(sdk, {
      through: (documents) => ({
        ...documents,
        async updateIf(id, stamp, fields) {
          writes += 1;
          if (writes === 1) {
            late = () => documents.updateIf(id, stamp, fields);
            throw new DocumentsError('unknown', 'request timeout');
          }
          await late?.();
          return documents.updateIf(id, stamp, fields);
        },
      }),
    });
    expect([await add(store), await add(store)]).toEqual([1, 2]);
    expect(writes).toBe(2);
    expect((await store.read(KEY))?.live?.seats).toHaveLength(2);
  });

  it('[CB14] a removal whose answer got lost is a removal', async () => {
    const { store, service } = open(sdk, { seed: 2, retry: { failures: 50 } });
    await add(store);
    service.trouble = { lostAnswers: 0.7 };
    let decisions = 0;
    await store.transact(KEY, (state) => {
      decisions += 1;
      expect(state).not.toBeNull();
      return { next: null, result: undefined };
    });
    service.trouble = {};
    expect(decisions).toBe(1);
    expect(await store.read(KEY)).toBeNull();
  });

  it('[CB18] queries are asked again, twice', async () => {
    const { store, service } = open(sdk);
    await add(store);
    service.requests.clear();
    service.trouble = { lostAnswers: 1 };
    await expect(store.read(KEY)).rejects.toMatchObject({ reason: 'storeUnavailable' });
    expect(service.requests.get('database.getDocument')).toBe(3);
    const reading = store.read(KEY);
    service.trouble = {};
    expect((await reading)?.live?.seats).toHaveLength(1);
  });

  it('[CB15] gives up with a reason: a database that is away, a room that never rests', async () => {
    const { store, service } = open(sdk, { retry: { attempts: 8 } });
    service.trouble = { lostRequests: 1 };
    await expect(add(store)).rejects.toMatchObject({ reason: 'storeUnavailable' });
    expect(service.requests.get('database.getDocument')).toBe(3);
    service.trouble = { conflicts: 1 };
    await expect(add(store)).rejects.toThrow(/Too many callers change this room/);
    expect(service.requests.get('database.insertDocument')).toBe(8);
  });
});

it('[CB16] an error of the SDK that is thrown with a code is read like a returned one', async () => {
  const { env, service } = open('@cloudbase/database');
  const database = plainDatabase(env, true);
  const documents = createRoomDocuments(database, '@cloudbase/database', 'webrtcRooms');
  const stores = [1, 2, 3].map(() => createCloudbaseRoomStore({ documents, command: database.command }));
  expect((await Promise.all(stores.map(add))).sort()).toEqual([1, 2, 3]);
  service.database.dropCollection('webrtcRooms');
  await expect(documents.count({})).rejects.toMatchObject({ kind: 'no-collection' });
});

it('[CB17] a store that does not compare before it writes fails the contract', { timeout: 120_000 }, async () => {
  const vitest = join(import.meta.dirname, '../../../node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', join(import.meta.dirname, 'racy.config.ts'), '--reporter=json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 50_000_000 }).catch(
    (failed: { stdout: string }) => failed,
  );
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    testResults: { assertionResults: { title: string; status: string }[] }[];
  };
  const results = report.testResults.flatMap((file) => file.assertionResults);
  const failed = results.filter((one) => one.status === 'failed').map((one) => one.title);
  expect(results.length).toBeGreaterThan(50);
  expect(failed).toContainEqual(expect.stringContaining('a transition sees what the one before it wrote'));
  expect(failed.length).toBeGreaterThan(2);
  // What asks for no concurrency, a racy store does as well as any other.
  expect(results.filter((one) => one.status === 'passed').length).toBeGreaterThan(20);
});
