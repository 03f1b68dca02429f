import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NodeCalls, NodeOrder, NodeReport } from './messages.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Started here and still alive, so that nothing outlives the run whatever happens. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The native client in a process of its own. When it dies, whatever was asked of it fails with a sentence that says how,
 * and so does everything that is asked later: the test is red, and the run goes on.
 */
export class NodeProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #errors = '';
  #dead: string | null = null;
  #ending = false;

  /** @param onEvent takes what happens in the room, one line each. */
  constructor(name: string, onEvent: (entry: string) => void) {
    this.#name = name;
    this.#child = fork(main, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
    running.add(this.#child);
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-2_000);
    });
    this.#child.on('message', (report: NodeReport) => {
      if (report.kind === 'event') onEvent(report.entry);
      else if (report.kind === 'answer') this.#settle(report.id)?.resolve(report.value);
      else this.#settle(report.id)?.reject(new Error(`${this.#name}: ${report.message}`));
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#child.once('error', (error) => this.#die(`could not run: ${error.message}`, resolve));
    this.#child.once('exit', (code, signal) => this.#die(`died of ${signal ?? `exit code ${code}`}`, resolve));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Asks the client; rejects with its error, or when it dies or does not answer in time. */
  call<K extends keyof NodeCalls>(
    name: K,
    args: Parameters<NodeCalls[K]>,
    timeout = 30_000,
  ): Promise<ReturnType<NodeCalls[K]>> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#dead !== null) {
      reject(new Error(`${this.#dead}; asked for ${name}`));
    } else {
      const id = ++this.#lastId;
      const timer = setTimeout(
        () => this.#settle(id)?.reject(new Error(`${this.#name}: no answer to ${name} within ${timeout} ms`)),
        timeout,
      );
      this.#waiting.set(id, { resolve, reject, timer });
      const order: NodeOrder = { id, name, args };
      // A process that is gone is told of by its exit.
      this.#child.send(order, () => {});
    }
    return promise as Promise<ReturnType<NodeCalls[K]>>;
  }

  /** Leaves the room and ends the process; rejects when it had died by itself. */
  async close(): Promise<void> {
    if (this.#ending) return this.#ended;
    try {
      await this.call('disconnect', [], 20_000);
    } finally {
      this.#ending = true;
      // Without the native layer's own end: that is no part of what is tested.
      this.#child.kill('SIGKILL');
      await this.#ended;
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #die(how: string, ended: () => void): void {
    running.delete(this.#child);
    const expected = this.#ending ? ' (ended by the test)' : '';
    this.#dead ??= `the process of rtc-node for ${this.#name} ${how}${expected}; it wrote: ${this.#errors.trim() || 'nothing'}`;
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(new Error(this.#dead));
    ended();
  }
}
