import { describe, expect, it } from 'vitest';
import type { Rgb } from '../src/harness-api.ts';
import type { MiniPhone } from '../src/miniprogram/mini-phone.ts';
import { guestsOf, useMiniPrograms } from '../src/miniprogram/stage.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { usePhoneStage } from '../src/phones/stage.ts';
import { Caller } from '../src/product/caller.ts';
import type { Person } from '../src/product/person.ts';
import { waitFor } from '../src/wait.ts';

const stage = usePhoneStage();
const programs = useMiniPrograms(() => guestsOf(stage.product.httpUrl));

describe('the mini program and a browser in one room', () => {
  it('[MP40] [MP41] see and hear each other, and what either switches off and on', async () => {
    const { anna } = stage;
    const [mia] = await Promise.all([programs.open('Mia'), anna.open()]);
    const roomId = await anna.createRoom('mini');
    await mia.join(roomId);
    const [annaId, miaId] = await Promise.all([anna.identity(), mia.identity()]);
    await Promise.all([anna.expectPicture(mia), anna.expectTone(mia), seesAndHears(mia, annaId)]);

    const tile = anna.page.locator(`[data-testid="participant-tile"][data-identity="${miaId}"]`);
    await mia.tap('microphone');
    await tile.getByTestId('tile-muted').waitFor({ timeout: 40_000 });
    await anna.expectSilence(mia);
    await anna.expectPicture(mia);
    await mia.tap('camera');
    await tile.locator('.tile-empty').waitFor({ timeout: 40_000 });
    await mia.tap('microphone');
    await anna.expectTone(mia);
    await mia.tap('camera');
    await tile.locator('.tile-empty').waitFor({ state: 'detached', timeout: 40_000 });
    await anna.expectPicture(mia);

    await anna.at('toggle-mic').click();
    await mia.get(`silent-${annaId}_main`).waitFor({ timeout: 40_000 });
    await mia.expectSilence(annaId);
    await mia.expectPicture(annaId, COLORS.red);
    await anna.at('toggle-camera').click();
    await mia.expectNoPicture(annaId);
    await anna.at('toggle-mic').click();
    await mia.expectTone(annaId, TONES.a);
    await anna.at('toggle-camera').click();
    await seesAndHears(mia, annaId);
  }, 180_000);

  it('[MP40] [MP44] [MP45] two mini programs see and hear each other, talk with the browser, and leave', async () => {
    const { anna } = stage;
    const [mia, noa] = await Promise.all([programs.open('Mia'), programs.open('Noa'), anna.open()]);
    const roomId = await mia.create('手拉手');
    await mia.say('你好,世界 👋🏽');
    await noa.join(roomId);
    const [miaId, noaId] = await Promise.all([mia.identity(), noa.identity()]);
    await Promise.all([seesAndHears(mia, noaId, noa), seesAndHears(noa, miaId, mia)]);
    await noa.openChat();
    await noa.expectLine('你好,世界 👋🏽');
    await noa.closeSheet();

    await anna.goto(`/r/${roomId}`);
    await anna.goIn();
    await anna.at('toggle-chat').click();
    await anna.at('chat-input').fill('hello <b>mini</b> 🐉龍');
    await anna.at('chat-send').click();
    await mia.expectLine('hello <b>mini</b> 🐉龍');
    await waitFor(
      'one unread line',
      () => noa.text('unread'),
      (count) => count === '1',
      { timeout: 40_000 },
    );
    await noa.say('收到 ✅');
    for (const one of [mia, noa]) {
      await one.expectLine('收到 ✅');
      expect(await one.lines()).toEqual(['你好,世界 👋🏽', 'hello <b>mini</b> 🐉龍', '收到 ✅']);
    }
    await waitFor('the answer on the page', () => talkOf(anna), sameAs(['hello <b>mini</b> 🐉龍', '收到 ✅']), {
      timeout: 40_000,
    });

    await mia.closeSheet();
    // As WeChat does when the mini program is swiped away.
    await noa.run('mp.close()');
    await Promise.all([mia.expectGone(noaId), onlyOthers(anna, [miaId]), noa.expectNoPush()]);
    await mia.leave();
    expect(await mia.app.routes()).toEqual(['pages/room-list/room-list']);
    await Promise.all([onlyOthers(anna, []), mia.expectNoPush()]);
    const visitor = await Caller.login(stage.product, 'Vera');
    const room = await waitFor(
      'one seat taken',
      () => visitor.info(roomId),
      ({ memberCount }) => memberCount === 1,
    );
    expect(room.ownerID).toBe(await anna.identity());
  }, 180_000);
});

async function seesAndHears(
  viewer: MiniPhone,
  userId: string,
  { color, tone }: { readonly color: Rgb; readonly tone: number } = {
    color: COLORS.red,
    tone: TONES.a,
  },
): Promise<void> {
  await Promise.all([viewer.expectPicture(userId, color), viewer.expectTone(userId, tone)]);
}

function onlyOthers(person: Person, others: readonly string[]): Promise<unknown> {
  return waitFor(`${person.name} with ${others.length} others`, () => person.watch('identities'), sameAs(others));
}

function talkOf(person: Person): Promise<string[]> {
  return person.at('chat-message').locator('p').allInnerTexts();
}

function sameAs(wanted: readonly string[]): (seen: readonly string[]) => boolean {
  return (seen) => JSON.stringify(seen) === JSON.stringify(wanted);
}
