import type { RoomInfo } from '@lianmai/protocol';
import type { Client } from './client.ts';
import { type Failure, toFailure } from './failure.ts';
import { pauseBefore } from './retry.ts';

export interface RoomListOptions {
  readonly client: Client;
  /** Pause between two readings that worked. */
  readonly intervalMs?: number;
  /** Longest pause after failures; each failure doubles it. */
  readonly maxIntervalMs?: number;
  readonly limit?: number;
}

/** `rooms` stay as last read while `failure` says that the latest reading failed. */
export interface RoomListState {
  readonly rooms: readonly RoomInfo[] | null;
  readonly total: number;
  readonly failure: Failure | null;
  /** Unix milliseconds of the latest reading that worked. */
  readonly readAt: number | null;
}

/** The list of rooms, read again and again while somebody looks at it. */
export class RoomList {
  readonly #client: Client;
  readonly #intervalMs: number;
  readonly #maxIntervalMs: number;
  readonly #limit: number;
  readonly #listeners = new Set<() => void>();
  #state: RoomListState = { rooms: null, total: 0, failure: null, readAt: null };
  #running = false;
  #failures = 0;
  #round = 0;
  #cancel: () => void = () => {};

  constructor(options: RoomListOptions) {
    this.#client = options.client;
    this.#intervalMs = options.intervalMs ?? 3_000;
    this.#maxIntervalMs = options.maxIntervalMs ?? 30_000;
    this.#limit = options.limit ?? 50;
  }

  readonly getState = (): RoomListState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Starts reading at once, or goes on after {@link pause}. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#read();
  }

  /** Stops reading (page hidden, or left); what was read stays. */
  pause(): void {
    this.#running = false;
    this.#round += 1;
    this.#cancel();
  }

  /** Reads now, whatever the pause was. */
  refresh(): void {
    this.pause();
    this.#failures = 0;
    this.start();
  }

  #read(): void {
    const round = ++this.#round;
    void this.#client.listRooms(this.#limit).then(
      ({ rooms, total }) => {
        if (round !== this.#round) return;
        this.#failures = 0;
        this.#set({ rooms, total, failure: null, readAt: this.#client.clock.now() });
        this.#plan(this.#intervalMs);
      },
      (error: unknown) => {
        if (round !== this.#round) return;
        this.#failures += 1;
        this.#set({ ...this.#state, failure: toFailure(error) });
        const policy = { attempts: 0, firstPauseMs: this.#intervalMs, maxPauseMs: this.#maxIntervalMs };
        this.#plan(pauseBefore(policy, this.#failures + 1, error));
      },
    );
  }

  #plan(ms: number): void {
    this.#cancel = this.#client.clock.after(ms, () => {
      if (this.#running) this.#read();
    });
  }

  #set(state: RoomListState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
