import { describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { useBrowserPlayers } from '../src/phones/browser-player.ts';
import { probe } from '../src/phones/probe.ts';
import { freshRoom, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { StuckViewer } from '../src/phones/stuck-viewer.ts';
import { Caller } from '../src/product/caller.ts';
import { NodeParticipant } from '../src/rtc-node.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage();
const players = useBrowserPlayers();

/** A member on `@livekit/rtc-node`. */
async function native(roomId: string): Promise<NodeParticipant> {
  const caller = await Caller.login(stage.product, 'Nora');
  const access = await caller.enter(roomId);
  const node = new NodeParticipant(caller.userId);
  stage.cleanUp(() => node.close());
  await node.connect(access.url, access.token);
  return node;
}

describe('a phone and a native client', () => {
  it.each(['h264', 'vp8'] as const)(
    'decode pictures and tones of each other; the client sends %s',
    async (codec) => {
      const ben = await stage.phone('Ben');
      const roomId = freshRoom();
      await ben.enter(roomId);
      ben.push(PUSHED);
      const nora = await native(roomId);
      await nora.publishVideo(COLORS.yellow, codec);
      await nora.publishAudio(TONES.b);
      await nora.expectPicture(ben.userId, PUSHED.color, { timeout: 20_000 });
      await nora.expectTone(ben.userId, PUSHED.tone);
      const stream = await ben.waitForStream(nora.identity, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
      const screen = ben.play(stream, 'flv');
      await screen.expectPicture(COLORS.yellow);
      await screen.expectTone(TONES.b);
    },
    90_000,
  );
});

describe('other players than ffmpeg', () => {
  it('mpegts.js in Chromium plays a phone and a browser', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('players');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    const page = await players.open();
    const tracks = { video: true, audio: true };
    const phone = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    await page.call('play', 'Ben', phone.flvurl, tracks);
    // A change of picture size in mid-stream is `<live-player>`'s to take; mpegts.js 1.8.2 may begin anew at one.
    await anna.waitForCodec('video/h264');
    const browser = await cara.waitForStream(await anna.identity(), ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    await page.call('play', 'Anna', browser.flvurl, tracks);
    const look = await page.expectPicture('Ben', PUSHED.color);
    expect([look.width, look.height]).toEqual([360, 640]);
    await page.expectTone('Ben', PUSHED.tone);
    await page.expectPicture('Anna', COLORS.red);
    await page.expectTone('Anna', TONES.a);
  }, 90_000);

  it('ffprobe reports H.264 and AAC, and the size, of every URL', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('probes');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    const phone = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const aac = { codec_type: 'audio', codec_name: 'aac' };
    for (const url of [phone.flvurl, phone.playurl]) {
      const wanted = [{ codec_type: 'video', codec_name: 'h264', width: 360, height: 640 }, aac];
      expect(await probe(url)).toMatchObject(wanted);
    }
    await anna.waitForCodec('video/h264');
    const browser = await cara.waitForStream(await anna.identity(), ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    for (const url of [browser.flvurl, browser.playurl]) {
      const streams = await probe(url);
      expect(streams).toMatchObject([
        { codec_type: 'video', codec_name: 'h264' },
        { ...aac, sample_rate: '48000' },
      ]);
      // The browser chooses how large it sends; its camera has 16:9.
      const [{ width = 0, height = 0 } = {}] = streams;
      expect(width / height).toBeCloseTo(16 / 9, 1);
    }
  }, 90_000);
});

describe('many viewers of one stream', () => {
  it('one who does not read is ended, and the others go on', async () => {
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    // Enough to fill what the system buffers for him.
    ben.push({ ...PUSHED, noiseBits: 5_000_000 });
    const stream = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const screens = (['flv', 'flv', 'rtmp'] as const).map((by) => cara.play(stream, by));
    for (const screen of screens) await screen.expectPicture(PUSHED.color);
    const stuck = await StuckViewer.open(stream.flvurl);
    stage.cleanUp(() => stuck.close());
    await waitFor(
      'the connection to be there',
      () => stuck.held(),
      (held) => held,
    );
    const before = screens.map((screen) => screen.frames);
    await waitFor(
      'the viewer who does not read to be ended',
      () => stuck.held(),
      (held) => !held,
      { timeout: 120_000, interval: 200 },
    );
    for (const [index, screen] of screens.entries()) {
      await screen.expectPicture(PUSHED.color);
      await screen.expectTone(PUSHED.tone);
      expect(screen.ended).toBe(false);
      expect(screen.frames).toBeGreaterThan(before[index] ?? 0);
    }
    expect(ben.camera.ended).toBe(false);
  }, 240_000);
});
