import { PHONE_CODES } from '@lianmai/protocol';
import { describe, expect, it } from 'vitest';
import { COLORS } from '../src/palette.ts';
import { PhoneCamera } from '../src/phones/camera.ts';
import { asPublisher, freshRoom, OTHER, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { waitFor } from '../src/wait.ts';

const RESUME_SECONDS = 20;
// Short lives, so that renewal and expiry are seen within a test; what is left of them is enough to begin to play.
const stage = usePhoneStage({
  LIANMAI_PHONE_TICKET_SECONDS: '30',
  LIANMAI_RESUME_SECONDS: String(RESUME_SECONDS),
});

/** Two thirds of a ticket's life pass before it is renewed. */
const RENEWED = { timeout: 60_000 };

describe('networks and time', () => {
  it('URLs are renewed before they run out; the old ones are refused then, and what runs goes on', async () => {
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    const old = await cara.waitForStream(ben.userId, ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const screen = cara.play(old, 'flv');
    await screen.expectPicture(PUSHED.color);
    const { urls } = await ben.waitFor('urls', undefined, RENEWED);
    expect(urls.expiresAt).toBeGreaterThan(ben.access.expiresAt);
    expect(urls.pushUrl).not.toBe(ben.access.pushUrl);
    await cara.waitForStream(ben.userId, ({ flvurl }) => flvurl !== old.flvurl, RENEWED);
    await waitFor(
      'the old play URL to run out',
      async () => (await fetch(old.flvurl, { method: 'HEAD' })).status,
      (status) => status === 403,
      RENEWED,
    );
    const late = new PhoneCamera(ben.access.pushUrl, PUSHED);
    stage.cleanUp(() => late.kill());
    await waitFor(
      'the old push URL to be refused',
      () => late.ended,
      (over) => over,
    );
    expect((await ben.waitFor('refused')).code).toBe(PHONE_CODES.ticketExpired.code);
    // Whatever was running is not touched; the newest URLs work.
    expect(ben.camera.ended).toBe(false);
    expect(screen.ended).toBe(false);
    const newest = await cara.waitForStream(ben.userId, () => true);
    await cara.play(newest, 'rtmp').expectPicture(PUSHED.color);
  }, 180_000);

  it('signalling that was cut comes back with the full list, and nobody noticed', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('cut');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben));
    await cara.waitForStream(ben.userId, ({ hasvideo }) => hasvideo);
    await cara.waitForStream(await anna.identity(), () => true);
    const before = cara.events.length;
    ben.disconnect();
    const welcome = await ben.connect();
    expect(welcome.roster.userlist.map(({ userid }) => userid).sort()).toEqual(
      [await anna.identity(), cara.userId].sort(),
    );
    await anna.expectPicture(asPublisher(ben));
    const left = cara.events.slice(before).filter((event) => event.type === 'roster' && event.left.length > 0);
    expect(left).toEqual([]);
    expect(ben.camera.ended).toBe(false);
  }, 90_000);

  it('a push that broke off comes back under the same URL', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('broken push');
    const ben = await stage.phone('Ben');
    await ben.enter(roomId);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben));
    ben.camera.kill();
    await ben.waitFor('push', ({ state }) => state === 'ended');
    ben.push(OTHER);
    await anna.expectPicture(asPublisher(ben, OTHER));
    await anna.expectTone(asPublisher(ben, OTHER));
  }, 90_000);

  it('a phone that vanished is told of as lost when the resume time is over, and not before', async () => {
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    const roomId = freshRoom();
    await ben.enter(roomId);
    await cara.enter(roomId);
    await cara.waitForStream(ben.userId, () => true);
    const begun = performance.now();
    ben.disconnect();
    await cara.waitFor(
      'roster',
      ({ left }) => left.some(({ userid, reason }) => userid === ben.userId && reason === 'lost'),
      { timeout: 60_000 },
    );
    expect(performance.now() - begun).toBeGreaterThan(RESUME_SECONDS * 1_000);
    const room = await waitFor(
      'one seat taken',
      () => cara.caller.info(roomId),
      ({ memberCount }) => memberCount === 1,
    );
    expect(room.ownerID).toBe(cara.userId);
  }, 90_000);

  it('a codec process that is killed costs a short gap, and nobody else anything', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('codecs');
    const ben = await stage.phone('Ben');
    await ben.enter(roomId);
    ben.push(PUSHED);
    await anna.expectTone(asPublisher(ben));
    await anna.waitForCodec('video/h264');
    const stream = await ben.waitForStream(await anna.identity(), ({ hasvideo, hasaudio }) => hasvideo && hasaudio);
    const screen = ben.play(stream, 'flv');
    await screen.expectTone(500);
    const before = await stage.product.codecProcesses();
    expect(before.length).toBeGreaterThan(0);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await waitFor(
      'fresh codec processes',
      () => stage.product.codecProcesses(),
      (now) => now.length >= before.length && now.every((pid) => !before.includes(pid)),
      { timeout: 20_000 },
    );
    await anna.expectPicture(asPublisher(ben));
    await anna.expectTone(asPublisher(ben));
    await screen.expectPicture(COLORS.red);
    await screen.expectTone(500);
    expect(ben.camera.ended).toBe(false);
    expect(screen.ended).toBe(false);
  }, 120_000);
});
