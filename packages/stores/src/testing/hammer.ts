/**
 * One of several processes that hammer a few rooms in one database file. Started by the parallel test with the file, its own
 * name, a seed and the number of calls; writes a JSON file at the end: everything that it was told has happened.
 */

import { writeFileSync } from 'node:fs';
import { LianmaiError } from '@lianmai/protocol';
import { createRooms, type RoomEvent } from '@lianmai/rooms';
import { openSqliteStore } from '../sqlite/open.ts';
import { ready } from './ready.ts';
import { pick, seeded } from './seeded.ts';

const HOUR = 3_600_000;

export const HAMMER_APP = 1_400_000_001;
export const HAMMER_CAPACITY = 5;
export const HAMMER_ROOMS = ['1', '2', '3'];

/** What one process knows at its end. */
export interface HammerReport {
  readonly events: RoomEvent[];
  /** Calls by their outcome: `ok` or the reason of the refusal. */
  readonly outcomes: Record<string, number>;
  /** By `<room> <user>`: where the last acknowledged call of a user of this process left him. */
  readonly last: Record<string, 'in' | 'out'>;
  /** Refusals that contradict what had been acknowledged before. */
  readonly contradictions: string[];
}

/** Where a process leaves its report. */
export function reportPath(path: string, name: string): string {
  return `${path}.${name}.json`;
}

async function hammer(path: string, name: string, seed: number, calls: number): Promise<HammerReport> {
  const random = seeded(seed);
  const stores = await openSqliteStore(path, { busyTimeoutMs: 20_000 });
  const rooms = createRooms({ store: stores.rooms, settings: { defaultCapacity: HAMMER_CAPACITY, leaseMs: HOUR } });
  const report: HammerReport = { events: [], outcomes: {}, last: {}, contradictions: [] };
  rooms.onEvent((event) => report.events.push(event));
  let left = calls;
  ready();

  /** One user of this process: one call after the other, as a person would. */
  const play = async (userId: string): Promise<void> => {
    while (left-- > 0) {
      const roomId = pick(HAMMER_ROOMS, random);
      const key = { sdkAppId: HAMMER_APP, roomId };
      const who = { userId, userName: userId };
      const seat = `${roomId} ${userId}`;
      const dice = random();
      let outcome = 'ok';
      try {
        if (dice < 0.25) {
          await rooms.enter({ ...key, ...who });
          report.last[seat] = 'in';
        } else if (dice < 0.3) {
          await rooms.create({ kind: 'user', ...who }, { key, ...who });
          report.last[seat] = 'in';
        } else if (dice < 0.97 || userId.startsWith('v')) {
          await rooms.quit(key, userId);
          report.last[seat] = 'out';
        } else {
          await rooms.kick({ kind: 'server' }, key, `v${Math.floor(random() * 40)}`);
        }
      } catch (error) {
        if (!(error instanceof LianmaiError)) throw error;
        outcome = error.reason;
        const lost = outcome === 'roomFull' || outcome === 'notMember' || outcome === 'noSuchRoom';
        if (lost && report.last[seat] === 'in' && !userId.startsWith('v'))
          report.contradictions.push(`${seat}: ${outcome}`);
      }
      report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1;
    }
  };
  // `v…` users belong to nobody: they are only removed, by everybody.
  const users = Array.from({ length: 3 }, (_, index) => `${name}${index}`);
  const victims = Array.from({ length: 2 }, () => `v${Math.floor(random() * 40)}`);
  await Promise.all([...users, ...victims].map(play));
  await stores.close();
  return report;
}

const [path, name, seed, calls] = process.argv.slice(2);
if (path !== undefined && name !== undefined) {
  const report = await hammer(path, name, Number(seed), Number(calls));
  writeFileSync(reportPath(path, name), JSON.stringify(report));
}
