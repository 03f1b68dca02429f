import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Client } from '../src/client.ts';
import { freshRoom, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { Caller } from '../src/product/caller.ts';
import { flvSkew, recordFlv } from '../src/sync/flv-recorder.ts';
import type { Skew } from '../src/sync/skew.ts';
import { WebReceiver } from '../src/sync/web-receiver.ts';

const stage = usePhoneStage({}, { browser: false });

const FPS = 30;
const MEASURED_MS = 20_000;
/** Before it both ways are still taking their bearings: first sender reports, first frames. */
const SETTLE_MS = 4_000;
/** What is promised between picture and sound. */
const TOLERANCE_MS = 40;

let folder = '';
let browser: Browser;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lianmai-sync-'));
  browser = await chromium.connect(inject('chromiumEndpoint'));
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

async function receiver(roomId: string): Promise<WebReceiver> {
  const caller = await Caller.login(stage.product, 'Rita');
  const access = await caller.enter(roomId);
  const rita = new WebReceiver(access.url);
  stage.cleanUp(() => rita.close());
  await rita.join(access.token);
  return rita;
}

function tell(what: string, { median, all }: Skew): void {
  console.log(`${what}: picture behind sound by ${median.toFixed(1)} ms (median of ${all.length}: ${all.join(' ')})`);
  expect(all.length).toBeGreaterThan(10);
}

describe('picture and sound stay together, by media timestamps', () => {
  it('phone → WebRTC: a flash and a beep that a phone pushes at one moment', async () => {
    const ben = await stage.phone('Ben');
    const roomId = freshRoom();
    await ben.enter(roomId);
    ben.push({ ...PUSHED, beacon: true, fps: FPS });
    const rita = await receiver(roomId);
    await rita.watch(ben.userId);
    await rita.receive(MEASURED_MS);
    const skew = await rita.skew(folder, SETTLE_MS);
    tell('phone → WebRTC', skew);
    expect(Math.abs(skew.median)).toBeLessThanOrEqual(TOLERANCE_MS);
  }, 120_000);

  it('WebRTC → phone: a flash and a beep of a page, against what its own sender reports say', async () => {
    const ben = await stage.phone('Ben');
    const roomId = freshRoom();
    await ben.enter(roomId);
    const caller = await Caller.login(stage.product, 'Anna');
    const { url, token } = await caller.enter(roomId);
    const page = await browser.newPage();
    stage.cleanUp(() => page.close());
    await page.goto(inject('pageUrl'));
    const anna = new Client({ evaluate: (code) => page.evaluate(code), close: () => page.close() }, caller.userId);
    await anna.call('connect', { url, token });
    await anna.call('publishBeacon', FPS);
    const rita = await receiver(roomId);
    await rita.watch(caller.userId);
    const stream = await ben.waitForStream(caller.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const file = join(folder, 'played.flv');
    await Promise.all([recordFlv(stream.flvurl, file, MEASURED_MS), rita.receive(MEASURED_MS)]);
    const sent = await rita.skew(folder, SETTLE_MS);
    const played = await flvSkew(file, SETTLE_MS);
    tell('page, by its sender reports', sent);
    tell('WebRTC → phone', played);
    expect(Math.abs(played.median - sent.median)).toBeLessThanOrEqual(TOLERANCE_MS);
  }, 120_000);
});
