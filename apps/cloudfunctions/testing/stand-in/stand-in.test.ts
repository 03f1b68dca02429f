import type { CloudCollection } from '@lianmai/stores/cloudbase';
import { afterEach, describe, expect, it } from 'vitest';
import { openEnvironment, plainDatabase, wxDatabase } from './environments.ts';
import type { ServiceOptions } from './service.ts';

/** Both SDKs have more than the room store uses. */
interface Doc {
  get(): Promise<unknown>;
  set(argument: object): Promise<unknown>;
  update(argument: object): Promise<unknown>;
}

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

function open(sdk: 'wx' | 'plain', options: ServiceOptions = {}) {
  const { env, service, close } = openEnvironment(options, ['things']);
  opened.push(close);
  const database = sdk === 'wx' ? wxDatabase(env) : plainDatabase(env);
  const things = database.collection('things');
  return {
    service,
    database,
    command: database.command as typeof database.command & { set(value: unknown): unknown },
    things,
    doc: (id: string | number) => (things as CloudCollection & { doc(id: string | number): Doc }).doc(id),
    /** An argument in the form that this SDK takes. */
    arg: (data: object) => (sdk === 'wx' ? { data } : data),
  };
}

describe.each(['wx', 'plain'] as const)('the stand-in through the SDK "%s"', (sdk) => {
  it('[CB1] documents come back as they were put in: dates, big numbers, nested objects', async () => {
    const { things, arg } = open(sdk);
    const document = { _id: 'a', when: new Date(5), big: 1_800_000_000_123, half: 0.5, list: [1, { b: null }], o: {} };
    await things.add(arg(document));
    expect(await things.where({ _id: 'a' }).get()).toMatchObject({ data: [document] });
  });

  it('[CB2] an id of one type is not that of another', async () => {
    const { things, arg } = open(sdk);
    await things.add(arg({ _id: '1' }));
    await things.add(arg({ _id: 1 }));
    expect(await things.where({ _id: 1 }).get()).toMatchObject({ data: [{ _id: 1 }] });
    expect(await things.where({}).count()).toMatchObject({ total: 2 });
  });

  it('[CB3] an update flattens objects, and replaces them only when told to', async () => {
    const { things, arg, command } = open(sdk);
    await things.add(arg({ _id: 'a', o: { x: { y: 1 } }, list: [1, 2] }));
    await things.where({ _id: 'a' }).update(arg({ o: { x: { z: 2 } }, list: [] }));
    expect(await things.where({}).get()).toMatchObject({ data: [{ o: { x: { y: 1, z: 2 } }, list: [] }] });
    await things.where({ _id: 'a' }).update(arg({ o: command.set({ w: 3 }) }));
    expect(await things.where({}).get()).toEqual(
      expect.objectContaining({ data: [{ _id: 'a', o: { w: 3 }, list: [] }] }),
    );
  });

  it('[CB4] what is not there is not updated, and what stays the same is not counted', async () => {
    const { things, arg, doc } = open(sdk);
    const counted = (updated: number) => (sdk === 'wx' ? { stats: { updated } } : { updated });
    expect(await doc('a').update(arg({ n: 1 }))).toMatchObject(counted(0));
    await things.add(arg({ _id: 'a', n: 1 }));
    expect(await doc('a').update(arg({ n: 1 }))).toMatchObject(counted(0));
    expect(await doc('a').update(arg({ n: 2 }))).toMatchObject(counted(1));
    // `set` makes what is not there: so it cannot tell a creator that he was late.
    await doc('b').set(arg({ n: 3 }));
    await doc('b').set(arg({ n: 4 }));
    expect(await things.where({ _id: 'b' }).get()).toMatchObject({ data: [{ _id: 'b', n: 4 }] });
  });

  it('[CB5] orders, pages, and never answers more than 1000', async () => {
    const { things, arg, command } = open(sdk, { turns: 0 });
    await Promise.all(Array.from({ length: 1010 }, (_, n) => things.add(arg({ _id: `${n}`, n, even: n % 2 === 0 }))));
    const numbers = async (query: typeof things.where extends (...a: never) => infer Q ? Q : never) =>
      ((await query.get()) as { data: { n: number }[] }).data.map((one) => one.n);
    expect(await numbers(things.where({}).limit(5000))).toHaveLength(1000);
    const late = things.where({ n: command.gt(1000), even: true }).orderBy('n', 'desc');
    expect(await numbers(late.skip(1).limit(2))).toEqual([1006, 1004]);
    expect(await things.where({ n: command.lte(9) }).count()).toMatchObject({ total: 10 });
  });
});

