import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from '../wait.ts';

/** Everything started here, so that nothing outlives the test run whatever happens. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** More than any test has a server write. */
const MAX_LINES = 50_000;

/** A server as a child process: started, asked to stop, or killed; its output is kept for failures. */
export class ServerProcess {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;
  #lines: string[] = [];

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#command = command;
    this.#args = args;
    this.#env = env;
  }

  /** Starts it and waits until `ready` says so. */
  async start(ready: () => Promise<boolean>): Promise<void> {
    const child = spawn(this.#command, this.#args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    running.add(child);
    for (const output of [child.stdout, child.stderr]) {
      if (output !== null) createInterface({ input: output }).on('line', (line) => this.#keep(line));
    }
    child.once('error', (error) => this.#lines.push(String(error)));
    child.once('exit', () => running.delete(child));
    await until(
      `${this.#command} to be ready`,
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`it ended (${child.exitCode ?? child.signalCode}):\n${this.log()}`);
        }
        return ready().catch(() => false);
      },
      { timeout: 40_000 },
    );
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Resolves when it has gone. */
  async ended(timeout = 30_000): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    await until('the server to end', () => child.exitCode !== null || child.signalCode !== null, { timeout });
    this.#child = null;
  }

  /** The last lines, for a failure. */
  log(): string {
    return this.#lines.slice(-60).join('\n');
  }

  /** Everything it wrote, up to the latest {@link MAX_LINES}. */
  lines(): readonly string[] {
    return this.#lines;
  }

  #keep(line: string): void {
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length > MAX_LINES) this.#lines = this.#lines.slice(-MAX_LINES / 2);
  }
}
