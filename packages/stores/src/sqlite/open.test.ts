import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RoomState } from '@lianmai/rooms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Children, together } from '../testing/children.ts';
import { temporaryFolder } from '../testing/folder.ts';
import { Database } from './database.ts';
import { MIGRATIONS } from './migrations.ts';
import { openSqliteStore } from './open.ts';
import { LIST } from './room-store.ts';

const FIRST_START = fileURLToPath(new URL('../testing/first-start.ts', import.meta.url));

let folder: ReturnType<typeof temporaryFolder>;
let path: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'lianmai.db');
});

afterEach(() => folder.remove());

const KEY = { sdkAppId: 1, roomId: '1' };
const STATE: RoomState = { live: null, revocations: [{ userId: 'eve', until: 9 }] };

describe('the file', () => {
  it('[RM82] every commit is synced: write-ahead log, synchronous FULL', async () => {
    // `openSqliteStore` hides its connection, and `synchronous` belongs to the connection: so it is asked through the class.
    const asked: unknown[] = [];
    const original = DatabaseSync.prototype.exec;
    DatabaseSync.prototype.exec = function exec(sql: string): void {
      original.call(this, sql);
      if (sql.includes('synchronous'))
        asked.push(this.prepare('PRAGMA synchronous').get(), this.prepare('PRAGMA journal_mode').get());
    };
    try {
      await (await openSqliteStore(path)).close();
    } finally {
      DatabaseSync.prototype.exec = original;
    }
    expect(asked).toEqual([{ synchronous: 2 }, { journal_mode: 'wal' }]);
  });

  it('[RM85] is for the eyes of its owner only: it holds keys', async () => {
    const stores = await openSqliteStore(path);
    await stores.values.setValue('a', '1');
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
    await stores.close();
  });

  it('[RM82] is found again as it was', async () => {
    const stores = await openSqliteStore(path);
    await stores.rooms.transact(KEY, () => ({ next: STATE, result: undefined }));
    await stores.close();
    const again = await openSqliteStore(path);
    expect(await again.rooms.read(KEY)).toEqual(STATE);
    await again.close();
  });

  it('[RM84] is migrated forward once, whatever the number of starts', async () => {
    for (let start = 0; start < 2; start++) await (await openSqliteStore(path)).close();
    const raw = new DatabaseSync(path);
    expect(raw.prepare('PRAGMA user_version').get()).toEqual({ user_version: MIGRATIONS.length });
    raw.close();
  });

  it('[RM84] of an older version keeps what is in it', async () => {
    const raw = new DatabaseSync(path);
    raw.exec(MIGRATIONS[0] ?? '');
    raw.exec(`INSERT INTO named_values VALUES ('a', '1'); PRAGMA user_version = 1; PRAGMA application_id = 0x4c4d4149`);
    raw.close();
    const stores = await openSqliteStore(path);
    expect(await stores.values.value('a')).toBe('1');
    expect(await stores.loginCodes.takeLoginCode('none', 0)).toBeNull();
    await stores.close();
  });

  it('[RM84] written by a newer version is refused, and left alone', async () => {
    await (await openSqliteStore(path)).close();
    const raw = new DatabaseSync(path);
    raw.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    raw.close();
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      reason: 'storeUnavailable',
      message: expect.stringMatching(/lianmai\.db cannot be used: .*newer version/),
    });
  });

  it('[RM84] of another program is refused, and left alone', async () => {
    const raw = new DatabaseSync(path);
    raw.exec('CREATE TABLE notes (text TEXT)');
    await expect(openSqliteStore(path)).rejects.toThrow(/belongs to another program/);
    expect(raw.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()).toEqual({ tables: 1 });
    expect(raw.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    raw.close();
  });

  it.each<[string, (file: string) => void]>([
    ['no database', (file) => writeFileSync(file, 'this is some text, and surely no database. '.repeat(100))],
    ['a folder', (file) => mkdirSync(file)],
  ])('[RM85] that is %s is a clear sentence', async (_what, make) => {
    make(path);
    await expect(openSqliteStore(path)).rejects.toMatchObject({
      reason: 'storeUnavailable',
      message: expect.stringMatching(/^The database .*lianmai\.db cannot be used: .+\.$/),
    });
  });

  it('[RM85] in a folder that is not there is a clear sentence', async () => {
    await expect(openSqliteStore(join(folder.path, 'nowhere', 'x.db'))).rejects.toMatchObject({
      reason: 'storeUnavailable',
    });
  });
});

