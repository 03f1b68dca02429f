import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { haveFirefox, launchFirefox } from '../src/browsers/firefox.ts';
import { Client } from '../src/client.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { NodeParticipant } from '../src/rtc-node.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';

const stage = useStage();
let firefox: Browser | null = null;

beforeAll(async () => {
  if (!haveFirefox()) throw new Error('no Firefox here: apt-get install firefox-esr, or set FIREFOX_BIN');
  firefox = await launchFirefox(TONES.b);
});
afterAll(async () => {
  await firefox?.close();
});

async function firefoxPage(identity: string): Promise<Client> {
  if (firefox === null) throw new Error('Firefox is not up');
  const page = await firefox.newPage();
  await page.goto(inject('pageUrl'));
  stage.cleanUp(() => page.close());
  return new Client({ evaluate: (expression) => page.evaluate(expression), close: () => page.close() }, identity);
}

describe('Chromium, Firefox and rtc-node in one room', () => {
  it.each([
    ['one connection', true],
    ['two connections', false],
  ])(
    'everybody sees and hears everybody, %s',
    async (_form, singlePeerConnection) => {
      const room = newRoom();
      const options = { singlePeerConnection };
      const anna = await stage.join({ room, identity: 'anna', options });
      const fox = await firefoxPage('fox');
      await fox.join(stage.target, { room, identity: 'fox', options });
      const node = new NodeParticipant('node');
      stage.cleanUp(() => node.close());
      await node.join(stage.target, { room, identity: 'node', singlePeerConnection });
      // VP8 for all: this Firefox has no H.264.
      await anna.call('publishVideo', { color: COLORS.red });
      await anna.call('publishAudio', { tone: TONES.a });
      await fox.call('publishVideo', { color: COLORS.green });
      await fox.call('publishAudio', { tone: 'device' });
      await node.publishVideo(COLORS.blue);
      await node.publishAudio(TONES.c);
      await anna.expectPicture('fox', COLORS.green);
      await anna.expectPicture('node', COLORS.blue);
      await fox.expectPicture('anna', COLORS.red);
      await fox.expectPicture('node', COLORS.blue);
      await node.expectPicture('anna', COLORS.red);
      await node.expectPicture('fox', COLORS.green);
      await anna.expectTone('fox', TONES.b);
      await anna.expectTone('node', TONES.c);
      await fox.expectTone('anna', TONES.a);
      await fox.expectTone('node', TONES.c);
      await node.expectTone('anna', TONES.a);
      await node.expectTone('fox', TONES.b);
    },
    180_000,
  );

  it('H.264 between Chromium and rtc-node, both ways', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const node = new NodeParticipant('node');
    stage.cleanUp(() => node.close());
    await node.join(stage.target, { room, identity: 'node' });
    await anna.call('publishVideo', { color: COLORS.yellow, codec: 'h264' });
    await node.publishVideo(COLORS.magenta, 'h264');
    await anna.expectPicture('node', COLORS.magenta);
    await node.expectPicture('anna', COLORS.yellow);
  });

  it('a native client that dies fails what it was asked, with a sentence, and not the run', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    const node = new NodeParticipant('node');
    // Says once more how it died; that is looked at below.
    stage.cleanUp(() => node.close().catch(() => {}));
    await node.join(stage.target, { room, identity: 'node' });
    await anna.waitForEvent('participantConnected');
    process.kill(node.pid, 'SIGSTOP');
    const asked = node.sid();
    process.kill(node.pid, 'SIGABRT');
    process.kill(node.pid, 'SIGCONT');
    await expect(asked).rejects.toThrow('the process of rtc-node for node died of SIGABRT');
    await expect(node.close()).rejects.toThrow('died of SIGABRT');
  });

  it('Firefox resumes after a full reconnect', async () => {
    const room = newRoom();
    const anna = await stage.join({ room, identity: 'anna' });
    await anna.call('publishVideo', { color: COLORS.cyan });
    const fox = await firefoxPage('fox');
    await fox.join(stage.target, { room, identity: 'fox' });
    await fox.call('publishVideo', { color: COLORS.green });
    await anna.expectPicture('fox', COLORS.green);
    for (const scenario of ['signal-reconnect', 'full-reconnect']) {
      const mark = await fox.eventCount();
      await fox.call('simulate', scenario);
      await fox.waitForEvent('reconnected', undefined, { after: mark });
      await fox.expectPicture('anna', COLORS.cyan);
      await anna.expectPicture('fox', COLORS.green);
    }
  });
});
