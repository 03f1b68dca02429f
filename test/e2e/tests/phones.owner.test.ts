import { PHONE_CODES } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import { COLORS } from '../src/palette.ts';
import { PhoneCamera } from '../src/phones/camera.ts';
import { PhoneScreen } from '../src/phones/screen.ts';
import { asPublisher, freshRoom, OTHER, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage();

describe('the owner of a room with phones', () => {
  it('a kicked phone pushes, plays and signals no more, by any URL it still has', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('kick');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben));
    await anna.waitForCodec('video/h264');
    const stream = await ben.waitForStream(await anna.identity(), ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const screen = ben.play(stream, 'flv');
    await screen.expectPicture(COLORS.red);
    const { camera } = ben;

    await anna.at('toggle-people').click();
    const item = anna.page.locator(`[data-testid="people-item"][data-identity="${ben.userId}"]`);
    await item.getByTestId('kick-member').click();
    const ended = await ben.waitFor('ended');
    expect(ended).toMatchObject({ reason: 'kicked', code: PHONE_CODES.kicked.code });
    await waitFor(
      'the push to end',
      () => camera.ended,
      (over) => over,
    );
    await screen.expectEnd();
    await waitFor(
      'Cara told of it',
      () =>
        cara.events.find((event) => event.type === 'roster' && event.left.some(({ userid }) => userid === ben.userId)),
      (event) => event?.type === 'roster' && event.left[0]?.reason === 'kicked',
    );
    await waitFor(
      'Ben gone from the page',
      () => anna.watch('identities'),
      (all) => !all.includes(ben.userId),
    );

    const again = new PhoneCamera(ben.access.pushUrl, PUSHED);
    stage.cleanUp(() => again.kill());
    await waitFor(
      'the old push URL to be refused',
      () => again.ended,
      (over) => over,
      { timeout: 20_000 },
    );
    for (const url of [stream.flvurl, stream.playurl]) {
      const player = new PhoneScreen(url);
      stage.cleanUp(() => player.close());
      await player.expectEnd({ timeout: 20_000 });
      expect(player.frames).toBe(0);
    }
    await expect(ben.connect()).rejects.toThrow();
    expect(ben.events.at(-1)).toMatchObject({ type: 'ended', code: PHONE_CODES.kicked.code });
    await expect(ben.caller.enter(roomId, 3)).rejects.toThrow('10009');
  }, 120_000);

  it('a phone that owns the room kicks, mutes and dissolves; one that does not, may not', async () => {
    const { anna } = stage;
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    await anna.open(`/r/${roomId}`);
    await anna.goIn();
    cara.push(OTHER);
    await anna.expectTone(asPublisher(cara, OTHER));
    expect(await cara.ask((id) => ({ type: 'kick', id, userid: ben.userId }))).toBe(PHONE_CODES.notOwner.code);
    expect(await cara.ask((id) => ({ type: 'dissolve', id }))).toBe(PHONE_CODES.notOwner.code);

    expect(await ben.ask((id) => ({ type: 'mute', id, userid: cara.userId, kind: 'audio' }))).toBe(0);
    await cara.waitFor('muted', ({ kind, muted }) => kind === 'audio' && muted);
    await ben.waitForStream(cara.userId, ({ hasaudio, hasvideo }) => !hasaudio && hasvideo);
    await anna.expectSilence(asPublisher(cara, OTHER));
    cara.tell(true, false);
    cara.tell(true, true);
    await cara.waitFor('muted', ({ kind, muted }) => kind === 'audio' && !muted);
    await anna.expectTone(asPublisher(cara, OTHER));

    ben.dissolve();
    for (const phone of [ben, cara]) {
      const { reason } = await phone.waitFor('ended');
      expect(reason).toBe('dissolved');
    }
    expect(await anna.failure()).toBe('dissolved');
    await waitFor(
      'the push to end',
      () => cara.camera.ended,
      (over) => over,
    );
  }, 120_000);

  it('leaving on purpose frees the seat at once; others are told', async () => {
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    await cara.waitForStream(ben.userId, () => true);
    ben.leave();
    await cara.waitFor('roster', ({ left }) =>
      left.some(({ userid, reason }) => userid === ben.userId && reason === 'left'),
    );
    const room = await waitFor(
      'one seat taken',
      () => cara.caller.info(roomId),
      ({ memberCount }) => memberCount === 1,
    );
    expect(room.ownerID).toBe(cara.userId);
    await cara.waitFor('owner', ({ ownerid }) => ownerid === cara.userId);
  }, 60_000);
});
