import { describe, expect, it } from 'vitest';
import { COLORS, TONES } from '../src/palette.ts';
import { useStage } from '../src/stage.ts';
import { onLiveKit } from '../src/targets/index.ts';
import { newRoom } from '../src/tokens.ts';
import { waitFor } from '../src/wait.ts';

const stage = useStage();

describe('the server goes and comes', () => {
  for (const [how, end, skip] of [
    // docs/livekit-compat.md, "Stopping": livekit-server sends its clients away for good.
    ['a graceful stop', () => stage.target.stop(), onLiveKit],
    ['a crash', () => stage.target.kill(), false],
  ] as const) {
    it.skipIf(skip)(
      `after ${how} and a start, clients come back by themselves, with pictures and tones`,
      async () => {
        const room = newRoom();
        const anna = await stage.join({ room, identity: 'anna' });
        const ben = await stage.join({ room, identity: 'ben' });
        await anna.call('publishVideo', { color: COLORS.red });
        await anna.call('publishAudio', { tone: TONES.a });
        await ben.call('publishVideo', { color: COLORS.blue });
        await ben.expectPicture('anna', COLORS.red);
        await anna.expectPicture('ben', COLORS.blue);
        const before = await anna.state();
        const marks = [await anna.eventCount(), await ben.eventCount()] as const;
        await end();
        await stage.target.start();
        await anna.waitForEvent('reconnected', undefined, { after: marks[0], timeout: 45_000 });
        await ben.waitForEvent('reconnected', undefined, { after: marks[1], timeout: 45_000 });
        const after = await anna.state();
        expect(after.local.sid).not.toBe(before.local.sid);
        await ben.expectPicture('anna', COLORS.red);
        await ben.expectTone('anna', TONES.a);
        await anna.expectPicture('ben', COLORS.blue);
      },
      240_000,
    );
  }

  it.skipIf(onLiveKit)('a graceful stop tells the clients', async () => {
    const anna = await stage.join({ room: newRoom(), identity: 'anna' });
    const mark = await anna.eventCount();
    await stage.target.stop();
    await waitFor(
      'a word of the server',
      async () => (await anna.call('events')).slice(mark).map((event) => `${event.type} ${event.detail}`.trim()),
      (events) => events.some((event) => /^(reconnecting|disconnected SERVER_SHUTDOWN)$/.test(event)),
    );
    await stage.target.start();
  });
});