describe('the connection', () => {
  it('[RM85] closed, it refuses; closing finishes what was asked before, and may be done twice', async () => {
    const stores = await openSqliteStore(path);
    const asked = stores.rooms.transact(KEY, () => ({ next: STATE, result: 'done' }));
    await stores.close();
    await stores.close();
    expect(await asked).toBe('done');
    await expect(stores.rooms.read(KEY)).rejects.toMatchObject({ reason: 'storeUnavailable' });
    await expect(stores.values.setValue('a', '1')).rejects.toMatchObject({ reason: 'storeUnavailable' });
    await expect(stores.rooms.transact(KEY, (state) => ({ next: state, result: 1 }))).rejects.toMatchObject({
      reason: 'storeUnavailable',
    });
  });

  it('[RM85] a lock that another program does not let go is an error after the wait, and no more than that', async () => {
    const stores = await openSqliteStore(path, { busyTimeoutMs: 10 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const write = (): Promise<void> => stores.rooms.transact(KEY, () => ({ next: STATE, result: undefined }));
    await expect(write()).rejects.toMatchObject({
      reason: 'storeUnavailable',
      cause: expect.objectContaining({ errcode: 5 }),
    });
    expect(await stores.rooms.read(KEY)).toBeNull();
    other.exec('ROLLBACK');
    other.close();
    await write();
    expect(await stores.rooms.read(KEY)).toEqual(STATE);
    await stores.close();
  });

  it('[RM81] a failure of the database undoes all that shared the commit, and tells each of them', async () => {
    const database = new Database(new DatabaseSync(':memory:'));
    await database.write(() => database.run('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
    const insert = (a: number): Promise<number> => database.write(() => database.run('INSERT INTO t VALUES (?)', a));
    const results = await Promise.allSettled([insert(1), insert(2), insert(1), insert(3)]);
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { reason: 'storeUnavailable' } });
    expect(database.all('SELECT * FROM t')).toEqual([]);
    await insert(4);
    expect(database.all('SELECT * FROM t')).toEqual([{ a: 4 }]);
    database.close();
  });

  it('[RM89] writes of one turn share a commit, in their order, and more than one commit holds share several', async () => {
    const connection = new DatabaseSync(':memory:');
    const database = new Database(connection);
    await database.write(() => database.run('CREATE TABLE t (a INTEGER PRIMARY KEY)'));
    const order: number[] = [];
    const open: boolean[] = [];
    const writes = Array.from({ length: 1200 }, (_, index) =>
      database
        .write(() => {
          open.push(connection.isTransaction);
          return database.run('INSERT INTO t VALUES (?)', index);
        })
        .then(() => order.push(index)),
    );
    await Promise.all(writes);
    expect(order).toEqual(Array.from({ length: 1200 }, (_, index) => index));
    expect(open.every(Boolean)).toBe(true);
    expect(connection.isTransaction).toBe(false);
    database.close();
  });

  it('[RM89] refuses more writes than may wait, and does those it took', async () => {
    const database = new Database(new DatabaseSync(':memory:'));
    const writes = await Promise.allSettled(Array.from({ length: 10_001 }, () => database.write(() => 1)));
    expect(writes.filter((one) => one.status === 'fulfilled')).toHaveLength(10_000);
    expect(writes.at(-1)).toMatchObject({ status: 'rejected', reason: { reason: 'storeUnavailable' } });
    database.close();
  });

  it('[RM62] every order of the list is read from an index', async () => {
    await (await openSqliteStore(path)).close();
    const raw = new DatabaseSync(path);
    for (const sql of Object.values(LIST)) {
      const plan = raw
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(1, 10, 0)
        .map((row) => String(row['detail']));
      expect(plan.join('; ')).toMatch(/^SEARCH rooms USING INDEX rooms_by_/);
      expect(plan.join('; ')).not.toContain('TEMP B-TREE');
    }
    raw.close();
  });
});

describe('first starts', () => {
  it('[RM86] several processes that start at once on no file agree on one application, key, secret and user', async () => {
    const children = await Children.of(FIRST_START, folder.path);
    for (let round = 0; round < 3; round++) {
      const starts = ['a', 'b', 'c', 'd'].map((name, index) =>
        children.start([`${path}.${round}`, name, String(index + 1)]),
      );
      await together(starts);
      const answers = await Promise.all(
        starts.map(async (child) => {
          const [answer, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
          expect(code).toBe(0);
          return answer;
        }),
      );
      expect(answers[0]).toContain('"sdkAppId"');
      expect(new Set(answers).size).toBe(1);
    }
  }, 300_000);
});
