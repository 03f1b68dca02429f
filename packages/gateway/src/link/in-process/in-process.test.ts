/** What the link in this process adds to the contract of links: threads, restarts and slow readers. */
import { type MediaEngine, startEngine } from '@lianmai/media';
import { AccessToken } from 'livekit-server-sdk';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../room/chat-message.ts';
import type { IncomingRtp, LinkSink, RemoteParticipant } from '../types.ts';
import { createInProcessLink } from './link.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 30_000, interval: 5 };
const KEY = 'devkey';
const SECRET = 'a-secret-that-is-at-least-32-characters-long';

let stop: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of stop.toReversed()) await end();
  stop = [];
});

async function token(identity: string, room = 'hall'): Promise<string> {
  const made = new AccessToken(KEY, SECRET, { identity, ttl: 600 });
  made.addGrant({ roomJoin: true, room });
  return made.toJwt();
}

class Recorder implements LinkSink {
  roster: readonly RemoteParticipant[] | null = null;
  readonly told: string[] = [];
  readonly chat: ChatMessage[] = [];
  onParticipants(participants: readonly RemoteParticipant[]): void {
    this.roster = participants;
  }
  onChat(message: ChatMessage): void {
    this.chat.push(message);
  }
  onQuality(): void {}
  onReconnecting(): void {
    this.told.push('reconnecting');
  }
  onReconnected(): void {
    this.told.push('reconnected');
  }
  onEnd(end: string): void {
    this.told.push(end);
  }
  track(identity: string, source: string): string | undefined {
    return this.roster?.find((one) => one.identity === identity)?.tracks.find((one) => one.source === source)?.sid;
  }
}

async function world(workerUrl?: URL) {
  const engine: MediaEngine = await startEngine(
    { keys: { [KEY]: SECRET }, rtc: { port: 0, listenAddresses: ['127.0.0.1'] }, logLevel: 'silent' },
    workerUrl === undefined ? {} : { workerUrl },
  );
  stop.push(() => engine.stop(1_000));
  const link = createInProcessLink({
    openPort: () => engine.openLocal(),
    clock: () => performance.now(),
    limits: { retryMs: 20, maxRetryMs: 100 },
  });
  stop.push(() => link.close());
  const join = async (identity: string) => {
    const sink = new Recorder();
    const session = await link.join({ token: await token(identity), renewToken: () => token(identity) }, sink);
    return { session, sink };
  };
  return { engine, link, join };
}

const CAMERA = { kind: 'video', source: 'camera', name: 'cam', width: 640, height: 480, muted: false } as const;
const SILENT = { onKeyframeNeeded() {}, onMutedByServer() {} };
/** Begins a keyframe: an H.264 parameter set. */
const keyframe = (text: string) => Buffer.from(`\x67${text}`, 'latin1');

function collect() {
  const packets: IncomingRtp[] = [];
  const reports: number[] = [];
  return {
    packets,
    reports,
    sink: {
      onRtp: (packet: IncomingRtp) => packets.push(packet),
      onSenderReport: (ntpMs: number) => reports.push(ntpMs),
    },
    texts: () => packets.map(({ payload }) => Buffer.from(payload).toString('latin1').slice(1)),
  };
}

describe('[LL20] over the engine in its worker thread', { timeout: 60_000 }, () => {
  it('[LL20] media and chat pass between two participants of one port', async () => {
    const { join } = await world();
    const alice = await join('alice');
    const bob = await join('bob');
    const camera = await alice.session.publish(CAMERA, SILENT);
    await expect.poll(() => bob.sink.track('alice', 'camera'), SOON).toBe(camera.sid);
    const seen = collect();
    const subscription = bob.session.subscribe(camera.sid, seen.sink);
    await expect.poll(() => subscription.mimeType, SOON).toBe('video/h264');
    camera.send(keyframe('one'), 90_000, true);
    camera.send(Buffer.from('Atwo'), 93_000, true);
    camera.report(3_900_000_000_000, 90_000);
    await expect.poll(() => seen.texts(), SOON).toEqual(['one', 'two']);
    await expect.poll(() => seen.reports.length, SOON).toBeGreaterThan(0);
    bob.session.sendChat({ id: 'm1', from: 'bob', text: 'hello', time: 1 });
    await expect.poll(() => alice.sink.chat, SOON).toEqual([{ id: 'm1', from: 'bob', text: 'hello', time: 1 }]);
  });

  it('[LL21] the worker dies: everything is back behind the same objects, and the watcher finds the new track', async () => {
    const { engine, join } = await world(new URL('./testing/mortal-worker.ts', import.meta.url));
    const alice = await join('alice');
    const bob = await join('bob');
    const camera = await alice.session.publish(CAMERA, SILENT);
    const before = camera.sid;
    await expect.poll(() => bob.sink.track('alice', 'camera'), SOON).toBe(before);
    engine.setRevocation('x', 'die', null);
    await expect
      .poll(() => [alice.sink.told, bob.sink.told], SOON)
      .toEqual([
        ['reconnecting', 'reconnected'],
        ['reconnecting', 'reconnected'],
      ]);
    expect(camera.sid).not.toBe(before);
    await expect.poll(() => bob.sink.track('alice', 'camera'), SOON).toBe(camera.sid);
    const seen = collect();
    const subscription = bob.session.subscribe(camera.sid, seen.sink);
    await expect.poll(() => subscription.mimeType, SOON).toBe('video/h264');
    camera.send(keyframe('again'), 180_000, true);
    await expect.poll(() => seen.texts(), SOON).toEqual(['again']);
  });

  it('[LL22] a reader that does not keep up loses packets, and the sender is not held', async () => {
    const { join } = await world();
    const alice = await join('alice');
    const bob = await join('bob');
    const camera = await alice.session.publish(CAMERA, SILENT);
    await expect.poll(() => bob.sink.track('alice', 'camera'), SOON).toBe(camera.sid);
    const seen = collect();
    const subscription = bob.session.subscribe(camera.sid, seen.sink);
    await expect.poll(() => subscription.mimeType, SOON).toBe('video/h264');
    camera.send(keyframe('first'), 0, true);
    await expect.poll(() => seen.texts(), SOON).toEqual(['first']);
    const payload = Buffer.alloc(1_200, 0x41);
    // Sent within one turn of the loop: the engine cannot say that it took anything.
    for (let i = 0; i < 10_000; i++) camera.send(payload, 3_000 * (i + 1), true);
    await expect.poll(() => seen.packets.length, SOON).toBeGreaterThan(100);
    let at = 90_000_000;
    const next = () => {
      // A jump in the numbers is believed when two packets in a row say it (RFC 3550 A.1).
      for (let i = 0; i < 2; i++) {
        at += 3_000;
        camera.send(keyframe('last'), at, true);
      }
      return seen.texts().at(-1);
    };
    await expect.poll(next, SOON).toBe('last');
    expect(seen.packets.length).toBeLessThan(6_000);
  });
});
