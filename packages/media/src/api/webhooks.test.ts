import { WebhookReceiver } from 'livekit-server-sdk';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { KEY, SECRET, World } from '../room/testing/world.ts';
import { TokenAuthority } from '../signal/token.ts';
import { type Post, WebhookSender } from './webhooks.ts';

const OPTIONS = { urls: ['http://hook.test/a'], attempts: 3, retryMs: 1, timeoutMs: 1_000, queue: 3 };
const tokens = new TokenAuthority({ [KEY]: SECRET });
const log = pino({ level: 'silent' });

describe('[SG37] webhooks', () => {
  it('[SG37] are signed so that LiveKit’s own receiver accepts them, and only unchanged', async () => {
    const world = new World();
    await world.join('alice');
    const event = world.events.find(({ event }) => event === 'participant_joined');
    if (!event) throw new Error('no event');
    const posts: { body: string; authorization: string }[] = [];
    const post: Post = (_url, init) => {
      posts.push({ body: String(init.body), authorization: new Headers(init.headers).get('authorization') ?? '' });
      return Promise.resolve({ ok: true, status: 200 });
    };
    const sender = new WebhookSender(OPTIONS, tokens, log, post);
    sender.send(event.json);
    await sender.drained();
    const receiver = new WebhookReceiver(KEY, SECRET);
    const [sent] = posts;
    const read = await receiver.receive(sent?.body ?? '', sent?.authorization);
    expect(read).toMatchObject({
      event: 'participant_joined',
      room: { name: 'hall' },
      participant: { identity: 'alice' },
    });
    expect(read.id).toMatch(/^EV_/);
    await expect(receiver.receive(`${sent?.body} `, sent?.authorization)).rejects.toThrow();
  });

  it('[SG38] are retried in order, given up after the attempts, not retried when refused', async () => {
    const seen: string[] = [];
    const answers = [503, 200, 400, 500, 500, 500, 200];
    const post: Post = (_url, init) => {
      seen.push(String(init.body));
      const status = answers.shift() ?? 200;
      return status === 500 ? Promise.reject(new Error('down')) : Promise.resolve({ ok: status === 200, status });
    };
    const sender = new WebhookSender({ ...OPTIONS, queue: 10 }, tokens, log, post);
    for (const json of ['1', '2', '3', '4']) sender.send(json);
    await sender.drained();
    expect(seen).toEqual(['1', '1', '2', '3', '3', '3', '4']);
  });

  it('[SG38] an event that comes at the very moment the queue has emptied is delivered; bodies are not kept', async () => {
    let cancelled = 0;
    const body = { cancel: () => Promise.resolve(void cancelled++) };
    // However many turns of the microtask queue lie between.
    for (let turns = 0; turns < 30; turns++) {
      const seen: string[] = [];
      let pushed = () => {};
      const done = new Promise<void>((resolve) => {
        pushed = resolve;
      });
      const later = async () => {
        for (let turn = 0; turn < turns; turn++) await null;
        sender.send('2');
        pushed();
      };
      const post: Post = (_url, init) => {
        seen.push(String(init.body));
        if (seen.length === 1) void later();
        return Promise.resolve({ ok: true, status: 200, body });
      };
      const sender = new WebhookSender(OPTIONS, tokens, log, post);
      sender.send('1');
      await done;
      await sender.drained();
      expect(seen).toEqual(['1', '2']);
    }
    expect(cancelled).toBe(60);
  });

  it('[SG38] wait in a bounded queue: the oldest is dropped; stopping ends at once', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const seen: string[] = [];
    const post: Post = async (_url, init) => {
      seen.push(String(init.body));
      await gate;
      return { ok: true, status: 200 };
    };
    const sender = new WebhookSender(OPTIONS, tokens, log, post);
    for (let n = 1; n <= 6; n++) sender.send(String(n));
    expect(sender.dropped).toBe(2);
    release();
    await sender.drained();
    expect(seen).toEqual(['1', '4', '5', '6']);
    sender.stop();
    sender.send('7');
    await sender.drained();
    expect(seen).toHaveLength(4);
  });
});
