import { DocumentsError, field, readFailure } from './failures.ts';

/** A room in the collection: the state, which alone counts, and beside it what people and queries read. */
export interface RoomDocument extends RoomFields {
  /** Unique in the collection by the database's own index: one document for one room of one application. */
  readonly _id: string;
}

export interface RoomFields {
  /** New with every write, never used twice: what a conditional write compares. */
  readonly stamp: string;
  /** The stamps of the last writes, newest first: by them a writer who got no answer learns whether his was among them. */
  readonly recentStamps: readonly string[];
  /** The state as JSON text: an object would be flattened into single fields by an update. */
  readonly state: string;
  readonly sdkAppID: number;
  /** Sorts as (application, roomID as text) do. */
  readonly walkKey: string;
  readonly live: boolean;
  readonly revoked: boolean;
  /** Unix ms; 0 for an ended room. */
  readonly createdAt: number;
  /** Unix ms when something in it lapses; {@link NEVER} when nothing will. */
  readonly dueAt: number;
  // For people, and for pages of the original demo that look into the collection.
  readonly roomID: string;
  readonly roomName: string;
  readonly creator: string;
  readonly ownerID: string;
  readonly members: readonly string[];
  readonly memberCount: number;
  readonly capacity: number;
  readonly createTime: Date | null;
}

/** The last moment that a Date can hold. */
export const NEVER = 8_640_000_000_000_000;

/** Which of the two server SDKs a database object is of: their calls and answers have different shapes. */
export type CloudSdk = 'wx-server-sdk' | '@cloudbase/database';

/** As much of a database object as is used; both SDKs have it. */
export interface CloudDatabase {
  collection(name: string): CloudCollection;
  readonly command: { gt(value: unknown): unknown; lte(value: unknown): unknown };
}

export interface CloudQuery {
  where(condition: object): CloudQuery;
  orderBy(field: string, direction: 'asc' | 'desc'): CloudQuery;
  skip(count: number): CloudQuery;
  limit(count: number): CloudQuery;
  get(): PromiseLike<object>;
  count(): PromiseLike<object>;
  update(argument: object): PromiseLike<object>;
  remove(): PromiseLike<object>;
}

export interface CloudCollection extends CloudQuery {
  add(argument: object): PromiseLike<object>;
}

/** Conditions on documents, in the SDK's own words. */
export interface FindOptions {
  readonly where: object;
  readonly order: readonly (readonly [field: keyof RoomDocument, direction: 'asc' | 'desc'])[];
  readonly skip?: number;
  readonly limit: number;
}

/** The few requests that the store makes. Each is one round trip and atomic by itself; they throw DocumentsError alone. */
export interface RoomDocuments {
  get(id: string): Promise<RoomDocument | null>;
  /** Throws `taken` when there is one with this id. */
  add(document: RoomDocument): Promise<void>;
  /** Whether there was a document with this id and stamp, which now has the fields. */
  updateIf(id: string, stamp: string, fields: RoomFields): Promise<boolean>;
  /** Whether there was a document with this id and stamp, which is now gone. */
  removeIf(id: string, stamp: string): Promise<boolean>;
  find(options: FindOptions): Promise<RoomDocument[]>;
  count(where: object): Promise<number>;
}

/**
 * The collection through an SDK's database object: wx-server-sdk's `cloud.database()`, or that of `@cloudbase/node-sdk`.
 * Documents are found by `where`, never by `doc(id).get()`: for a missing one that throws in the one SDK and not in the other.
 */
export function createRoomDocuments(database: CloudDatabase, sdk: CloudSdk, collection: string): RoomDocuments {
  const wrapped = (data: object): object => (sdk === 'wx-server-sdk' ? { data } : data);
  const rooms = (): CloudCollection => database.collection(collection);

  async function ask(request: () => PromiseLike<object>): Promise<object> {
    let answer: object;
    try {
      answer = await request();
    } catch (error) {
      throw readFailure(error);
    }
    // `@cloudbase/database` returns what wx-server-sdk throws.
    if (field(answer, 'code')) throw readFailure(answer);
    return answer;
  }

  /** How many documents a write touched: `stats.updated` and `stats.removed` in the one SDK, `updated` and `deleted` in the other. */
  function touched(answer: object, names: readonly string[]): number {
    const counts = field(answer, 'stats') ?? answer;
    const count = names.map((name) => field(counts, name)).find((one) => typeof one === 'number');
    if (typeof count !== 'number') throw new DocumentsError('unknown', 'The database did not say what it wrote.');
    return count;
  }

  async function find({ where, order, skip, limit }: FindOptions): Promise<RoomDocument[]> {
    const answer = await ask(() => {
      let query = rooms().where(where);
      for (const [name, direction] of order) query = query.orderBy(name, direction);
      if (skip !== undefined) query = query.skip(skip);
      return query.limit(limit).get();
    });
    const data = field(answer, 'data');
    if (!Array.isArray(data)) throw new DocumentsError('unknown', 'The database answered without data.');
    return data as RoomDocument[];
  }

  return {
    find,
    async get(id) {
      return (await find({ where: { _id: id }, order: [], limit: 1 }))[0] ?? null;
    },
    async add(document) {
      await ask(() => rooms().add(wrapped(document)));
    },
    async updateIf(id, stamp, fields) {
      const answer = await ask(() => rooms().where({ _id: id, stamp }).update(wrapped(fields)));
      return touched(answer, ['updated']) > 0;
    },
    async removeIf(id, stamp) {
      const answer = await ask(() => rooms().where({ _id: id, stamp }).remove());
      return touched(answer, ['removed', 'deleted']) > 0;
    },
    async count(where) {
      const total = field(await ask(() => rooms().where(where).count()), 'total');
      if (typeof total !== 'number') throw new DocumentsError('unknown', 'The database did not count.');
      return total;
    },
  };
}
