/** The host of the worker thread, with a worker that dies when it is told to. */
import { describe, expect, it, vi } from 'vitest';
import { startEngine } from './host.ts';
import type { MediaEngine, SignalConnection } from './types.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 15_000 };

const CONFIG = { keys: { key: 'secret' } };
const OPTIONS = { workerUrl: new URL('./testing/fake-worker.ts', import.meta.url) };
const request = (query = '') => ({ path: '/rtc/v1', query, authorization: null, remoteAddress: '' }) as const;

async function open(
  engine: MediaEngine,
): Promise<{ connection: SignalConnection; frames: string[]; closed: number[] }> {
  const admission = await engine.openSignal(request());
  if (admission.kind === 'refused') throw new Error('refused');
  const frames: string[] = [];
  const closed: number[] = [];
  admission.connection.onFrame((frame) => frames.push(Buffer.from(frame).toString()));
  admission.connection.onClose((code) => closed.push(code));
  return { connection: admission.connection, frames, closed };
}

describe('[SG41] the worker thread', () => {
  it('[SG41] carries sessions, answers, errors, refusals and events', async () => {
    const engine = await startEngine(CONFIG, OPTIONS);
    const events: string[] = [];
    engine.onEvent(({ event }) => events.push(event));
    const { connection, frames, closed } = await open(engine);
    connection.receive(Buffer.from('one'));
    await expect.poll(() => frames, SOON).toEqual(['join', 'echo one']);
    connection.receive(Buffer.from('end'));
    await expect.poll(() => closed, SOON).toEqual([1000]);
    const second = await open(engine);
    second.connection.closed();
    await expect.poll(() => events, SOON).toEqual(['closed']);
    expect(await engine.openSignal(request('refuse'))).toMatchObject({ kind: 'refused', answer: { status: 403 } });
    const api = { service: 's', contentType: '', authorization: null, body: Buffer.from('x') };
    expect((await engine.callApi({ ...api, method: 'M' })).status).toBe(200);
    await expect(engine.callApi({ ...api, method: 'Fail' })).rejects.toThrow('broken');
    await engine.stop(1_000);
    await expect(engine.validate(request())).rejects.toThrow();
  });

  it('[SG42] a worker that dies closes its sessions, is started anew on its port, and knows who is kept out', async () => {
    const engine = await startEngine(CONFIG, OPTIONS);
    const reasons: string[] = [];
    engine.onRestart((reason) => reasons.push(reason));
    engine.setRevocation('r', 'kicked', Number.POSITIVE_INFINITY);
    expect(engine.addresses).toMatchObject([{ port: 40_000 }]);
    const { connection, closed } = await open(engine);
    connection.receive(Buffer.from('die'));
    await expect.poll(() => closed, SOON).toEqual([1012]);
    await expect.poll(() => reasons, SOON).toHaveLength(1);
    expect(engine.addresses).toMatchObject([{ port: 40_000 }]);
    expect(await engine.validate(request())).toMatchObject({ body: 'r/kicked' });
    const again = await open(engine);
    await expect.poll(() => again.frames, SOON).toEqual(['join']);
    await engine.stop(1_000);
  });

  it('[SG42] one that dies again and again, each time after its start, is started less and less often', async () => {
    const engine = await startEngine(CONFIG, OPTIONS);
    const reasons: string[] = [];
    engine.onRestart((reason) => reasons.push(reason));
    const timer = vi.spyOn(globalThis, 'setTimeout');
    for (let death = 1; death <= 3; death++) {
      const { connection } = await open(engine);
      connection.receive(Buffer.from('die'));
      await expect.poll(() => reasons, SOON).toHaveLength(death);
    }
    const waits = timer.mock.calls.map(([, wait]) => wait);
    timer.mockRestore();
    expect(waits).toEqual(expect.arrayContaining([0, 200, 400]));
    await engine.stop(1_000);
  });

  it('[SG42] who fails when he is told of a restart harms nobody: the others are told', async () => {
    const engine = await startEngine({ ...CONFIG, logLevel: 'silent' }, OPTIONS);
    const reasons: string[] = [];
    engine.onRestart(() => {
      throw new Error('a listener of the test');
    });
    engine.onRestart((reason) => reasons.push(reason));
    const { connection } = await open(engine);
    connection.receive(Buffer.from('die'));
    await expect.poll(() => reasons, SOON).toHaveLength(1);
    await engine.stop(1_000);
  });

  it('[SG42] an engine that cannot start says why', async () => {
    await expect(startEngine({ ...CONFIG, region: 'cannot start' }, OPTIONS)).rejects.toThrow('port 1 is busy');
    await expect(startEngine({ keys: {} }, OPTIONS)).rejects.toThrow();
  });
});
