import { describe, expect, it } from 'vitest';
import { guestsOf, useMiniPrograms } from '../src/miniprogram/stage.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { usePhoneStage } from '../src/phones/stage.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage();
const programs = useMiniPrograms(() => guestsOf(stage.product.httpUrl));

describe('a room whose owner is in a browser', () => {
  it('[MP42] [MP43] removes a mini program for good, and ends the room for another', async () => {
    const { anna } = stage;
    const [mia, noa] = await Promise.all([
      programs.open('Mia'),
      programs.open('Noa', { language: 'zh_CN' }),
      anna.open(),
    ]);
    const roomId = await anna.createRoom('strict');
    await mia.join(roomId);
    const miaId = await mia.identity();
    await anna.expectPicture(mia);

    await anna.at('toggle-people').click();
    await anna.page.locator(`[data-testid="people-item"][data-identity="${miaId}"]`).getByTestId('kick-member').click();
    const told = await mia.problem('kicked');
    expect(told).toContain('You were removed from the room');
    expect(told).toContain('Its owner removed you. Only the owner can let you in again.');
    await mia.expectNoPush();
    await waitFor(
      'Mia gone from the page',
      () => anna.watch('identities'),
      (all) => all.length === 0,
      { timeout: 40_000 },
    );
    await mia.tap('step-rooms');
    await mia.get(`room-${roomId}`).click();
    expect(await mia.problem('kicked')).toContain('You were removed from the room');
    await mia.expectNoPush();

    await noa.join(roomId);
    await anna.expectPicture(noa);
    await anna.at('dissolve-room').click();
    await anna.at('confirm-yes').click();
    const end = await noa.problem('dissolved');
    expect(end).toContain('房间已结束');
    expect(end).toContain('房主为所有人结束了房间。');
    await noa.expectNoPush();
    await noa.tap('step-rooms');
    await noa.get('empty').waitFor();
  }, 180_000);
});

describe('a room whose owner is in the mini program', () => {
  it('[MP42] [MP43] mutes and removes the browser, and ends the room for another mini program', async () => {
    const { anna } = stage;
    const [mia, noa] = await Promise.all([programs.open('Mia'), programs.open('Noa'), anna.open()]);
    const roomId = await mia.create('mine');
    await anna.goto(`/r/${roomId}`);
    await anna.goIn();
    const annaId = await anna.identity();
    await mia.expectPicture(annaId, COLORS.red);
    await mia.expectTone(annaId, TONES.a);

    await mia.tap('people-chip');
    await mia.tap(`mute-${annaId}`);
    await mia.expectSilence(annaId);
    await anna.switchOn('mic');
    await mia.expectTone(annaId, TONES.a);
    await mia.tap(`stop-${annaId}`);
    await mia.expectNoPicture(annaId);
    await anna.switchOn('camera');
    await mia.expectPicture(annaId, COLORS.red);

    await noa.join(roomId);
    const miaId = await mia.identity();
    await noa.expectPicture(miaId, mia.color);
    await mia.tap(`kick-${annaId}`);
    await mia.tap('mp-modal-confirm');
    expect(await anna.failure({ timeout: 40_000 })).toBe('kicked');
    await Promise.all([mia.expectGone(annaId), noa.expectGone(annaId)]);

    await mia.closeSheet();
    await mia.tap('more');
    await mia.tap('dissolve');
    expect(await mia.text('mp-modal-content')).toBe('The call ends for all 2 people and the room disappears.');
    await mia.tap('mp-modal-confirm');
    expect(await noa.problem('dissolved')).toContain('The room has ended');
    await Promise.all([noa.expectNoPush(), mia.expectNoPush()]);
    await mia.get('empty').waitFor();
  }, 180_000);
});
