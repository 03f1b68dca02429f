import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaptureRecord } from '@lianmai/gateway';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeGateway } from '../testing/fake-gateway.ts';
import { type Client, Harness } from '../testing/harness.ts';
import { streamOf } from './capture.ts';
import { EXIT } from './exit.ts';
import { runCommand } from './program.ts';

let gateway: FakeGateway;
let harness: Harness;
let folder: string;
let stream: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lianmai-capture-'));
  gateway = new FakeGateway();
  harness = await Harness.start({ gateway });
  stream = `${harness.sdkAppId}_1_ann_of_x`;
});
afterEach(async () => {
  await harness.stop();
  rmSync(folder, { recursive: true, force: true });
});

const track = { messages: 2, bytes: 20, firstTimestamp: 0, lastTimestamp: 40, longestStepMs: 40, stepsBack: 0 };
const RECORDS: readonly CaptureRecord[] = [
  {
    kind: 'begin',
    app: 'live',
    stream: 's',
    remoteAddress: '192.0.2.1',
    query: { place: 'stream', characters: 70 },
    dropped: 0,
  },
  {
    kind: 'media',
    at: 5,
    media: 'video',
    timestamp: 40,
    what: 'keyframe',
    compositionMs: 0,
    payload: Uint8Array.of(1, 2, 3),
  },
  {
    kind: 'end',
    at: 9,
    reason: 'closed by the client',
    video: track,
    audio: track,
    keyframes: 1,
    groups: { count: 2, shortestMs: 900, longestMs: 1100 },
  },
];

function post(client: Client | null, body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(`${harness.base}/phones/capture`, {
    method: 'POST',
    headers: client === null ? {} : { authorization: client.authorization },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  try {
    return { code: await runCommand(['capture', '--data-dir', harness.dataDir, ...args]), out, err };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}

describe('the door of captures', () => {
  it('[PD20] is for the server key alone, and for streams of this application', async () => {
    const ann = await harness.guest();
    expect((await post(null, { stream })).status).toBe(401);
    expect((await post(ann, { stream })).status).toBe(403);
    for (const body of [{}, { stream: 'x' }, { stream: '1_1_ann' }, { stream, seconds: 61 }, { stream, seconds: 0 }]) {
      expect((await post(harness.serverKey, body)).status, JSON.stringify(body)).toBe(400);
    }
    expect(gateway.captures).toEqual([]);
  });

  it('[PD20] so many at once; who goes stops his', async () => {
    const goers = Array.from({ length: 4 }, () => new AbortController());
    for (const one of goers)
      expect((await post(harness.serverKey, { stream, seconds: 3 }, one.signal)).status).toBe(200);
    expect(gateway.captures.map(({ request }) => request)).toEqual(
      goers.map(() => ({ stream, refused: false, maxMs: 3_000, maxBytes: 30_000_000 })),
    );
    expect((await post(harness.serverKey, { stream })).status).toBe(429);
    goers[0]?.abort();
    await expect.poll(() => gateway.captures[0]?.stopped).toBe(true);
    const next = new AbortController();
    expect((await post(harness.serverKey, { stream }, next.signal)).status).toBe(200);
    for (const one of [...goers, next]) one.abort();
  });
});

describe('lianmai capture', () => {
  it('[PD21] takes a name or a whole push URL', () => {
    expect(streamOf('1_2_ann')).toBe('1_2_ann');
    expect(streamOf('rtmp://h:1935/live/1_2_ann?ticket')).toBe('1_2_ann');
    expect(streamOf('1_2_ann?ticket')).toBe('1_2_ann');
  });

  it('[PD21] [CL9] writes both files and names them', async () => {
    const out = join(folder, 'first');
    const ran = run([`rtmp://h/live/${stream}?secret-ticket`, '--url', harness.base, '--out', out, '--seconds', '5']);
    await expect.poll(() => gateway.captures.length).toBe(1);
    expect(gateway.captures[0]?.request).toMatchObject({ stream, refused: false, maxMs: 5_000 });
    gateway.captures[0]?.listener.onRecord({ kind: 'refused', remoteAddress: '192.0.2.9', reason: '20003: no ticket' });
    for (const record of RECORDS) gateway.captures[0]?.listener.onRecord(record);
    const { code, out: said, err } = await ran;
    expect([code, err]).toEqual([0, '']);
    for (const words of [
      '192.0.2.9 was refused (20003: no ticket)',
      `${out}.jsonl`,
      `${out}.flv`,
      '192.0.2.1',
      '2 complete group(s) of 900–1100 ms',
    ]) {
      expect(said).toContain(words);
    }
    const lines = readFileSync(`${out}.jsonl`, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual(['refused', 'begin', 'media', 'end']);
    const flv = readFileSync(`${out}.flv`);
    expect(flv.subarray(0, 3).toString()).toBe('FLV');
    expect(flv.includes(Buffer.from([1, 2, 3]))).toBe(true);
    expect(harness.logged.join('')).not.toContain('secret-ticket');
  });

  it('[PD21] ends when the connection breaks before the first record', async () => {
    const asked = vi.spyOn(gateway.captures, 'push').mockImplementation((one) => {
      setImmediate(() => one.listener.onLost());
      return 1;
    });
    for (let i = 0; i < 10; i++) {
      const { code } = await run([stream, '--url', harness.base, '--out', join(folder, `lost-${i}`)]);
      expect(code).toBe(EXIT.unavailable);
    }
    expect(asked).toHaveBeenCalledTimes(10);
  });

  it('[PD21] says why there is nothing, or less than all, to write', async () => {
    const url = ['--url', harness.base];
    const out = ['--out', join(folder, 'x')];
    expect(await run([stream, '--seconds', '99', ...url])).toMatchObject({ code: EXIT.usage });
    expect(await run(['nonsense', ...url, ...out])).toMatchObject({
      code: EXIT.unavailable,
      err: expect.stringContaining('Give stream'),
    });
    expect(existsSync(join(folder, 'x.jsonl'))).toBe(false);
    const away = await run([stream, '--url', 'http://127.0.0.1:9', ...out]);
    expect(away).toMatchObject({ code: EXIT.unavailable, err: expect.stringContaining('does not answer') });
    const cut = run([stream, ...url, ...out]);
    await expect.poll(() => gateway.captures.length).toBe(1);
    gateway.captures[0]?.listener.onLost();
    expect(await cut).toMatchObject({ code: EXIT.unavailable, err: expect.stringContaining('may be short') });
    expect(await run([stream, ...url, ...out])).toMatchObject({
      code: EXIT.data,
      err: expect.stringContaining('is there already'),
    });
  });
});
