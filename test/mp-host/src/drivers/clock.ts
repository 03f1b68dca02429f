interface Timer {
  readonly id: number;
  readonly run: () => void;
  readonly every: number | null;
  at: number;
}

/** Time that stands still until a test moves it: the timers and the date of one window. */
export class ManualClock {
  #now: number;
  #next = 1;
  readonly #timers = new Map<number, Timer>();

  /** @param start milliseconds since the epoch */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Takes over a window's timers and date. */
  install(window: object): void {
    const set =
      (every: boolean) =>
      (run: (...values: unknown[]) => void, delay = 0, ...values: unknown[]) => {
        const id = this.#next++;
        const period = Math.max(Number(delay) || 0, every ? 1 : 0);
        this.#timers.set(id, { id, run: () => run(...values), every: every ? period : null, at: this.#now + period });
        return id;
      };
    const clear = (id: number) => {
      this.#timers.delete(id);
    };
    const target = window as { Date: { now: () => number } };
    Object.assign(window, {
      setTimeout: set(false),
      setInterval: set(true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    target.Date.now = () => this.#now;
  }

  /** Moves time on and runs what is due, in order; lets promises settle between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const due = [...this.#timers.values()]
        .filter((timer) => timer.at <= end)
        .sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.at);
      if (due.every === null) this.#timers.delete(due.id);
      else due.at += due.every;
      due.run();
    }
    this.#now = end;
    await settled();
  }
}

/** After every promise that is settled now, and those that they settle. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