describe('where the two SDKs differ', () => {
  it('[CB6] a duplicate _id is thrown by the one and returned by the other', async () => {
    const wx = open('wx');
    await wx.things.add({ data: { _id: 'a' } });
    await expect(wx.things.add({ data: { _id: 'a' } })).rejects.toMatchObject({
      errCode: -502001,
      message: expect.stringContaining('E11000'),
    });
    const plain = open('plain');
    await plain.things.add({ _id: 'a' });
    expect(await plain.things.add({ _id: 'a' })).toMatchObject({
      code: 'DATABASE_REQUEST_FAILED',
      message: expect.stringContaining('E11000'),
    });
  });

  it('[CB6] so is a missing collection', async () => {
    const wx = open('wx');
    await expect(wx.database.collection('none').where({}).get()).rejects.toMatchObject({ errCode: -502005 });
    const plain = open('plain');
    expect(await plain.database.collection('none').where({}).get()).toMatchObject({
      code: 'DATABASE_COLLECTION_NOT_EXIST',
    });
  });

  it('[CB6] a missing document is an error of the one and an empty list of the other', async () => {
    await expect(open('wx').doc('a').get()).rejects.toMatchObject({ errCode: -1 });
    expect(await open('plain').doc('a').get()).toMatchObject({ data: [] });
  });
});

describe('time between requests', () => {
  /** Twenty writers, and the order in which they came through. */
  async function race(seed: number): Promise<string[]> {
    const { service, things } = open('plain', { seed, turns: 5 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => things.add({ _id: `${n}` })));
    return service.database.documents('things').map((one) => String(one['_id']));
  }

  it('[CB7] requests overtake one another, in an order that the seed decides', async () => {
    const first = await race(1);
    expect(first).not.toEqual(first.toSorted((a, b) => Number(a) - Number(b)));
    expect(await race(1)).toEqual(first);
    expect(await race(2)).not.toEqual(first);
  });

  it('[CB7] reading, then writing what was read plus one, loses counts', async () => {
    const { things } = open('plain', { seed: 4 });
    await things.add({ _id: 'a', n: 0 });
    const count = async () => ((await things.where({ _id: 'a' }).get()) as { data: { n: number }[] }).data[0]?.n ?? 0;
    await Promise.all(Array.from({ length: 20 }, async () => things.where({}).update({ n: (await count()) + 1 })));
    expect(await count()).toBeLessThan(20);
  });

  it('[CB8] refuses writes, loses requests and loses answers when asked to', async () => {
    const { service, things } = open('plain');
    service.trouble = { conflicts: 1 };
    expect(await things.add({ _id: 'a' })).toMatchObject({ code: 'DATABASE_TRANSACTION_CONFLICT' });
    service.trouble = { lostRequests: 1 };
    expect(await things.add({ _id: 'b' })).toMatchObject({ code: 'SERVER_TIMEOUT' });
    service.trouble = { lostAnswers: 1 };
    expect(await things.add({ _id: 'c' })).toMatchObject({ code: 'SERVER_TIMEOUT' });
    expect(service.database.documents('things').map((one) => one['_id'])).toEqual(['c']);
  });
});
