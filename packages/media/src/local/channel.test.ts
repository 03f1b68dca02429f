/** What keeps either end of a local port from costing the other memory. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalChannel, type LocalChannelLimits } from './channel.ts';
import type { ToEngine, ToLink } from './messages.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 10_000, interval: 5 };
const open: { close(): void }[] = [];

afterEach(() => {
  for (const channel of open.splice(0)) channel.close();
});

function pair(limits: LocalChannelLimits) {
  const { port1, port2 } = new MessageChannel();
  const received: number[] = [];
  const messages: string[] = [];
  const closed: string[] = [];
  const sink = {
    onMessage: (message: { readonly type: string }) => messages.push(message.type),
    onRtp: (_stream: number, _type: number, _marker: boolean, sequence: number) => received.push(sequence),
    onReport() {},
    onClosed: (reason: string) => closed.push(reason),
  };
  const near = new LocalChannel<ToEngine, ToLink>(port1, sink, limits);
  const far = () => {
    const channel = new LocalChannel<ToLink, ToEngine>(port2, sink, limits);
    open.push(channel);
    return channel;
  };
  open.push(near, { close: () => port2.close() });
  const send = (sequence: number) => near.room()?.rtp(1, 96, false, sequence, 0, new Uint8Array(984), 0, 984);
  return { near, far, received, messages, closed, send };
}

const frame = (size: number): ToEngine => ({ type: 'frame', session: 1, frame: new Uint8Array(size) });

describe('[LL12] the channel', () => {
  it('[LL12] packets to an end that takes none are dropped beyond the limit, and flow again when it reads', async () => {
    const { near, far, received, send } = pair({ packetBytes: 100_000, messageBytes: 1_000_000 });
    for (let i = 0; i < 1_000; i++) send(i);
    expect(near.dropped).toBe(900);
    far();
    await expect.poll(() => received.length, SOON).toBe(100);
    await expect.poll(() => send(5_000) !== undefined && received.includes(5_000), SOON).toBe(true);
    expect(received.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('[LL12] messages to an end that takes none end the channel beyond the limit', () => {
    const { near, closed } = pair({ packetBytes: 100_000, messageBytes: 10_000 });
    for (let i = 0; i < 4; i++) near.post(frame(2_000));
    expect([near.closed, closed]).toEqual([false, []]);
    near.post(frame(2_000));
    expect([near.closed, closed]).toEqual([true, ['the other end does not read']]);
    near.post(frame(1));
    expect(near.room()).toBeNull();
  });

  it('[LL12] an end that reads is never cut, however much there is in all', async () => {
    const { near, far, messages } = pair({ packetBytes: 100_000, messageBytes: 10_000 });
    far();
    for (let i = 0; i < 50; i++) {
      near.post(frame(2_000));
      await expect.poll(() => messages.length, SOON).toBe(i + 1);
    }
    expect(near.closed).toBe(false);
  });

  it('[LL12] messages keep their place among packets, and the end of one end is told to the other', async () => {
    const { near, far, received, messages, closed, send } = pair({ packetBytes: 100_000, messageBytes: 10_000 });
    far();
    send(1);
    near.post(frame(1));
    await expect.poll(() => messages.length, SOON).toBe(1);
    expect(received).toEqual([1]);
    send(2);
    near.close();
    await expect.poll(() => closed, SOON).toEqual(['the other end is gone']);
    expect(received).toEqual([1, 2]);
  });
});
