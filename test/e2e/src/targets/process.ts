import { type ChildProcess, spawn } from 'node:child_process';
import { until } from '../wait.ts';

/** Everything started here, so that nothing outlives the test run whatever happens. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

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
    const keep = (chunk: Buffer) => {
      this.#lines.push(...chunk.toString('utf8').split('\n').filter(Boolean));
      if (this.#lines.length > 400) this.#lines = this.#lines.slice(-200);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
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
  async ended(timeout = 10_000): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    await until('the server to end', () => child.exitCode !== null || child.signalCode !== null, { timeout });
    this.#child = null;
  }

  log(): string {
    return this.#lines.slice(-60).join('\n');
  }

  /** All output lines that are kept. */
  lines(): readonly string[] {
    return this.#lines;
  }
}
