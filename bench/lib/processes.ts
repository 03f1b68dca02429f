import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freeTcpPort, freeUdpPort } from '../../packages/gateway/src/testing/ports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A started program with an address, ended by {@link stop}. */
export interface Started {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `lianmai serve` on a fresh data folder and waits until it answers. */
export async function startLianmai(env: Record<string, string> = {}): Promise<Started & { readonly dataDir: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'lianmai-bench-'));
  const port = await freeTcpPort();
  const child = spawn(process.execPath, [join(root, 'packages/server/src/main.ts'), 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      LIANMAI_PORT: String(port),
      LIANMAI_HOST: '127.0.0.1',
      LIANMAI_RTC_PORT: String(await freeUdpPort()),
      LIANMAI_DATA_DIR: dataDir,
      ...env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/healthz`, child);
  return {
    url,
    dataDir,
    stop: async () => {
      await end(child);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts the bare fastify route. */
export async function startBare(): Promise<Started> {
  const child = spawn(process.execPath, [join(root, 'bench/lib/bare.ts')], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    child.once('exit', () => reject(new Error('the bare server ended')));
  });
  const { port } = JSON.parse(line) as { port: number };
  return { url: `http://127.0.0.1:${port}`, stop: () => end(child) };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
