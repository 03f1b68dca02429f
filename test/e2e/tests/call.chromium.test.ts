import { describe, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { useStage } from '../src/stage.ts';
import { newRoom } from '../src/tokens.ts';

const stage = useStage();

describe('a call of two Chromium pages', () => {
  for (const [form, singlePeerConnection] of [
    ['one connection', true],
    ['two connections', false],
  ] as const) {
    it(`everybody sees and hears everybody, ${form}`, async () => {
      const room = newRoom();
      const options = { singlePeerConnection };
      const anna = await stage.join({ room, identity: 'anna', options });
      const ben = await stage.join({ room, identity: 'ben', options });
      await anna.call('publishVideo', { color: COLORS.red });
      await anna.call('publishAudio', { tone: TONES.a });
      await ben.call('publishVideo', { color: COLORS.blue });
      await ben.call('publishAudio', { tone: TONES.b });
      await anna.expectPicture('ben', COLORS.blue);
      await ben.expectPicture('anna', COLORS.red);
      await anna.expectTone('ben', TONES.b);
      await ben.expectTone('anna', TONES.a);
    });
  }
});
