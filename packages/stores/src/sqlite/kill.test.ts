import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Children } from '../testing/children.ts';
import { temporaryFolder } from '../testing/folder.ts';
import { seeded } from '../testing/seeded.ts';
import { openSqliteStore } from './open.ts';

const MORTAL = fileURLToPath(new URL('../testing/mortal.ts', import.meta.url));
const KILLS = 200;
const SLOTS = 4;
const USERS = 8;
/** A writer dies at one of its first so many acknowledgements. */
const LIFE = 100;

/** What is known of one user in one room, from outside: where he is for certain, or that a call on him was under way. */
type Known = 'in' | 'out' | 'unsure';

describe('kill -9', () => {
  it(`[RM82] loses nothing that was acknowledged, ${KILLS} times in the middle of ${SLOTS} writers' work`, async () => {
    const folder = temporaryFolder();
    const seed = Number(process.env['LIANMAI_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
    try {
      await run(folder.path, seed);
    } catch (error) {
      throw new Error(`LIANMAI_TEST_SEED=${seed} (the moment of a kill is not part of it)`, { cause: error });
    } finally {
      folder.remove();
    }
  }, 600_000);
});

async function run(folder: string, seed: number): Promise<void> {
  const path = join(folder, 'rooms.db');
  await (await openSqliteStore(path)).close();
  const children = await Children.of(MORTAL, folder);
  const tally = { kills: 0, acknowledged: 0, inFlight: 0, checked: 0 };
  await Promise.all(
    Array.from({ length: SLOTS }, async (_, slot) => {
      const random = seeded(seed + slot);
      const users = Array.from({ length: USERS }, (_user, index) => `w${slot}u${index}`);
      // The books of a slot go on over the deaths of its writers.
      const known = new Map<string, Known>();
      while (tally.kills < KILLS) {
        tally.kills += 1;
        const life = 1 + Math.floor(random() * LIFE);
        const child = children.start([path, users.join(','), String(Math.floor(random() * 2 ** 32))]);
        const died = await liveAndDie(child, life, known);
        tally.acknowledged += died.acknowledged;
        tally.inFlight += died.inFlight;
        tally.checked += await check(path, users, known);
      }
    }),
  );
  // They did die in the middle of work, and there was something to lose.
  expect(tally.kills).toBe(KILLS);
  expect(tally.inFlight).toBeGreaterThan(KILLS);
  expect(tally.acknowledged).toBeGreaterThan(KILLS * 5);
  expect(tally.checked).toBeGreaterThan(KILLS * USERS);
}

/** Lets a writer acknowledge so many calls, kills it, and reads its pipe to the end into the books. */
async function liveAndDie(
  child: ReturnType<Children['start']>,
  life: number,
  known: Map<string, Known>,
): Promise<{ acknowledged: number; inFlight: number }> {
  const exited = once(child, 'exit');
  let acknowledged = 0;
  const open = new Set<string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [mark, where, roomId, userId] = line.split(' ');
    const seat = `${roomId} ${userId}`;
    if (mark === '?') {
      open.add(seat);
      known.set(seat, 'unsure');
    } else {
      open.delete(seat);
      known.set(seat, where === 'in' ? 'in' : 'out');
      acknowledged += 1;
      if (acknowledged === life) child.kill('SIGKILL');
    }
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return { acknowledged, inFlight: open.size };
}

/** Opens the file anew and compares what it holds on these users with the books. Answers how many facts were compared. */
async function check(path: string, users: readonly string[], known: ReadonlyMap<string, Known>): Promise<number> {
  const stores = await openSqliteStore(path, { busyTimeoutMs: 20_000 });
  try {
    const sitting = new Set<string>();
    for (const { roomId, state } of await stores.rooms.scan({}, null, 100)) {
      for (const { userId } of state.live?.seats ?? []) if (users.includes(userId)) sitting.add(`${roomId} ${userId}`);
    }
    const facts = [...known].filter(([, where]) => where !== 'unsure');
    const expected = facts.filter(([, where]) => where === 'in').map(([seat]) => seat);
    const unsure = [...known].filter(([, where]) => where === 'unsure').map(([seat]) => seat);
    expect([...sitting].filter((seat) => !unsure.includes(seat)).sort()).toEqual(expected.sort());
    return facts.length;
  } finally {
    await stores.close();
  }
}
