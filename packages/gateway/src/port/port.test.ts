import { PHONE_CODES } from '@lianmai/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayHost } from '../host.ts';
import type { ViewEnd, ViewerSocket } from '../stream/types.ts';
import type { Gateway, PhoneSignalConnection } from '../types.ts';
import { startGateway } from './host.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 30_000 };

const bases = { rtmp: 'rtmp://h', http: 'http://h' };
const host: GatewayHost = {
  admit: async () => ({ kind: 'refused', code: 'internal' }),
  mediaToken: async ({ roomId }) => {
    if (roomId === 'bad') throw new Error('no such room');
    if (roomId === 'slow') return new Promise((resolve) => slow.push(resolve));
    if (roomId === 'start' && holding) return new Promise((resolve) => slow.push(resolve));
    if (roomId === 'start' && failures > 0) {
      failures--;
      throw new Error('not this time');
    }
    return `token of ${roomId}`;
  },
  act: async () => 'ok',
};

/** Questions that the test answers when it likes, a start of the worker among them, and starts that fail from now on. */
let slow: ((token: string) => void)[];
let holding: boolean;
let failures: number;
let gateway: Gateway;
beforeEach(async () => {
  slow = [];
  holding = false;
  failures = 0;
  gateway = await startGateway(
    {
      sdkAppId: 1,
      ticketKey: '0123456789012345678901234567890123456789',
      rtmp: { port: 0 },
      media: { kind: 'in-process' },
    },
    { host, workerUrl: new URL('./testing/worker.ts', import.meta.url) },
  );
});
afterEach(() => gateway.stop(1_000));

interface Signal {
  readonly frames: string[];
  readonly connection: PhoneSignalConnection;
  closed: { code: number; reason: string } | null;
}

async function signal(ticket: string): Promise<Signal> {
  const admission = await gateway.openSignal({ ticket, bases, remoteAddress: '' });
  if (admission.kind === 'refused') throw new Error(admission.message);
  const one: Signal = { frames: [], connection: admission.connection, closed: null };
  admission.connection.onFrame((frame) => one.frames.push(frame));
  admission.connection.onClose((code, reason) => {
    one.closed = { code, reason };
  });
  return one;
}

interface FlvViewer {
  readonly chunks: Uint8Array[];
  readonly ends: ViewEnd[];
  leave(): void;
}

async function watch(): Promise<FlvViewer> {
  const admission = await gateway.openFlv({ stream: 's', ticket: 't', remoteAddress: '' });
  if (admission.kind === 'refused') throw new Error(admission.message);
  const chunks: Uint8Array[] = [];
  const ends: ViewEnd[] = [];
  const socket: ViewerSocket = {
    write: (chunk) => void chunks.push(chunk),
    backlogBytes: () => 0,
    end: (reason) => void ends.push(reason),
  };
  const viewer = admission.attach(socket);
  return { chunks, ends, leave: () => viewer.leave() };
}

