import { PHONE_CODES } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { asPublisher, freshRoom, OTHER, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage();

describe('a phone and a browser in one room', () => {
  it('see and hear each other: RTMP → WebRTC, WebRTC → HTTP-FLV and RTMP', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('phones');
    const ben = await stage.phone('Ben');
    await ben.enter(roomId);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben));
    await anna.expectTone(asPublisher(ben));
    await anna.at('toggle-people').click();
    await anna.page
      .locator(`[data-testid="people-item"][data-identity="${ben.userId}"][data-speaking="true"]`)
      .waitFor();
    await anna.at('toggle-people').click();

    await anna.waitForCodec('video/h264');
    const stream = await ben.waitForStream(await anna.identity(), ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    for (const by of ['flv', 'rtmp'] as const) {
      const screen = ben.play(stream, by);
      await screen.expectPicture(COLORS.red);
      await screen.expectTone(TONES.a);
    }
    expect(ben.camera.ended).toBe(false);
  }, 90_000);

  it('phones see and hear each other, by FLV and by RTMP', async () => {
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    const stream = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    for (const by of ['flv', 'rtmp'] as const) {
      const screen = cara.play(stream, by);
      await screen.expectPicture(PUSHED.color);
      await screen.expectTone(PUSHED.tone);
    }
  }, 60_000);

  it('a newcomer gets a picture long before the keyframe of the phone: a second one comes after minutes', async () => {
    const { anna } = stage;
    const ben = await stage.phone('Ben');
    const roomId = freshRoom();
    await ben.enter(roomId);
    const pushed = { ...PUSHED, group: 6_000 };
    ben.push(pushed);
    const cara = await stage.phone('Cara');
    await cara.enter(roomId);
    await cara.waitForStream(ben.userId, ({ hasvideo }) => hasvideo);
    await anna.open(`/r/${roomId}`);
    await anna.goIn();
    await anna.expectPicture(asPublisher(ben));
  }, 90_000);

  it('chat is one conversation', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('talk');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    await cara.waitForStream(await anna.identity(), () => true);
    await waitFor(
      'both phones on the page',
      () => anna.watch('identities'),
      (all) => all.length === 2,
    );
    // The page knows of a phone before the phone's own connection to the media room is up: until then it is told to wait.
    const code = await waitFor(
      'Ben to be let speak',
      () => ben.ask((id) => ({ type: 'chat', id, text: '你好 from a phone' })),
      (answer) => answer !== PHONE_CODES.busy.code,
      { interval: 250 },
    );
    expect(code).toBe(0);
    await anna.at('toggle-chat').click();
    await anna.page.getByText('你好 from a phone').waitFor();
    expect(await anna.at('chat-message').first().textContent()).toContain('Ben');
    const heard = await cara.waitFor('chat', ({ message }) => message.text === '你好 from a phone');
    expect(heard.message.name).toBe('Ben');
    await anna.at('chat-input').fill('hello from a page');
    await anna.at('chat-send').click();
    for (const phone of [ben, cara]) {
      const { message } = await phone.waitFor('chat', (event) => event.message.text === 'hello from a page');
      expect(message.name).toBe('Anna');
    }
    const dora = await stage.phone('Dora');
    const { chat } = await dora.enter(roomId);
    expect(chat.map(({ text }) => text)).toEqual(['你好 from a phone', 'hello from a page']);
  }, 90_000);
});

describe('what a phone switches', () => {
  it('camera off and on, microphone off and on: browsers and phones follow', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('switches');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben));
    const both = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const screen = cara.play(both, 'flv');
    await screen.expectTone(PUSHED.tone);

    ben.tell(true, false);
    const muted = await cara.waitForStream(ben.userId, ({ hasaudio }) => !hasaudio);
    expect(muted.flvurl).toBe(both.flvurl);
    await screen.expectSilence();
    await screen.expectPicture(PUSHED.color);
    await anna.expectSilence(asPublisher(ben));

    ben.tell(false, true);
    const dark = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => !hasvideo && hasaudio);
    await screen.expectEnd();
    const sound = cara.play(dark, 'flv');
    await sound.expectTone(PUSHED.tone);
    await anna.expectTone(asPublisher(ben));

    ben.tell(true, true);
    const again = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const back = cara.play(again, 'rtmp');
    await back.expectPicture(PUSHED.color);
    await anna.expectPicture(asPublisher(ben));
  }, 120_000);

  it('a browser that switches camera and microphone is followed by phones', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('browser switches');
    const ben = await stage.phone('Ben');
    await ben.enter(roomId);
    const identity = await anna.identity();
    await anna.waitForCodec('video/h264');
    const both = await ben.waitForStream(identity, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const screen = ben.play(both, 'flv');
    await screen.expectTone(TONES.a);
    await anna.at('toggle-mic').click();
    await ben.waitForStream(identity, ({ hasaudio }) => !hasaudio);
    await screen.expectSilence();
    await screen.expectPicture(COLORS.red);
    await anna.at('toggle-mic').click();
    await screen.expectTone(TONES.a);
    await anna.at('toggle-camera').click();
    const dark = await ben.waitForStream(identity, ({ hasvideo }) => !hasvideo);
    await screen.expectEnd();
    await ben.play(dark, 'flv').expectTone(TONES.a);
    await anna.at('toggle-camera').click();
    const again = await ben.waitForStream(identity, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    await ben.play(again, 'flv').expectPicture(COLORS.red);
  }, 120_000);

  it('a newer push of the same phone replaces the older one, and everybody sees it', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('again');
    const ben = await stage.phone('Ben');
    await ben.enter(roomId);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben));
    ben.push({ ...OTHER, width: 480, height: 480 });
    await anna.expectPicture(asPublisher(ben, OTHER));
    await anna.expectTone(asPublisher(ben, OTHER));
  }, 90_000);
});
