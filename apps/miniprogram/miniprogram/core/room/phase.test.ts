import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench, roster, settle, stream, welcome } from '../testing/fakes.ts';
import { nextPhase, type PhaseInput, Stay } from './phase.ts';

/** One call with everything in it that tells something. */
async function call(bench: Bench): Promise<void> {
  const { controller, clock } = bench;
  controller.start();
  await settle();
  const socket = bench.sockets[0];
  if (socket === undefined) return;
  socket.say({ ...welcome([stream('bob')]), muted: { audio: true, video: false } });
  for (const code of [1001, 1002, 2007, 2004]) controller.onPusher(code, '');
  for (const code of [2007, 2004, -2301]) controller.onPlayer('bob_main', code);
  socket.say(
    roster(
      2,
      ['a', 'b', 'c', 'd', 'e'].map((user) => stream(user)),
    ),
  );
  socket.say(roster(3, [stream('a'), stream('a', { streamtype: 'aux' })]));
  controller.onPusher(-1307, '');
  await clock.advance(2_000);
  socket.drop(1006);
  await clock.advance(2_000);
  bench.sockets[1]?.say(welcome([stream('bob')], 4));
  bench.sockets[1]?.say({ type: 'refused', door: 'push', code: 20013, message: 'B frames' });
  bench.sockets[1]?.say({ type: 'ended', reason: 'kicked', code: 20005, message: 'out' });
  await clock.advance(60_000);
}

describe('a stay', () => {
  it('[WR40] goes idle, entering, in, leaving and idle, and nowhere else', () => {
    const inputs: PhaseInput[] = ['start', 'entered', 'leave', 'left'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...inputs)), (steps) => {
        const stay = new Stay();
        for (const step of steps) {
          const before = { phase: stay.phase, generation: stay.generation };
          const next = nextPhase(before.phase, step);
          expect(stay.take(step)).toBe(next !== null);
          expect(stay.phase).toBe(next ?? before.phase);
          const other = next !== null && (step === 'start' || step === 'leave');
          expect(stay.isCurrent(before.generation)).toBe(!other);
        }
      }),
    );
  });

  it('[WR40] tells nothing more once it was left, at whatever event the page leaves', async () => {
    const count = (bench: Bench) => bench.room.length + bench.raw.length + bench.im.length;
    const whole = new Bench({ enableIM: true });
    await call(whole);
    const moments = count(whole);
    expect(moments).toBeGreaterThan(25);
    for (let at = 1; at <= moments; at++) {
      const bench = new Bench({ enableIM: true });
      const leave = () => {
        if (count(bench) === at) bench.controller.exit();
      };
      bench.onRoom = leave;
      bench.onRaw = leave;
      bench.onIm = leave;
      await call(bench);
      expect(count(bench)).toBe(at);
      expect(bench.controller.view()).toMatchObject({ phase: 'idle', reconnecting: false, tiles: [], waiting: [] });
      expect(bench.controller.status()).toMatchObject({ ownerID: '', mutedByOwner: { audio: false, video: false } });
      expect(bench.pusher.calls.slice(-1)).not.toEqual([expect.stringMatching(/^start/)]);
      expect(bench.clock.pending).toBe(0);
    }
  });
});
