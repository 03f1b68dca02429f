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
});
