import { describe, expect, it } from 'vitest';
import { Bench, stream } from '../testing/fakes.ts';

describe('a mute by the owner', () => {
  it.each([
    ['audio', 'silent'],
    ['video', 'cameraOff'],
  ] as const)(
    '[WR34] of one’s own %s is seen in one’s own tile, until it is lifted by switching on again',
    async (kind, sign) => {
      const bench = new Bench();
      await bench.enter([stream('bob')]);
      const off = () => bench.controller.view().self[sign];
      const turn = (on: boolean) =>
        kind === 'audio' ? bench.controller.enableAudio(on, '') : bench.controller.enableVideo(on, '');
      expect(off()).toBe(false);
      bench.socket.say({ type: 'muted', kind, muted: true });
      expect(off()).toBe(true);
      // What was chosen here is told as before: a change of it would lift the mute.
      expect(bench.socket.asked('state')).toHaveLength(1);
      turn(false);
      turn(true);
      expect(bench.socket.asked('state')).toHaveLength(3);
      expect(off()).toBe(true);
      bench.socket.say({ type: 'muted', kind, muted: false });
      expect(off()).toBe(false);
    },
  );

  it('[WR34] of the picture is not lifted by a page that is covered and shown', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    bench.socket.say({ type: 'muted', kind: 'video', muted: true });
    bench.controller.hide();
    expect(bench.controller.view().self.cameraOff).toBe(true);
    bench.controller.show();
    expect(bench.socket.asked('state')).toHaveLength(1);
    // Nor is one that came out of sight; switching off and on is a choice.
    bench.socket.say({ type: 'muted', kind: 'video', muted: false });
    bench.controller.hide();
    bench.socket.say({ type: 'muted', kind: 'video', muted: true });
    bench.controller.show();
    expect(bench.socket.asked('state').map(({ camera }) => camera)).toEqual([true, false]);
    bench.controller.enableVideo(false, '');
    bench.controller.enableVideo(true, '');
    expect(bench.socket.asked('state').pop()).toMatchObject({ camera: true });
  });
});
