import type { Backend } from './backend.ts';
import { type Failure, pauseBefore, type RoomInfo, toFailure } from './core.ts';

/** `rooms` stay as last read while `failure` says that the latest reading failed. */
export interface RoomPagesState {
  readonly rooms: readonly RoomInfo[] | null;
  readonly total: number;
  readonly failure: Failure | null;
  readonly loadingMore: boolean;
}

export interface RoomPagesOptions {
  readonly pageSize: number;
  /** Pause between quiet readings while somebody looks, and its longest after failures. */
  readonly intervalMs: number;
  readonly maxIntervalMs: number;
}

const DEFAULTS: RoomPagesOptions = { pageSize: 20, intervalMs: 5_000, maxIntervalMs: 30_000 };
/** The functions answer at most so many at once; a list longer than this is refreshed in part. */
const MAX_LIMIT = 100;

/**
 * The room list, page after page, read again quietly while it is shown. Answers that a later question has overtaken are
 * dropped; rooms that stand on two pages because one was made in between are shown once.
 */
export class RoomPages {
  readonly #backend: Backend;
  readonly #options: RoomPagesOptions;
  readonly #onChange: (state: RoomPagesState) => void;
  #state: RoomPagesState = { rooms: null, total: 0, failure: null, loadingMore: false };
  #round = 0;
  #failures = 0;
  #shown = false;
  #cancel: () => void = () => {};

  constructor(backend: Backend, onChange: (state: RoomPagesState) => void, options: Partial<RoomPagesOptions> = {}) {
    this.#backend = backend;
    this.#onChange = onChange;
    this.#options = { ...DEFAULTS, ...options };
  }

  get state(): RoomPagesState {
    return this.#state;
  }

  /** The page is on the screen: read now, and again while it stays. */
  async show(): Promise<void> {
    this.#shown = true;
    await this.refresh();
  }

  /** The page is gone from the screen; what was read stays. */
  hide(): void {
    this.#shown = false;
    this.#round += 1;
    this.#cancel();
    if (this.#state.loadingMore) this.#set({ ...this.#state, loadingMore: false });
  }

  /** Reads everything that is shown once more; resolves when it is there or has failed. */
  async refresh(): Promise<void> {
    this.#cancel();
    const round = ++this.#round;
    const limit = Math.min(Math.max(this.#options.pageSize, this.#state.rooms?.length ?? 0), MAX_LIMIT);
    let failed: unknown = null;
    try {
      const { rooms, total } = await this.#backend.listRooms(limit, 0);
      if (round !== this.#round) return;
      const tail = (this.#state.rooms ?? []).slice(limit);
      this.#failures = 0;
      this.#set({ rooms: merge(rooms, tail), total, failure: null, loadingMore: false });
    } catch (error) {
      if (round !== this.#round) return;
      failed = error;
      this.#failures += 1;
      this.#set({ ...this.#state, failure: toFailure(error), loadingMore: false });
    }
    this.#plan(failed);
  }

  /** The next page, when there is one and none is on its way. */
  async more(): Promise<void> {
    const { rooms, total, loadingMore } = this.#state;
    if (rooms === null || loadingMore || rooms.length >= total) return;
    this.#cancel();
    const round = ++this.#round;
    this.#set({ ...this.#state, loadingMore: true });
    try {
      const page = await this.#backend.listRooms(this.#options.pageSize, rooms.length);
      if (round !== this.#round) return;
      const merged = merge(rooms, page.rooms);
      // A page that brings nothing is the end, whatever the count says.
      const all = page.rooms.length === 0 ? merged.length : page.total;
      this.#set({ rooms: merged, total: all, failure: null, loadingMore: false });
    } catch (error) {
      if (round !== this.#round) return;
      this.#failures += 1;
      this.#set({ ...this.#state, failure: toFailure(error), loadingMore: false });
    }
    this.#plan(null);
  }

  #plan(error: unknown): void {
    if (!this.#shown) return;
    const { intervalMs, maxIntervalMs } = this.#options;
    const policy = { attempts: 0, firstPauseMs: intervalMs, maxPauseMs: maxIntervalMs };
    this.#cancel = this.#backend.clock.after(pauseBefore(policy, this.#failures + 1, error), () => {
      void this.refresh();
    });
  }

  #set(state: RoomPagesState): void {
    this.#state = state;
    this.#onChange(state);
  }
}

function merge(first: readonly RoomInfo[], then: readonly RoomInfo[]): RoomInfo[] {
  const seen = new Set<string>();
  return [...first, ...then].filter((room) => {
    if (seen.has(room.roomID)) return false;
    seen.add(room.roomID);
    return true;
  });
}
