import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Starts a script of ours again and again, quickly: what it compiles is kept in the folder. */
export class Children {
  readonly #script: string;
  readonly #env: { readonly NODE_COMPILE_CACHE: string };

  private constructor(script: string, folder: string) {
    this.#script = script;
    this.#env = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
  }

  /** Lets the script run once without arguments, to its end: one that is killed leaves nothing compiled behind. */
  static async of(script: string, folder: string): Promise<Children> {
    const children = new Children(script, folder);
    const child = children.start([]);
    child.stdout.resume();
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${script} ended with ${code}`);
    return children;
  }

  start(parameters: readonly string[]): Child {
    return spawn(process.execPath, [this.#script, ...parameters], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: this.#env,
    });
  }
}

/** Lets children that called `ready` go on, all at the same moment. */
export async function together(children: readonly Child[]): Promise<void> {
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  for (const child of children) child.stdin.end();
}
