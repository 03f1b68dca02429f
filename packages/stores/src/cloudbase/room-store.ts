import { randomBytes } from 'node:crypto';
import { LianmaiError, type ListOrder } from '@lianmai/protocol';
import {
  type Decide,
  type LiveListing,
  type RoomKey,
  type RoomState,
  type RoomStore,
  type StoredRoom,
  storedColumns,
} from '@lianmai/rooms';
import { type FindOptions, NEVER, type RoomDocument, type RoomDocuments, type RoomFields } from './documents.ts';
import { DocumentsError } from './failures.ts';

/** The collection of the original demo. */
export const ROOM_COLLECTION = 'webrtcRooms';

export interface CloudbaseRoomStoreOptions {
  readonly documents: RoomDocuments;
  /** `command` of the database object: its comparisons. */
  readonly command: { gt(value: unknown): unknown; lte(value: unknown): unknown };
  /** The one application that the environment serves: its rooms have `_id = roomID`. */
  readonly soleApplication?: number;
  /** Name of the collection, for messages. */
  readonly collection?: string;
  /** Bounds on trying again. */
  readonly retry?: Partial<RetryLimits>;
  /** Uniform in [0, 1): spreads those who try again. */
  readonly random?: () => number;
  /** Waits so many milliseconds. */
  readonly wait?: (ms: number) => Promise<void>;
}

