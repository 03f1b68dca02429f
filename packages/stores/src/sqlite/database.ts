import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { LianmaiError } from '@lianmai/protocol';

export type Row = Record<string, SQLOutputValue>;

/** Most works that share one commit: bounds how long the first of them waits for the last. */
const MAX_BATCH = 512;

/** Most writes that may wait; one more is refused, since the disk is not keeping up. */
const MAX_WAITING = 10_000;

interface Work {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One connection. Writes that are asked for in the same turn of the event loop share one transaction and therefore one
 * fsync, which is what a commit costs; each is answered only after that commit. Statements are prepared once.
 */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Work[] = [];
  #scheduled = false;
  #closed = false;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** First row of a query. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...values));
  }

  /** All rows of a query. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guard(() => this.#prepare(sql).all(...values));
  }

  /** Runs a statement; answers how many rows it changed. Inside {@link write} only. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes));
  }

  /**
   * Runs `work` inside a write transaction, alone among all processes on this file, and answers once it is committed. Others' work
   * may share the transaction: so `work` decides before it writes and does not throw after it has written, unless the
   * database itself fails, which undoes and rejects the whole batch.
   */
  write<T>(work: () => T): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new LianmaiError('storeUnavailable'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: work, resolve: (value) => resolve(value as T), reject });
      this.#schedule();
    });
  }

  /** Finishes the waiting writes, then closes. */
  close(): void {
    if (this.#closed) return;
    while (this.#waiting.length > 0) this.#flush();
    this.#closed = true;
    this.#statements.clear();
    this.#connection.close();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #flush(): void {
    const batch = this.#waiting.splice(0, MAX_BATCH);
    if (batch.length === 0) return;
    const values: unknown[] = [];
    try {
      this.#exec('BEGIN IMMEDIATE');
      for (const work of batch) values.push(work.run());
      this.#exec('COMMIT');
    } catch (error) {
      this.#rollback();
      for (const work of batch) work.reject(error);
      return;
    }
    for (const [index, work] of batch.entries()) work.resolve(values[index]);
  }

  #exec(sql: string): void {
    this.#guard(() => this.#prepare(sql).run());
  }

  #rollback(): void {
    try {
      if (!this.#closed && this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
    } catch {
      // The failure that led here is the one to tell; SQLite has undone the transaction by itself.
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(work: () => T): T {
    if (this.#closed) throw new LianmaiError('storeUnavailable', 'The database is closed.');
    try {
      return work();
    } catch (error) {
      throw storeUnavailable(error);
    }
  }
}

/** The database's own error stays as the cause, for the log; the sentence is for callers. */
export function storeUnavailable(cause: unknown, message?: string): LianmaiError {
  return cause instanceof LianmaiError ? cause : new LianmaiError('storeUnavailable', message, { cause });
}
