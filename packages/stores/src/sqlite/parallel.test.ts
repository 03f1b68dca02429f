import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RoomEvent, StoredRoom } from '@lianmai/rooms';
import { describe, expect, it } from 'vitest';
import { Children, together } from '../testing/children.ts';
import { temporaryFolder } from '../testing/folder.ts';
import { HAMMER_CAPACITY, type HammerReport, reportPath } from '../testing/hammer.ts';
import { openSqliteStore } from './open.ts';

const HAMMER = fileURLToPath(new URL('../testing/hammer.ts', import.meta.url));
const PROCESSES = ['a', 'b', 'c', 'd'];
const CALLS = 2000;

describe('several processes on one file', () => {
  it('[RM12] [W7] [W8] keep every rule: seen from outside while they work, and in their books at the end', async () => {
    const folder = temporaryFolder();
    const seed = Number(process.env['LIANMAI_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
    try {
      await run(folder.path, seed);
    } catch (error) {
      throw new Error(`LIANMAI_TEST_SEED=${seed} (the interleaving of processes is not part of it)`, { cause: error });
    } finally {
      folder.remove();
    }
  }, 300_000);
});

const TAKER = fileURLToPath(new URL('../testing/taker.ts', import.meta.url));
const CODES = 40;

describe('several processes that take the same login codes', () => {
  it('[RM91] each code is got once, by one of them', async () => {
    const folder = temporaryFolder();
    try {
      const path = join(folder.path, 'codes.db');
      const stores = await openSqliteStore(path);
      const open = Array.from({ length: CODES }, (_, number) => `hash-${number}`);
      for (const hash of open) {
        const code = { hash, userId: hash, userName: '', kind: 'guest', sessionEndsAt: null, expiresAt: 1 } as const;
        await stores.loginCodes.keepLoginCode(code, { perUser: 1, total: CODES }, 0);
      }
      await stores.close();
      const children = await Children.of(TAKER, folder.path);
      const takers = PROCESSES.map(() => children.start([path, String(CODES)]));
      await together(takers);
      const got = await Promise.all(takers.map(async (taker) => JSON.parse(await text(taker.stdout)) as string[]));
      expect(got.flat().toSorted()).toEqual(open.toSorted());
    } finally {
      folder.remove();
    }
  }, 60_000);
});

async function run(folder: string, seed: number): Promise<void> {
  const path = join(folder, 'rooms.db');
  const children = await Children.of(HAMMER, folder);
  const hammers = PROCESSES.map((name, index) => children.start([path, name, String(seed + index), String(CALLS)]));
  let working = hammers.length;
  const exits = hammers.map(async (child) => {
    const [code] = await once(child, 'exit');
    working -= 1;
    return code;
  });
  await together(hammers);
  const stores = await openSqliteStore(path, { busyTimeoutMs: 20_000 });
  try {
    let looks = 0;
    let fullest = 0;
    while (working > 0) {
      for (const room of await stores.rooms.scan({}, null, 100)) fullest = Math.max(fullest, checkRoom(room));
      looks += 1;
      await pause(2);
    }
    expect(await Promise.all(exits)).toEqual(PROCESSES.map(() => 0));
    const reports = PROCESSES.map((name) => JSON.parse(readFileSync(reportPath(path, name), 'utf8')) as HammerReport);
    checkBooks(await stores.rooms.scan({}, null, 100), reports);

    // The run was worth something: it was watched, rooms were full, and every refusal occurred.
    expect(looks).toBeGreaterThan(10);
    expect(fullest).toBe(HAMMER_CAPACITY);
    const outcomes = reports.flatMap((report) => Object.keys(report.outcomes));
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'roomFull', 'roomExists', 'notMember', 'noSuchRoom', 'removed']));
  } finally {
    await stores.close();
  }
}

/** Never above capacity, nobody twice, never empty, owned by a member. Answers the number of seats. */
function checkRoom({ state }: StoredRoom): number {
  if (state.live === null) {
    expect(state.revocations).not.toEqual([]);
    return 0;
  }
  const { seats, capacity, ownerId } = state.live;
  const names = seats.map((seat) => seat.userId);
  expect(names.length).toBeGreaterThan(0);
  expect(names.length).toBeLessThanOrEqual(capacity);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain(ownerId);
  for (const { userId, until } of state.revocations) if (until === null) expect(names).not.toContain(userId);
  return names.length;
}

/** Every event of every process, added up, is the state at the end; and so is every acknowledgement. */
function checkBooks(stored: readonly StoredRoom[], reports: readonly HammerReport[]): void {
  const rooms = new Map<string, number>();
  const seats = new Map<string, number>();
  const removed = new Set<string>();
  for (const event of reports.flatMap((report) => report.events)) book(event, rooms, seats, removed);

  const live = new Map(
    stored.flatMap(({ roomId, state }) => (state.live === null ? [] : [[roomId, state.live] as const])),
  );
  expect(nonZero(rooms)).toEqual(Object.fromEntries([...live.keys()].map((roomId) => [roomId, 1])));
  const sitting = [...live].flatMap(([roomId, room]) => room.seats.map((seat) => `${roomId} ${seat.userId}`));
  expect(nonZero(seats)).toEqual(Object.fromEntries(sitting.map((seat) => [seat, 1])));
  for (const seat of removed) expect(sitting).not.toContain(seat);
  const remembered = stored.flatMap(({ roomId, state }) => state.revocations.map((one) => `${roomId} ${one.userId}`));
  expect(new Set(remembered)).toEqual(removed);

  for (const report of reports) {
    expect(report.contradictions).toEqual([]);
    for (const [seat, where] of Object.entries(report.last)) {
      if (!/ v\d+$/.test(seat)) expect({ seat, where: sitting.includes(seat) ? 'in' : 'out' }).toEqual({ seat, where });
    }
  }
}

function book(event: RoomEvent, rooms: Map<string, number>, seats: Map<string, number>, removed: Set<string>): void {
  const roomId = event.key.roomId;
  const add = (map: Map<string, number>, name: string, by: number): unknown => map.set(name, (map.get(name) ?? 0) + by);
  if (event.kind === 'room-created') add(rooms, roomId, 1);
  else if (event.kind === 'room-ended') add(rooms, roomId, -1);
  else if (event.kind === 'member-joined') add(seats, `${roomId} ${event.userId}`, 1);
  else if (event.kind === 'member-left') add(seats, `${roomId} ${event.userId}`, -1);
  else if (event.kind === 'kicked') removed.add(`${roomId} ${event.userId}`);
}

function nonZero(map: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...map].filter(([, count]) => count !== 0));
}
