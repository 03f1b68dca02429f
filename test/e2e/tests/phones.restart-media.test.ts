import { describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import type { Phone } from '../src/phones/phone.ts';
import { asPublisher, PUSHED, usePhoneStage } from '../src/phones/stage.ts';
import { explained, waitFor } from '../src/wait.ts';

const stage = usePhoneStage();
const BACK = { timeout: 60_000 };

/** Anna's page and a pushing phone in a room, seeing each other. */
async function call(name: string): Promise<Phone> {
  const { anna } = stage;
  await anna.open();
  const roomId = await anna.createRoom(name);
  const ben = await stage.phone('Ben');
  await ben.enter(roomId);
  ben.push(PUSHED);
  await anna.expectPicture(asPublisher(ben));
  await expectAnna(ben);
  return ben;
}

/** The phone plays Anna by what its list says now. */
async function expectAnna(phone: Phone): Promise<void> {
  await stage.anna.waitForCodec('video/h264');
  const identity = await stage.anna.identity();
  const stream = await phone.waitForStream(identity, ({ hasvideo, hasaudio }) => hasvideo && hasaudio, BACK);
  const screen = phone.play(stream, 'flv');
  await screen.expectPicture(COLORS.red);
  await screen.expectTone(TONES.a);
}

describe('what phones live through', () => {
  it('a server that restarts says so, and everybody comes back', async () => {
    const { anna } = stage;
    await anna.open();
    const roomId = await anna.createRoom('restart');
    const [ben, cara] = [await stage.phone('Ben'), await stage.phone('Cara')];
    await ben.enter(roomId);
    await cara.enter(roomId);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben));
    await cara.waitForStream(await anna.identity(), () => true);
    expect(cara.roster()).toHaveLength(2);
    const told = cara.events.findLast((event) => event.type === 'roster' || event.type === 'welcome');
    await stage.product.stop();
    for (const phone of [ben, cara]) expect((await phone.waitFor('ended')).reason).toBe('server-restart');
    await waitFor(
      'the push to end',
      () => ben.camera.ended,
      (over) => over,
    );
    await stage.product.start();
    await ben.connect();
    const welcome = await cara.connect();
    expect(welcome.roster.version).toBeGreaterThan(told?.roster.version ?? 0);
    ben.push(PUSHED);
    await anna.expectPicture(asPublisher(ben), { timeout: 60_000 });
    await anna.waitForCodec('video/h264');
    const stream = await cara.waitForStream(await anna.identity(), ({ hasvideo, hasaudio }) => hasvideo && hasaudio, {
      timeout: 40_000,
    });
    await cara.play(stream, 'flv').expectPicture(COLORS.red);
  }, 180_000);

  it('the media service dies: push and signalling stay, and both sides see each other again', async () => {
    const { anna } = stage;
    const ben = await call('media dies');
    const before = await anna.watch('sid');
    await stage.product.crashMedia();
    await waitFor(
      'Anna to have joined anew',
      () => anna.watch('sid'),
      (sid) => sid !== '' && sid !== before,
      BACK,
    );
    await anna.expectPicture(asPublisher(ben), BACK);
    await anna.expectTone(asPublisher(ben), BACK);
    await expectAnna(ben);
    expect(ben.camera.ended).toBe(false);
    expect(ben.closed).toBeNull();
    expect(ben.events.some(({ type }) => type === 'ended')).toBe(false);
  }, 180_000);

  it("the gateway's thread dies: the phone is told to come back, and does so with the same URLs", async () => {
    const { anna } = stage;
    const ben = await call('gateway dies');
    const { camera, urls } = ben;
    await stage.product.crashGateway();
    await waitFor(
      'signalling and push to end',
      () => ({ closed: ben.closed, pushing: !camera.ended }),
      ({ closed, pushing }) => closed !== null && !pushing,
    );
    expect(ben.closed?.code).toBe(1012);
    await waitFor(
      'Ben to be back',
      () => ben.connect(urls.signalUrl),
      () => true,
      BACK,
    );
    const again = ben.push(PUSHED, urls.pushUrl);
    await explained(anna.expectPicture(asPublisher(ben), BACK), () => [
      { ended: again.ended, errors: again.errors, closed: ben.closed, events: ben.events },
      stage.product.log(),
    ]);
    await anna.expectTone(asPublisher(ben));
    await expectAnna(ben);
  }, 180_000);
});
