import type { Decide, RoomKey, RoomState, RoomStore, StoredRoom } from '@lianmai/rooms';
import { createMemoryRoomStore } from '../memory/room-store.ts';

interface Document {
  readonly key: RoomKey;
  readonly version: number;
  readonly text: string;
}

/**
 * The least that a document database offers: single documents under unique ids, replaced or removed on condition that
 * nobody changed them, each answer one turn later. Counts how often a condition failed.
 */
class Documents {
  readonly #documents = new Map<string, Document>();
  conflicts = 0;

  async get(id: string): Promise<Document | undefined> {
    await turn();
    return this.#documents.get(id);
  }

  /** Puts the document (or removes it: undefined) if the one there has this version; 0: if there is none. */
  async putIf(id: string, version: number, document: Document | undefined): Promise<boolean> {
    await turn();
    if ((this.#documents.get(id)?.version ?? 0) !== version) {
      this.conflicts += 1;
      return false;
    }
    if (document === undefined) this.#documents.delete(id);
    else this.#documents.set(id, document);
    return true;
  }

  async all(): Promise<Document[]> {
    await turn();
    return [...this.#documents.values()];
  }
}

/**
 * The port over such a database, by compare-and-set with another try: shows that nothing in it asks for a transaction over
 * two documents, and that decisions may be made more than once.
 */
export function createDocumentRoomStore(): RoomStore & { conflicts(): number } {
  const documents = new Documents();
  let versions = 0;
  const queries = async (): Promise<RoomStore> => {
    const snapshot = createMemoryRoomStore();
    for (const { key, text } of await documents.all()) {
      await snapshot.transact(key, () => ({ next: JSON.parse(text) as RoomState, result: undefined }));
    }
    return snapshot;
  };
  const read = async (key: RoomKey): Promise<(StoredRoom & { version: number }) | null> => {
    const document = await documents.get(idOf(key));
    return document === undefined
      ? null
      : { ...key, state: JSON.parse(document.text) as RoomState, version: document.version };
  };
  return {
    async transact<R>(key: RoomKey, decide: Decide<R>): Promise<R> {
      for (;;) {
        const stored = await read(key);
        const state = stored?.state ?? null;
        // Counted before deciding, and only where a room may be made: a moment old, as the port allows.
        const live = state?.live
          ? 0
          : (await documents.all()).filter((one) => (JSON.parse(one.text) as RoomState).live !== null).length;
        const { next, result } = decide(state, () => live);
        if (next === state) return result;
        versions += 1;
        const document = next === null ? undefined : { key: { ...key }, version: versions, text: JSON.stringify(next) };
        if (await documents.putIf(idOf(key), stored?.version ?? 0, document)) return result;
      }
    },
    read: async (key) => (await read(key))?.state ?? null,
    list: async (sdkAppId, page) => (await queries()).list(sdkAppId, page),
    due: async (now, limit) => (await queries()).due(now, limit),
    scan: async (filter, after, limit) => (await queries()).scan(filter, after, limit),
    conflicts: () => documents.conflicts,
  };
}

function idOf(key: RoomKey): string {
  return `${key.sdkAppId}:${key.roomId}`;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
