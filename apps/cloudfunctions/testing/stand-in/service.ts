import { type Answer, type Request, StandInDatabase } from './database.ts';

export interface Trouble {
  /** Share of writes that are refused as conflicts, without effect. */
  readonly conflicts?: number;
  /** Share of requests that never reach the database, and whose caller hears of a time-out. */
  readonly lostRequests?: number;
  /** Share of requests that are carried out, and whose caller hears of a time-out. */
  readonly lostAnswers?: number;
}

export interface ServiceOptions extends Trouble {
  /** Of everything that is left to chance: a failing run can be made again. */
  readonly seed?: number;
  /** Most turns of the event loop that an answer is under way. */
  readonly turns?: number;
  readonly clock?: () => number;
}

interface Waiting {
  readonly run: () => void;
}

const WRITES = new Set(['database.insertDocument', 'database.modifyDocument', 'database.removeDocument']);

/**
 * The database at the other end of a network: every request and every answer is under way for a while, and requests overtake
 * one another, in an order that the seed decides.
 */
export class StandInService {
  readonly database: StandInDatabase;
  readonly #random: () => number;
  readonly #turns: number;
  #trouble: Trouble;
  readonly #waiting: Waiting[] = [];
  #running = false;
  /** How many requests of each action came in. */
  readonly requests = new Map<string, number>();
  /** How many conditional updates and removals found nothing to do. */
  misses = 0;

  constructor(options: ServiceOptions = {}) {
    this.database = new StandInDatabase(options.clock);
    this.#random = seeded(options.seed ?? 1);
    this.#turns = options.turns ?? 3;
    this.#trouble = options;
  }

  /** Changes what goes wrong from now on. */
  set trouble(trouble: Trouble) {
    this.#trouble = trouble;
  }

  async send(action: string, request: Request): Promise<Answer> {
    this.requests.set(action, (this.requests.get(action) ?? 0) + 1);
    const { conflicts = 0, lostRequests = 0, lostAnswers = 0 } = this.#trouble;
    await this.#turn();
    if (this.#random() < lostRequests) return timeout();
    if (WRITES.has(action) && this.#random() < conflicts) return conflict();
    const answer = this.database.execute(action, request);
    if (answer.data?.['updated'] === 0 || answer.data?.['deleted'] === 0) this.misses += 1;
    const lost = this.#random() < lostAnswers;
    for (let turns = Math.floor(this.#random() * (this.#turns + 1)); turns > 0; turns--) await this.#turn();
    return lost ? timeout() : answer;
  }

  /** Waits as long as chance wants. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ run: resolve });
      if (!this.#running) {
        this.#running = true;
        setImmediate(() => this.#pump());
      }
    });
  }

  /** One of those that wait goes on, any of them. */
  #pump(): void {
    const [next] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1);
    next?.run();
    this.#running = this.#waiting.length > 0;
    if (this.#running) setImmediate(() => this.#pump());
  }
}

function timeout(): Answer {
  return { requestId: 'stand-in', code: 'SERVER_TIMEOUT', message: 'request timeout' };
}

function conflict(): Answer {
  return {
    requestId: 'stand-in',
    code: 'DATABASE_TRANSACTION_CONFLICT',
    message: '[ResourceUnavailable.TransactionConflict] Transaction is conflict, maybe resource operated by others.',
  };
}

/** mulberry32, uniform in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
