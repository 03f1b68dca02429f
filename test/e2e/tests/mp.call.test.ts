import { describe, it } from 'vitest';
import { guestsOf, useMiniPrograms } from '../src/miniprogram/stage.ts';
import { COLORS, TONES } from '../src/palette.ts';
import { usePhoneStage } from '../src/phones/stage.ts';

const stage = usePhoneStage();
const programs = useMiniPrograms(() => guestsOf(stage.product.httpUrl));

describe('the mini program and a browser in one room', () => {
  it('[MP40] the mini program and the browser see and hear each other', async () => {
    const { anna } = stage;
    const [mia] = await Promise.all([programs.open('Mia'), anna.open()]);
    const roomId = await anna.createRoom('mini');
    await mia.join(roomId);
    const annaId = await anna.identity();
    await Promise.all([
      anna.expectPicture(mia),
      anna.expectTone(mia),
      mia.expectPicture(annaId, COLORS.red),
      mia.expectTone(annaId, TONES.a),
    ]);
  }, 90_000);
});
