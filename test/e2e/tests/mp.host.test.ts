import { fileURLToPath } from 'node:url';
import { type Bundle, build } from '@lianmai/mp-host/build';
import { type ChromiumOptions, type ChromiumPhone, openInChromium, PHONE } from '@lianmai/mp-host/chromium';
import { type Media, startMedia } from '@lianmai/mp-host/media';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Served, serve } from '../../../packages/gateway/src/rtmp/testing/serve.ts';
import { waitFor } from '../src/wait.ts';

let browser: Browser;
let context: BrowserContext | null = null;
let bundle: Bundle;
let media: Media;
let phone: ChromiumPhone;
let opened: ChromiumPhone | null = null;

beforeAll(async () => {
  browser = await chromium.connect(inject('chromiumEndpoint'));
  bundle = await build({ root: fileURLToPath(new URL('../../mp-host/sample', import.meta.url)) });
  media = await startMedia();
});

afterAll(async () => {
  await media?.close();
  await browser?.close();
});

afterEach(async () => {
  const [closing, around] = [opened, context];
  opened = context = null;
  try {
    await closing?.close();
  } finally {
    await around?.close();
  }
});

async function open(options: ChromiumOptions = {}): Promise<void> {
  context = await browser.newContext(PHONE);
  opened = phone = await openInChromium(await context.newPage(), bundle, options);
}

describe('a mini program in Chromium', () => {
  it('[MH70] is laid out in rpx, with the styles of the page on top only', async () => {
    await open();
    const box = await phone.get('box').boundingBox();
    expect(box).toMatchObject({ width: 187.5, height: 50 });
    expect(await phone.get('title').evaluate((element) => getComputedStyle(element).fontSize)).toBe('24px');
    expect(
      await phone.get('slot-title').evaluate((element) => getComputedStyle(element.parentElement ?? element).fontSize),
    ).toBe('10px');
    const picture = await phone.screenshot();
    // Width and height stand at 16 and 20 in a PNG.
    expect([Buffer.from(picture).readUInt32BE(16), Buffer.from(picture).readUInt32BE(20)]).toEqual([750, 1_624]);
  });

  it('[MH71] takes taps, typing, navigation and modals as a user makes them', async () => {
    await open();
    await phone.tap('person-b');
    expect(await phone.text('chosen')).toBe('chosen b');
    await phone.input('name', 'Cleo');
    await phone.tap('add');
    expect(await phone.text('person-p2')).toBe('Cleo');
    await phone.tap('go');
    expect(await phone.text('mp-title')).toBe('Room 7');
    await phone.tap('ask');
    await phone.tap('mp-modal-confirm');
    await waitFor(
      'the answer',
      () => phone.text('answer'),
      (text) => text === 'yes',
    );
    await phone.tap('mp-back');
    expect(await phone.routes()).toEqual(['pages/home/home']);
  });
});

