import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS, refuseOptions } from '../../core/room/options.ts';
import { verdictOf } from './verdict.ts';

describe('[MP11] what follows from a failure', () => {
  it('a property that is wrong stays wrong: no try, and the words for it', () => {
    const cause = refuseOptions(DEFAULT_OPTIONS);
    expect(cause?.reason).toBe('bad-argument');
    expect(verdictOf(-9, cause)).toEqual({ kind: 'over', problem: { key: 'enter-failed', code: -9 }, keepSeat: false });
  });

  it('a roomsig that could not be had is tried again', () => {
    expect(verdictOf(-9, { reason: 'server', code: 502 })).toMatchObject({ kind: 'again' });
    expect(verdictOf(-9, { reason: 'network', code: 0 })).toMatchObject({ kind: 'again', problem: { key: 'network' } });
  });
});
