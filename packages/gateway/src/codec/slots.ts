/** The processes of the pool: each slot keeps one running and starts it anew, with growing pauses, when it dies. */
import { type Hello, type Order, weights } from './orders.ts';
import { CodecProcess, type ProcessJob, type ProcessOptions } from './process.ts';

/** A process that lived so long was well: the next start is at once. */
const HEALTHY_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

export interface SlotsOptions extends ProcessOptions {
  readonly processes: number;
  readonly onHello: (hello: Hello) => void;
  readonly onTrouble: (sentence: string) => void;
}

interface Slot {
  process: CodecProcess | null;
  failures: number;
  timer: NodeJS.Timeout | null;
}

/** Where a job runs. */
export interface Placement {
  readonly process: CodecProcess;
  readonly id: number;
  /** Forgets it, here and there. */
  leave(): void;
}

export class Slots {
  readonly #options: SlotsOptions;
  readonly #slots: Slot[];
  #nextId = 1;
  #closed = false;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.processes }, () => ({ process: null, failures: 0, timer: null }));
    for (const slot of this.#slots) this.#start(slot);
  }

  pids(): number[] {
    return this.#slots.flatMap(({ process }) => process?.pid ?? []);
  }

  /** Opens a job in the process with the least to do; null when none runs. */
  place(order: Order, job: ProcessJob): Placement | null {
    let best: CodecProcess | null = null;
    for (const { process } of this.#slots) {
      if (process !== null && (best === null || process.load < best.load)) best = process;
    }
    if (best === null) return null;
    const process = best;
    const id = this.#nextId;
    this.#nextId = this.#nextId >= 0xffff_ffff ? 1 : this.#nextId + 1;
    const weight = weights[order.kind];
    process.load += weight;
    let left = false;
    process.open(id, order, job);
    return {
      process,
      id,
      leave: () => {
        if (left) return;
        left = true;
        process.load -= weight;
        process.forget(id);
      },
    };
  }

  /** Nothing is started any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = this.#slots.flatMap((slot) => {
      if (slot.timer !== null) clearTimeout(slot.timer);
      slot.timer = null;
      return slot.process ?? [];
    });
    await Promise.all(running.map((process) => process.close()));
  }

  #start(slot: Slot): void {
    slot.timer = null;
    if (this.#closed) return;
    const process = new CodecProcess(this.#options, {
      onHello: (hello) => this.#options.onHello(hello),
      onDown: (reason) => this.#down(slot, process, reason),
    });
    slot.process = process;
  }

  #down(slot: Slot, process: CodecProcess, reason: string): void {
    slot.process = null;
    const jobs = [...process.jobs.values()];
    process.jobs.clear();
    // Whoever closes the pool knows that its jobs are over.
    if (this.#closed) return;
    slot.failures = performance.now() - process.startedAt >= HEALTHY_MS ? 1 : slot.failures + 1;
    const said = process.said === '' ? '' : `; it said: ${process.said}`;
    this.#options.onTrouble(`a codec process died with ${jobs.length} jobs: ${reason}${said}`);
    // The first new start is at once and comes before the news, so that whoever hears of it can open a job again.
    if (slot.failures === 1) this.#start(slot);
    else slot.timer = setTimeout(() => this.#start(slot), pause(slot.failures)).unref();
    for (const job of jobs) job.onEnd('crashed', reason);
  }
}

function pause(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 2));
}