describe('live-pusher and live-player with real media', () => {
  const codes = () => phone.run<string[]>('[...mp.page.data.codes]');
  const sees = (code: string, timeout = 40_000) =>
    waitFor(`the code ${code}`, codes, (list) => list.includes(code), { timeout });

  async function push(server: Served): Promise<void> {
    await open({ url: 'pages/live/live?room=1', media });
    await phone.run(`mp.page.setData({ pushUrl: ${JSON.stringify(server.url('cam'))}, autopush: true })`);
    await sees('push 1002');
  }

  const arrived = (server: Served) => server.hub.streams.flatMap((stream) => stream.media);
  const sent = (server: Served, kind: 'audio' | 'video') => arrived(server).filter((one) => one.kind === kind);

  /** How many pictures came with the latest 60 pieces of sound (1.4 seconds); null until there are as many after `from`. */
  function pictures(server: Served, from: number): number | null {
    const since = arrived(server).slice(from);
    const start = since.flatMap(({ kind }, at) => (kind === 'audio' ? [at] : [])).at(-60);
    return start === undefined ? null : since.slice(start).filter(({ kind }) => kind === 'video').length;
  }

  it('[MH80] push the camera and microphone of their page, and play', async () => {
    const server = await serve();
    try {
      await push(server);
      const before = await codes();
      expect(before.filter((code) => /100[1238]$/.test(code))).toEqual([
        'push 1003',
        'push 1008',
        'push 1001',
        'push 1002',
      ]);
      expect(before).toContain('push 1007');
      await waitFor(
        'sound and pictures',
        () => [sent(server, 'audio').length, sent(server, 'video').length],
        ([a = 0, v = 0]) => a > 20 && v > 10,
      );
      await phone.run(`mp.page.setData({ playUrl: ${JSON.stringify(server.url('cam'))}, mode: 'RTC' })`);
      await sees('play 2004');
      const video = phone.get('player').locator('video');
      const played = await waitFor(
        'a second of pictures',
        () => video.evaluate(look),
        ({ time }) => time > 1,
      );
      // Chromium's fake camera is green, but for its mark and clock.
      expect(played).toMatchObject({ width: 360, height: 640 });
      expect(played.green).toBeGreaterThan(0.5);
    } finally {
      await server.server.close('shutdown');
    }
  });

  it('[MH81] obey enable-camera and muted while they push', async () => {
    const server = await serve();
    // All of it: what comes is counted to the end.
    server.hub.keep = Number.POSITIVE_INFINITY;
    try {
      await push(server);
      await waitFor(
        'pictures',
        () => sent(server, 'video').length,
        (count) => count > 10,
      );
      const loudest = () =>
        Math.max(
          ...sent(server, 'audio')
            .slice(-40)
            .map((one) => one.payload.length),
        );
      await waitFor('the beep', loudest, (size) => size > 100);
      await phone.tap('mute');
      const heard = sent(server, 'audio').length;
      await waitFor(
        'silence',
        () => [sent(server, 'audio').length - heard, loudest()],
        ([count = 0, size = 0]) => count > 80 && size < 30,
      );
      await phone.tap('camera');
      const from = arrived(server).length;
      // What was under way when the camera closed still arrives, on a busy machine for a while.
      await waitFor(
        'sound without pictures',
        () => pictures(server, from),
        (count) => count === 0,
      );
      const video = sent(server, 'video').length;
      await phone.tap('camera');
      await waitFor(
        'pictures again',
        () => sent(server, 'video').length,
        (count) => count > video + 25,
      );
    } finally {
      await server.server.close('shutdown');
    }
  });

  it('[MH82] say what becomes of the connection: closed, tried again, given up', async () => {
    const server = await serve();
    try {
      await push(server);
      server.hub.refusal = { code: 'NetStream.Publish.BadName', description: 'no' };
      server.hub.streams[0]?.publishing?.end('NetStream.Publish.BadName', 'kicked');
      const list = await sees('push -1307', 60_000);
      const after = list.slice(list.indexOf('push 1002') + 1).filter((code) => code.startsWith('push'));
      expect(after.filter((code) => code === 'push 1102')).toHaveLength(3);
      expect(after).toContain('push 3004');
      expect(after.at(-1)).toBe('push -1307');
    } finally {
      await server.server.close('shutdown');
    }
  });

  it('[MH83] a player whose server is not there gives up after its retries', async () => {
    await open({ url: 'pages/live/live?room=1', media });
    await phone.run(`mp.page.setData({ playUrl: 'http://127.0.0.1:9/none.flv' })`);
    const list = await sees('play -2301');
    expect(list.filter((code) => code === 'play 2103')).toHaveLength(3);
    expect(list).toContain('play 3002');
  });
});

/** Where a video is, and how much of it is green. */
function look(element: Element): { time: number; width: number; height: number; green: number } {
  const video = element as HTMLVideoElement;
  const canvas = document.createElement('canvas');
  canvas.width = 36;
  canvas.height = 64;
  const pen = canvas.getContext('2d');
  pen?.drawImage(video, 0, 0, 36, 64);
  const pixels = pen?.getImageData(0, 0, 36, 64).data ?? new Uint8ClampedArray();
  let green = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const [r = 0, g = 0, b = 0] = pixels.subarray(at, at + 3);
    if (g > r + 30 && g > b + 30) green += 4 / pixels.length;
  }
  return { time: video.currentTime, width: video.videoWidth, height: video.videoHeight, green };
}
