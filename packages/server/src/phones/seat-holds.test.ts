import { LianmaiError } from '@lianmai/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SeatHolds } from './seat-holds.ts';

const LEASE = 30_000;
const RETURN = 50_000;
const ROOM = { sdkAppId: 1_400_000_001, roomId: '1' };

const heartbeat = vi.fn(async () => ({ expiresAt: 0 }));
let holds: SeatHolds;

beforeEach(() => {
  vi.useFakeTimers();
  heartbeat.mockClear();
  holds = new SeatHolds({ rooms: { heartbeat }, leaseMs: LEASE, returnMs: RETURN, log: pino({ level: 'silent' }) });
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('[PD22] seats that signalling holds', () => {
  it('are renewed while it is open, often enough to lose one renewal, and not after', () => {
    const release = holds.hold(ROOM, 'ann');
    expect(holds.isHeld(ROOM, 'ann')).toBe(true);
    expect(holds.isHeld(ROOM, 'bob')).toBe(false);
    expect(holds.isHeld({ ...ROOM, roomId: '2' }, 'ann')).toBe(false);
    vi.advanceTimersByTime(LEASE);
    expect(heartbeat.mock.calls).toEqual([
      [ROOM, 'ann'],
      [ROOM, 'ann'],
      [ROOM, 'ann'],
    ]);
    release(false);
    expect(holds.isHeld(ROOM, 'ann')).toBe(false);
    vi.advanceTimersByTime(LEASE);
    expect(heartbeat).toHaveBeenCalledTimes(3);
  });

  it("are held by a newer connection when the older one's end comes late, whatever that says", () => {
    for (const returns of [false, true]) {
      const older = holds.hold(ROOM, 'ann');
      const newer = holds.hold(ROOM, 'ann');
      older(returns);
      older(returns);
      expect(holds.isHeld(ROOM, 'ann')).toBe(true);
      newer(false);
      expect(holds.isHeld(ROOM, 'ann')).toBe(false);
    }
  });

  it('wait for a phone that was told to come back, and not for ever', () => {
    holds.hold(ROOM, 'ann')(true);
    vi.advanceTimersByTime(RETURN - 1);
    expect(holds.isHeld(ROOM, 'ann')).toBe(true);
    vi.advanceTimersByTime(1);
    expect(holds.isHeld(ROOM, 'ann')).toBe(false);
  });

  it('wait no longer once it has come back', () => {
    holds.hold(ROOM, 'ann')(true);
    const back = holds.hold(ROOM, 'ann');
    back(false);
    expect(holds.isHeld(ROOM, 'ann')).toBe(false);
  });

  it('a renewal that fails is logged only when it is no answer of the rooms', async () => {
    const warn = vi.fn();
    const log = Object.assign(pino({ level: 'silent' }), { warn });
    const held = new SeatHolds({ rooms: { heartbeat }, leaseMs: LEASE, returnMs: RETURN, log });
    heartbeat.mockRejectedValueOnce(new LianmaiError('notMember')).mockRejectedValueOnce(new Error('disk'));
    const release = held.hold(ROOM, 'ann');
    await vi.advanceTimersByTimeAsync((LEASE / 3) * 2);
    expect(warn).toHaveBeenCalledTimes(1);
    release(false);
  });
});