describe('the gateway behind its port', { timeout: 60_000 }, () => {
  it('[GP1] frames of a signalling connection pass both ways in order, the first ones too', async () => {
    const one = await signal('anna');
    one.connection.receive('1');
    one.connection.receive('2');
    await expect.poll(() => one.frames, SOON).toEqual(['hello anna', 'echo 1', 'echo 2']);
    one.connection.receive('close');
    await expect.poll(() => one.closed, SOON).toEqual({ code: 4005, reason: 'kicked' });
  });

  it('[GP2] a refusal and a failure behind a door answer only those who stand there', async () => {
    const refusal = await gateway.openSignal({ ticket: 'no', bases, remoteAddress: '' });
    expect(refusal).toMatchObject({ kind: 'refused', code: PHONE_CODES.kicked.code });
    await expect(gateway.openSignal({ ticket: 'throw', bases, remoteAddress: '' })).rejects.toThrow('broken');
    expect(await gateway.openFlv({ stream: 's', ticket: 'no', remoteAddress: '' })).toMatchObject({ status: 403 });
    await signal('anna');
  });

  it('[GP3] questions to the server are answered, a failing one as a failure', async () => {
    const one = await signal('anna');
    one.connection.receive('token 77');
    one.connection.receive('token bad');
    await expect.poll(() => one.frames, SOON).toContain('token of 77');
    await expect.poll(() => one.frames, SOON).toContain('Error: no such room');
  });

  it('[GP4] notices and closed connections reach the worker', async () => {
    const [one, other] = [await signal('anna'), await signal('ben')];
    gateway.notify({ kind: 'kicked', roomId: '7', userId: 'u' });
    other.connection.closed();
    one.connection.receive('notices');
    await expect.poll(() => one.frames.at(-1), SOON).toContain('"kicked"');
    await expect.poll(() => one.frames.at(-1), SOON).toContain('closed ben');
  });

  it('[GP5] viewers of one stream share a feed; each begins with the header and a keyframe of his own', async () => {
    const control = await signal('control');
    const first = await watch();
    await expect.poll(() => first.chunks.length, SOON).toBeGreaterThan(0);
    expect(Buffer.from(first.chunks[0] ?? []).toString('latin1', 0, 3)).toBe('FLV');
    const second = await watch();
    await expect.poll(() => second.chunks.length, SOON).toBeGreaterThan(0);
    expect(Buffer.from(second.chunks[0] ?? []).toString('latin1', 0, 3)).toBe('FLV');
    const before = [first.chunks.length, second.chunks.length];
    control.connection.receive('picture');
    await expect.poll(() => first.chunks.length, SOON).toBeGreaterThan(before[0] ?? 0);
    await expect.poll(() => second.chunks.length, SOON).toBeGreaterThan(before[1] ?? 0);
    expect((await gateway.stats()).viewers).toBe(2);
  });

  it('[GP6] a viewer who leaves is counted no more, and the last one ends the feed', async () => {
    const [first, second] = [await watch(), await watch()];
    first.leave();
    await expect.poll(async () => (await gateway.stats()).viewers, SOON).toBe(1);
    second.leave();
    await expect.poll(async () => (await gateway.stats()).viewers, SOON).toBe(0);
    expect(first.ends).toEqual([]);
    // A later viewer gets a fresh one.
    const third = await watch();
    await expect.poll(() => third.chunks.length, SOON).toBeGreaterThan(0);
  });

  it('[GP7] a viewer who is removed is ended with the reason, once', async () => {
    const control = await signal('control');
    const [first, second] = [await watch(), await watch()];
    await expect.poll(async () => (await gateway.stats()).viewers, SOON).toBe(2);
    control.connection.receive('end views');
    await expect.poll(() => [...first.ends, ...second.ends], SOON).toEqual(['revoked', 'revoked']);
    expect((await gateway.stats()).viewers).toBe(0);
  });

  it('[GP8] a worker that dies: phones and viewers are told, and it is started anew', async () => {
    const restarted = new Promise<string>((resolve) => gateway.onRestart(resolve));
    const one = await signal('anna');
    const view = await watch();
    one.connection.receive('die');
    await expect.poll(() => one.closed, SOON).toEqual({ code: 1012, reason: 'server-restart' });
    await expect.poll(() => view.ends, SOON).toEqual(['shutdown']);
    await restarted;
    const again = await signal('anna');
    await expect.poll(() => again.frames, SOON).toEqual(['hello anna']);
  });

  it('[GP10] an answer to a worker that has died is not taken by the next one for its own', async () => {
    const restarted = new Promise<string>((resolve) => gateway.onRestart(resolve));
    const one = await signal('anna');
    one.connection.receive('token slow');
    await expect.poll(() => slow.length, SOON).toBe(1);
    one.connection.receive('die');
    await restarted;
    const again = await signal('anna');
    again.connection.receive('token slow');
    await expect.poll(() => slow.length, SOON).toBe(2);
    slow[0]?.('of the dead');
    slow[1]?.('of the living');
    await expect.poll(() => again.frames, SOON).toEqual(['hello anna', 'of the living']);
  });

  it('[GP11] a worker that fails at its second start is started once more', async () => {
    const restarted = new Promise<string>((resolve) => gateway.onRestart(resolve));
    const one = await signal('anna');
    failures = 1;
    one.connection.receive('die');
    await restarted;
    expect(failures).toBe(0);
    const again = await signal('anna');
    await expect.poll(() => again.frames, SOON).toEqual(['hello anna']);
  });

  it('[GP13] while a worker starts anew, a capture is lost and says so, and a stop waits for nothing', async () => {
    const one = await signal('anna');
    holding = true;
    one.connection.receive('die');
    await expect.poll(() => slow.length, SOON).toBe(1);
    await new Promise<void>((onLost) => {
      gateway.startCapture({ stream: 's', refused: false, maxMs: 1, maxBytes: 1 }, { onRecord: () => {}, onLost });
    });
    await gateway.stop(3_600_000);
  });

  it('[GP9] a worker that cannot start at all rejects the start with the reason', async () => {
    const broken = startGateway(
      { sdkAppId: 1, ticketKey: 'x'.repeat(40), rtmp: { port: 0 }, media: { kind: 'in-process' } },
      { host, workerUrl: new URL('./testing/absent.ts', import.meta.url) },
    );
    await expect(broken).rejects.toThrow(/absent/);
  });
});
