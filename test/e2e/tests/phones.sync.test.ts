import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Client } from '../src/client.ts';
import { freshRoom, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { Caller } from '../src/product/caller.ts';
import { flvSkew, recordFlv } from '../src/sync/flv-recorder.ts';
import { addedBetween, type Skew } from '../src/sync/skew.ts';
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

function tell(what: string, median: number, all: readonly number[]): void {
  const list = all.map((value) => value.toFixed(1)).join(' ');
  console.log(`${what}: ${median.toFixed(1)} ms (median of ${all.length}: ${list})`);
  expect(all.length).toBeGreaterThan(8);
}

function tellSkew(what: string, { median, beats }: Skew): void {
  tell(
    `${what}, picture behind sound`,
    median,
    beats.map(({ apart }) => apart),
  );
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
    tellSkew('phone → WebRTC', skew);
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
    tellSkew('page, by its sender reports', sent);
    tellSkew('WebRTC → phone', played);
    // A loaded browser paints late, and tells so: what the way to the phone adds is measured.
    const added = addedBetween(sent, played);
    tell('WebRTC → phone, added on the way', added.median, added.all);
    expect(Math.abs(added.median)).toBeLessThanOrEqual(TOLERANCE_MS);
  }, 120_000);
});
