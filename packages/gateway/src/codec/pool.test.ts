import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { CodecPoolWithCounts } from './pool.ts';
import { encodeAac, tone } from './testing/media.ts';
import { collect, makePool, until } from './testing/pools.ts';
import type { AacOutput, BridgeOutput, OpusOutput } from './types.ts';

const parent = fileURLToPath(new URL('./testing/parent.ts', import.meta.url));

/** Alive, and no zombie that only waits to be collected. */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function silence(pool: CodecPoolWithCounts, sink = collect<AacOutput>()) {
  const job = pool.openOpusToAac({ channels: 1 }, sink);
  let place = 0;
  return {
    sink,
    job,
    write: (count: number) => {
      for (let i = 0; i < count; i++) {
        job?.write({ data: null, place, samples: 960 });
        place += 960;
      }
    },
  };
}

async function works(pool: CodecPoolWithCounts): Promise<void> {
  const job = silence(pool);
  job.write(10);
  await until(() => job.sink.outputs.length > 5 || job.sink.ends.length > 0);
  expect(job.sink.ends).toEqual([]);
  job.job?.close();
}

// Each makes its media and processes first: on a loaded machine that takes its time.
describe('the pool of codec processes', { timeout: 60_000 }, () => {
  it('[CD1] runs as many processes as it is told, and spreads jobs over them', async () => {
    const pool = await makePool({ processes: 2 });
    expect(pool.unavailable).toBeNull();
    expect(new Set(pool.processes()).size).toBe(2);
    const [one, two] = [silence(pool), silence(pool)];
    expect(pool.jobs['opus-to-aac']).toBe(2);
    process.kill(pool.processes()[0]!, 'SIGKILL');
    await until(() => one.sink.ends.length + two.sink.ends.length > 0);
    two.write(10);
    one.write(10);
    await until(() => one.sink.outputs.length + two.sink.outputs.length > 5);
    expect(one.sink.ends.length + two.sink.ends.length).toBe(1);
    await pool.close();
    expect(pool.processes().filter(lives)).toEqual([]);
  });

  it('[CD2] ends the jobs of a process that is killed, and starts another: a new job works at once', async () => {
    const troubles: string[] = [];
    const pool = await makePool({}, { onTrouble: (sentence) => troubles.push(sentence) });
    const job = silence(pool);
    job.write(20);
    await until(() => job.sink.outputs.length > 5);
    const [pid] = pool.processes();
    process.kill(pid!, 'SIGKILL');
    await until(() => job.sink.ends.length > 0);
    const told = job.sink.outputs.length;
    expect(job.sink.ends).toEqual(['crashed']);
    expect(pool.jobs['opus-to-aac']).toBe(0);
    job.write(20);
    await works(pool);
    expect(pool.processes()[0]).not.toBe(pid);
    expect(job.sink.outputs).toHaveLength(told);
    expect(troubles).toHaveLength(1);
    expect(troubles[0]).toContain('SIGKILL');
    await pool.close();
  });

  it('[CD2] pauses before it starts one that keeps dying, and comes back', async () => {
    const pool = await makePool();
    for (let round = 0; round < 3; round++) {
      const [pid] = pool.processes();
      process.kill(pid!, 'SIGKILL');
      await until(() => pool.processes()[0] !== pid);
      if (round > 0) {
        expect(pool.processes()).toEqual([]);
        expect(silence(pool).job).toBeNull();
      }
      await until(() => pool.processes().length === 1);
    }
    await works(pool);
    await pool.close();
  });

  it('[CD3] kills a process that hangs', async () => {
    const pool = await makePool({}, { heartbeatMs: 100, missedBeats: 20 });
    const job = silence(pool);
    job.write(20);
    await until(() => job.sink.outputs.length > 5);
    const [pid] = pool.processes();
    process.kill(pid!, 'SIGSTOP');
    await until(() => job.sink.ends.length > 0);
    expect(job.sink.ends).toEqual(['crashed']);
    expect(lives(pid!)).toBe(false);
    await works(pool);
    await pool.close();
  });

  it('[CD3] a process that hears nothing ends itself, whatever its own thread does', async () => {
    const pool = await makePool({}, { heartbeatMs: 1_000_000, silenceMs: 50 });
    const [pid] = pool.processes();
    await until(() => !lives(pid!));
    await pool.close();
  });

  it('[CD4] says in one sentence that the library is missing, opens nothing and starts nothing again', async () => {
    const lines: string[] = [];
    const pool = await makePool(
      {},
      { library: 'a-library-that-is-not-there', log: { warn: (line) => lines.push(line) } },
    );
    expect(pool.unavailable).toMatch(
      /^The codec library node-av does not load on this machine \(.*\): install it .*\.$/,
    );
    expect(pool.unavailable).not.toContain('\n');
    expect(lines).toEqual([pool.unavailable]);
    expect(pool.openAacToOpus(Buffer.of(0x11, 0x88), collect<OpusOutput>())).toBeNull();
    expect(pool.openOpusToAac({ channels: 1 }, collect<AacOutput>())).toBeNull();
    expect(pool.openBridge({ encodeFromMs: 0, bitsPerSecond: 1 }, collect<BridgeOutput>())).toBeNull();
    expect(pool.openVideoToH264('vp8', collect<BridgeOutput>())).toBeNull();
    await until(() => pool.processes().length === 0);
    await pool.close();
  });

  it('[CD5] leaves no process behind when its own is killed', async () => {
    const gateway = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const word = await new Promise<string>((resolve) => gateway.stdout.once('data', (data) => resolve(String(data))));
    const { pids, unavailable } = JSON.parse(word) as { pids: number[]; unavailable: string | null };
    expect(unavailable).toBeNull();
    expect(pids.filter(lives)).toHaveLength(2);
    gateway.kill('SIGKILL');
    await until(() => pids.filter(lives).length === 0);
  });

  it('[CD5] works in a worker thread, and ends with it', async () => {
    const worker = new Worker(parent);
    const word = await new Promise<string>((resolve) => worker.once('message', resolve));
    const { pids, unavailable } = JSON.parse(word) as { pids: number[]; unavailable: string | null };
    expect(unavailable).toBeNull();
    expect(pids.filter(lives)).toHaveLength(2);
    await worker.terminate();
    await until(() => pids.filter(lives).length === 0);
  });

  it('[CD6] gives its processes no environment', async () => {
    process.env['A_SECRET_OF_THE_GATEWAY'] = 'x';
    const pool = await makePool();
    expect(readFileSync(`/proc/${pool.processes()[0]}/environ`, 'latin1')).toBe('');
    await pool.close();
    delete process.env['A_SECRET_OF_THE_GATEWAY'];
  });

  it('[CD7] drops the oldest input of a job that falls behind, and counts it', async () => {
    const pool = await makePool({ maxQueuedFrames: 10 });
    const job = silence(pool);
    job.write(1_000);
    expect(pool.dropped).toBe(1_000 - 16 - 10);
    // The newest are still there: the job comes to their place, over what is missing.
    await until(() => (job.sink.outputs.at(-1)?.place ?? 0) >= 997 * 960 - 2 * 1_024);
    expect(job.sink.ends).toEqual([]);
    await pool.close();
  });

  it('[CD8] opens so many audio jobs as the budget has, and one more when one is closed', async () => {
    const pool = await makePool({ maxAudioJobs: 2 });
    const { asc } = encodeAac(tone(440, 0.5, 48_000, 0.2), 48_000, 1);
    const one = pool.openAacToOpus(asc, collect<OpusOutput>());
    const two = silence(pool).job;
    expect(one).not.toBeNull();
    expect(two).not.toBeNull();
    expect(silence(pool).job).toBeNull();
    one?.close();
    one?.close();
    expect(pool.jobs['aac-to-opus']).toBe(0);
    expect(silence(pool).job).not.toBeNull();
    await pool.close();
  });

  it('[CD9] tells nothing after a job was closed', async () => {
    const pool = await makePool();
    const job = silence(pool);
    job.write(50);
    await until(() => job.sink.outputs.length > 0);
    job.job?.close();
    const told = job.sink.outputs.length;
    const [pid] = pool.processes();
    process.kill(pid!, 'SIGKILL');
    await until(() => pool.processes()[0] !== pid);
    await works(pool);
    expect(job.sink.outputs).toHaveLength(told);
    expect(job.sink.ends).toEqual([]);
    await pool.close();
  });
});
