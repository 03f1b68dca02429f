import { PHONE_CODES } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import { pushSizes } from '../src/phones/resizing-push.ts';
import { asPublisher, freshRoom, OTHER, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage();

describe('what phones push', () => {
  it.each([
    ['High profile, 48 kHz stereo', { profile: 'high', sampleRate: 48_000, channels: 2 }],
    ['Baseline, 16 kHz mono', { profile: 'baseline', sampleRate: 16_000 }],
  ] as const)(
    '%s is seen and heard by browsers and phones',
    async (_name, more) => {
      const { anna } = stage;
      const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
      const roomId = freshRoom();
      await ben.enter(roomId);
      await cara.enter(roomId);
      await anna.open(`/r/${roomId}`);
      await anna.goIn();
      ben.push({ ...PUSHED, ...more });
      await anna.expectPicture(asPublisher(ben));
      await anna.expectTone(asPublisher(ben));
      const stream = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
      const screen = cara.play(stream, 'flv');
      await screen.expectPicture(PUSHED.color);
      await screen.expectTone(PUSHED.tone);
    },
    90_000,
  );

  it('sound alone, then pictures alone', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('halves');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push({ ...PUSHED, video: false });
    await anna.expectTone(asPublisher(ben));
    const sound = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => !hasvideo && hasaudio);
    await cara.play(sound, 'flv').expectTone(PUSHED.tone);
    ben.push({ ...OTHER, audio: false });
    await anna.expectPicture(asPublisher(ben, OTHER));
    const picture = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && !hasaudio);
    await cara.play(picture, 'rtmp').expectPicture(OTHER.color);
  }, 90_000);

  it('another size in mid-stream is followed by browsers and phones', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('sizes');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    const push = await pushSizes(ben.access.pushUrl, PUSHED, [
      { width: 360, height: 640 },
      { width: 640, height: 360 },
    ]);
    stage.cleanUp(() => push.stop());
    const stream = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const screen = cara.play(stream, 'flv');
    await screen.expectPicture(PUSHED.color);
    const size = (wanted: number) =>
      waitFor(
        `a picture ${wanted} wide`,
        () => anna.watch('look', ben.userId, 'camera'),
        (look) => look?.width === wanted,
        { timeout: 20_000 },
      );
    await size(360);
    push.next();
    await size(640);
    await anna.expectPicture(asPublisher(ben));
    await screen.expectPicture(PUSHED.color);
    await screen.expectTone(PUSHED.tone);
    expect(screen.ended).toBe(false);
  }, 120_000);

  it('B frames end the push, and the phone is told why', async () => {
    const ben = await stage.phone('Ben');
    await ben.enter(freshRoom());
    const camera = ben.push({ ...PUSHED, bFrames: 2 });
    const refused = await ben.waitFor('refused', undefined, { timeout: 20_000 });
    expect(refused).toMatchObject({ door: 'push', code: PHONE_CODES.bFrames.code });
    await waitFor(
      'the push to end',
      () => camera.ended,
      (over) => over,
    );
  }, 60_000);
});

describe('what browsers send to phones', () => {
  it('a screen share is a second stream', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('screen');
    const ben = await stage.phone('Ben');
    await ben.enter(roomId);
    const identity = await anna.identity();
    await anna.waitForCodec('video/h264');
    const camera = await ben.waitForStream(identity, ({ hasvideo }) => hasvideo);
    await anna.at('toggle-screen').click();
    const screen = await ben.waitForStream(identity, ({ hasvideo }) => hasvideo, { streamtype: 'aux' });
    expect(screen.playurl).not.toBe(camera.playurl);
    const shown = ben.play(screen, 'flv');
    await waitFor(
      'pictures of the screen',
      () => shown.frames,
      (frames) => frames > 3,
      { timeout: 20_000 },
    );
    await anna.at('toggle-screen').click();
    await shown.expectEnd({ timeout: 20_000 });
    const left = await waitFor(
      'camera and microphone alone in the roster',
      () => ben.roster(),
      (list) => list.length === 1 && list.every(({ hasvideo, hasaudio }) => hasvideo && hasaudio),
    );
    expect(left).toMatchObject([{ userid: identity, streamtype: 'main' }]);
  }, 90_000);
});
