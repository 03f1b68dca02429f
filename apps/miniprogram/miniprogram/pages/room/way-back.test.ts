import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../services/testing/fakes.ts';
import { REJOIN, WayBack } from './way-back.ts';

describe('[MP11] the way back', () => {
  it('has one try at a time, also when the component fails while it starts', async () => {
    const clock = new FakeClock();
    const tries: number[] = [];
    let failsAtOnce = true;
    const way: WayBack = new WayBack(
      clock,
      async () => {
        tries.push(clock.now());
        way.started();
        // What `start` of the component tells at once.
        if (failsAtOnce) expect(way.again()).toBe('planned');
        failsAtOnce = false;
      },
      () => {},
    );
    expect(way.again()).toBe('planned');
    await clock.advance(REJOIN.firstPauseMs);
    await settle();
    expect([tries.length, clock.waiting]).toEqual([1, 1]);
    expect(way.again()).toBe('on-the-way');
    expect(clock.waiting).toBe(1);
    await clock.advance(60_000);
    expect(tries).toHaveLength(2);
    way.stop();
    expect(clock.waiting).toBe(0);
  });
});