export interface RetryLimits {
  /** How often a decision is made before the store gives up. */
  readonly attempts: number;
  /** How many requests of one call may fail without a clear answer. */
  readonly failures: number;
  /** First and longest wait, ms; the wait doubles, and a random part of it is taken. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** Fifty callers who change one room at the same moment all come through. */
const RETRY: RetryLimits = { attempts: 60, failures: 2, firstWaitMs: 10, longestWaitMs: 300 };

/** How many writes a document remembers: more than others make while one writer waits for a lost answer. */
const RECENT = 32;

const ORDERS: Record<ListOrder, FindOptions['order']> = {
  newest: [
    ['createdAt', 'desc'],
    ['roomID', 'asc'],
  ],
  oldest: [
    ['createdAt', 'asc'],
    ['roomID', 'asc'],
  ],
  fullest: [
    ['memberCount', 'desc'],
    ['createdAt', 'desc'],
    ['roomID', 'asc'],
  ],
};

/**
 * Rooms in the CloudBase document database, one document a room. A transition reads the document, decides, and writes on the
 * condition that its stamp is still the one that was read (creating: that the `_id` is free); otherwise it decides again on
 * the newer state. Nothing needs a transaction, and any number of function instances may do this at once.
 */
export function createCloudbaseRoomStore(options: CloudbaseRoomStoreOptions): RoomStore {
  const { documents, command, soleApplication, collection = ROOM_COLLECTION } = options;
  const retry: RetryLimits = { ...RETRY, ...options.retry };
  const random = options.random ?? Math.random;
  const wait = options.wait ?? ((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  const idOf = (key: RoomKey): string =>
    key.sdkAppId === soleApplication ? key.roomId : `${key.sdkAppId}:${key.roomId}`;

  /** Makes the database's failure the caller's. */
  function unavailable(error: unknown): unknown {
    if (!(error instanceof DocumentsError)) return error;
    const message =
      error.kind === 'no-collection'
        ? `The database has no collection "${collection}". Create it in the CloudBase console (Database, Add collection).`
        : undefined;
    return new LianmaiError('storeUnavailable', message, { cause: error });
  }

  /** Random part of a wait that doubles: those who collided once should not collide again. */
  async function pause(attempt: number): Promise<void> {
    const longest = Math.min(retry.longestWaitMs, retry.firstWaitMs * 2 ** Math.min(attempt, 16));
    await wait(random() * longest);
  }

  /** Asks once more when there was no answer, which is common after an instance was asleep: its connections are dead. */
  async function query<T>(request: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await request();
      } catch (error) {
        const hopeful = error instanceof DocumentsError && error.kind === 'unknown' && failures <= retry.failures;
        if (!hopeful) throw unavailable(error);
      }
      await pause(failures);
    }
  }

  /** Writes what was decided. False: somebody else was faster. */
  async function write(
    key: RoomKey,
    before: RoomDocument | null,
    next: RoomState | null,
    stamp: string,
  ): Promise<boolean> {
    if (next === null) return before === null || documents.removeIf(before._id, before.stamp);
    const fields = fieldsOf(key, next, [stamp, ...(before?.recentStamps ?? [])].slice(0, RECENT));
    if (before !== null) return documents.updateIf(before._id, before.stamp, fields);
    try {
      await documents.add({ _id: idOf(key), ...fields });
      return true;
    } catch (error) {
      if (error instanceof DocumentsError && error.kind === 'taken') return false;
      throw error;
    }
  }

  /** One transition. Its stamps tell whether a write without an answer was carried out after all. */
  async function transact<R>(key: RoomKey, decide: Decide<R>): Promise<R> {
    /** What each write of this call came to, by its stamp: one that got no answer may be carried out even later. */
    const written = new Map<string, R>();
    /** Of a removal without an answer. */
    let removed: { readonly result: R } | null = null;
    let failures = 0;
    for (let attempt = 0; attempt < retry.attempts; attempt++) {
      if (attempt > 0) await pause(attempt);
      try {
        const document = await documents.get(idOf(key));
        if (document === null && removed !== null) return removed.result;
        for (const [stamp, result] of written) if (document?.recentStamps.includes(stamp)) return result;
        removed = null;
        const state = document === null ? null : stateOf(document);
        const live = state?.live ? 0 : await documents.count({ live: true });
        const { next, result } = decide(state, () => live);
        if (next === state) return result;
        const stamp = randomBytes(12).toString('base64url');
        if (next === null) removed = { result };
        else written.set(stamp, result);
        if (await write(key, document, next, stamp)) return result;
        // That a document is gone says nothing about who removed it; a stamp is ours alone.
        removed = null;
      } catch (error) {
        if (!(error instanceof DocumentsError)) throw error;
        if (error.kind === 'conflict') {
          removed = null;
          continue;
        }
        failures += 1;
        if (error.kind !== 'unknown' || failures > retry.failures) throw error;
      }
    }
    throw new LianmaiError('storeUnavailable', 'Too many callers change this room at the same time. Try again.');
  }

  return {
    async transact(key, decide) {
      try {
        return await transact(key, decide);
      } catch (error) {
        throw unavailable(error);
      }
    },

    async read(key) {
      const document = await query(() => documents.get(idOf(key)));
      return document === null ? null : stateOf(document);
    },

    async list(sdkAppId, { skip, limit, order }): Promise<LiveListing> {
      const where = { sdkAppID: sdkAppId, live: true };
      const [found, total] = await query(() =>
        Promise.all([documents.find({ where, order: ORDERS[order], skip, limit }), documents.count(where)]),
      );
      const rooms = found.flatMap((document) => {
        const { live } = stateOf(document);
        return live === null ? [] : [{ ...keyOf(document), live }];
      });
      return { rooms, total };
    },

    async due(now, limit) {
      const where = { dueAt: command.lte(now) };
      const found = await query(() => documents.find({ where, order: [['dueAt', 'asc']], limit }));
      return found.map(keyOf);
    },

    async scan({ sdkAppId, revokedOnly }, after, limit): Promise<StoredRoom[]> {
      const where = {
        ...(sdkAppId === undefined ? {} : { sdkAppID: sdkAppId }),
        ...(revokedOnly === true ? { revoked: true } : {}),
        ...(after === null ? {} : { walkKey: command.gt(walkKeyOf(after)) }),
      };
      const found = await query(() => documents.find({ where, order: [['walkKey', 'asc']], limit }));
      return found.map((document) => ({ ...keyOf(document), state: stateOf(document) }));
    },
  };
}

function fieldsOf(key: RoomKey, state: RoomState, stamps: readonly string[]): RoomFields {
  const { live, createdAt, members, revoked, dueAt } = storedColumns(state);
  return {
    stamp: stamps[0] ?? '',
    recentStamps: stamps,
    state: JSON.stringify(state),
    sdkAppID: key.sdkAppId,
    walkKey: walkKeyOf(key),
    live,
    revoked,
    createdAt,
    dueAt: dueAt ?? NEVER,
    roomID: key.roomId,
    roomName: state.live?.roomName ?? '',
    creator: state.live?.creator ?? '',
    ownerID: state.live?.ownerId ?? '',
    members: state.live?.seats.map((seat) => seat.userId) ?? [],
    memberCount: members,
    capacity: state.live?.capacity ?? 0,
    createTime: state.live === null ? null : new Date(createdAt),
  };
}

function walkKeyOf(key: RoomKey): string {
  return `${String(key.sdkAppId).padStart(10, '0')}:${key.roomId}`;
}

function keyOf(document: RoomDocument): RoomKey {
  return { sdkAppId: document.sdkAppID, roomId: document.roomID };
}

function stateOf(document: RoomDocument): RoomState {
  return JSON.parse(document.state) as RoomState;
}
