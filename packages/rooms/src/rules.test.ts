import { describe, expect, it } from 'vitest';
import { takeSeat } from './capacity.ts';
import { boundedUserName } from './checks.ts';
import { isHeld, settle } from './leases.ts';
import { forgetRunOut, isRevokedIn, revoke } from './revocation.ts';
import { drawRoomId } from './room-draw.ts';
import { roomsSettingsSchema } from './settings.ts';
import type { LiveRoom, RoomState, Seat } from './state.ts';
import { storedColumns } from './store.ts';
import { depart } from './succession.ts';

const SETTINGS = roomsSettingsSchema.parse({ revocationMs: 100 });

describe('capacity', () => {
  const take = (room: LiveRoom, userId: string): ReturnType<typeof takeSeat> =>
    takeSeat(
      room,
      userId,
      (one) => ({ ...one, leaseUntil: 9 }),
      () => seat(userId),
    );

  it('[RM11] asks for membership before it counts', () => {
    const full = live(['ann', 'bob'], 2);
    expect(take(full, 'bob')).toMatchObject({
      joined: false,
      room: { seats: [{ userId: 'ann' }, { userId: 'bob', leaseUntil: 9 }] },
    });
    expect(take(full, 'cat')).toBeNull();
    expect(take(live(['ann'], 2), 'cat')).toMatchObject({
      joined: true,
      room: { seats: [{ userId: 'ann' }, { userId: 'cat' }] },
    });
  });

  it('leaves the room as it is when the seat does not change', () => {
    const room = live(['ann'], 2);
    expect(
      takeSeat(
        room,
        'ann',
        (one) => one,
        () => seat('ann'),
      )?.room,
    ).toBe(room);
  });
});

describe('succession', () => {
  it('[RM22] [RM23] the longest-present of those who stay inherits; the creator never changes', () => {
    const { state, happenings } = depart(
      { live: live(['ann', 'bob', 'cat'], 4), revocations: [] },
      [
        { userId: 'bob', reason: 'expired' },
        { userId: 'ann', reason: 'expired' },
        { userId: 'zed', reason: 'expired' },
      ],
      50,
      SETTINGS,
    );
    expect(state?.live).toMatchObject({ creator: 'ann', ownerId: 'cat', seats: [{ userId: 'cat' }] });
    expect(happenings).toEqual([
      { kind: 'member-left', userId: 'bob', reason: 'expired' },
      { kind: 'member-left', userId: 'ann', reason: 'expired' },
      { kind: 'owner-changed', userId: 'cat' },
    ]);
  });

  it('[RM52] with the last member the room ends and its removals begin to run out', () => {
    const before: RoomState = {
      live: live(['ann'], 4),
      revocations: [
        { userId: 'eve', until: null },
        { userId: 'fay', until: 60 },
      ],
    };
    const gone = { userId: 'ann', reason: 'quit' as const };
    expect(depart({ ...before, live: live(['ann'], 4) }, [gone], 50, SETTINGS).state).toEqual({
      live: null,
      revocations: [
        { userId: 'eve', until: 150 },
        { userId: 'fay', until: 60 },
      ],
    });
  });

  it('[RM52] with no time set for removals they end with the room, and that is told', () => {
    const state = { live: live(['ann'], 4), revocations: [{ userId: 'eve', until: null }] };
    const none = roomsSettingsSchema.parse({ revocationMs: 0 });
    expect(depart(state, [{ userId: 'ann', reason: 'quit' }], 50, none)).toEqual({
      state: null,
      happenings: [
        { kind: 'member-left', userId: 'ann', reason: 'quit' },
        { kind: 'room-ended', reason: 'empty' },
        { kind: 'forgiven', userId: 'eve' },
      ],
    });
  });
});

describe('leases', () => {
  it('[RM30] [RM34] a seat is held by presence or by a running lease', () => {
    expect(isHeld({ ...seat('ann'), leaseUntil: 10 }, 9)).toBe(true);
    expect(isHeld({ ...seat('ann'), leaseUntil: 10 }, 10)).toBe(false);
    expect(isHeld({ ...seat('ann'), leaseUntil: 0, participantSid: 'PA_1' }, 99)).toBe(true);
  });

  it('[RM32] what is up to date stays the same object, so that nothing is written', () => {
    const state: RoomState = { live: live(['ann'], 2), revocations: [{ userId: 'eve', until: 1001 }] };
    expect(settle(state, 999, SETTINGS)).toEqual({ state, happenings: [] });
    expect(settle(state, 999, SETTINGS).state).toBe(state);
    expect(settle(null, 999, SETTINGS).state).toBeNull();
  });

  it('[RM52] a room ends when its last lease does, not when it is noticed', () => {
    const state: RoomState = { live: live(['ann', 'bob'], 2), revocations: [{ userId: 'eve', until: null }] };
    expect(settle(state, 1099, SETTINGS).state).toEqual({ live: null, revocations: [{ userId: 'eve', until: 1100 }] });
    const { state: later, happenings } = settle(state, 1100, SETTINGS);
    expect(later).toBeNull();
    expect(happenings.map((one) => one.kind)).toEqual(['member-left', 'member-left', 'room-ended', 'forgiven']);
  });
});

describe('revocation', () => {
  it('[RM52] stands until its time', () => {
    const state: RoomState = { live: null, revocations: [{ userId: 'eve', until: 10 }] };
    expect(isRevokedIn(state, 'eve', 9)).toBe(true);
    expect(isRevokedIn(state, 'eve', 10)).toBe(false);
    expect(isRevokedIn(state, 'ann', 9)).toBe(false);
    expect(forgetRunOut(state, 9)).toEqual({ state, happenings: [] });
    expect(forgetRunOut(state, 10)).toEqual({ state: null, happenings: [{ kind: 'forgiven', userId: 'eve' }] });
  });

  it('[RM55] a full memory refuses a new name, and renews a known one', () => {
    const two = [
      { userId: 'eve', until: 10 },
      { userId: 'fay', until: null },
    ];
    expect(() => revoke(two, 'gus', 2)).toThrow('Let one in again first');
    expect(revoke(two, 'eve', 2)).toEqual([
      { userId: 'fay', until: null },
      { userId: 'eve', until: null },
    ]);
  });
});

describe('columns', () => {
  it('[RM33] a room is due with its first lapse; presence and standing removals never are', () => {
    const present = { ...seat('ann'), participantSid: 'PA_1', leaseUntil: 0 };
    const columns = (seats: Seat[], until: number | null): number | null =>
      storedColumns({ live: { ...live([], 4), seats }, revocations: [{ userId: 'eve', until }] }).dueAt;
    expect(columns([present], null)).toBeNull();
    expect(columns([present], 70)).toBe(70);
    expect(columns([present, seat('bob'), { ...seat('cat'), leaseUntil: 80 }], 90)).toBe(80);
  });
});

describe('ids and names', () => {
  it('[RM6] the ends of the drawn range', () => {
    expect(drawRoomId(() => 0)).toBe('10000000');
    expect(drawRoomId(() => 1 - Number.EPSILON)).toBe('99999999');
  });

  it('[RM14] a long user name is cut between characters', () => {
    expect(boundedUserName('x'.repeat(64))).toHaveLength(64);
    expect(boundedUserName(`${'x'.repeat(62)}😀😀`)).toBe(`${'x'.repeat(62)}😀`);
    expect(boundedUserName(`${'x'.repeat(63)}😀`)).toBe('x'.repeat(63));
  });
});

function seat(userId: string): Seat {
  return { userId, userName: userId, joinedAt: 1, participantSid: null, presentSince: 0, leaseUntil: 1000 };
}

function live(userIds: string[], capacity: number): LiveRoom {
  const seats = userIds.map(seat);
  return { roomName: 'tea', creator: 'ann', ownerId: 'ann', capacity, privilegeMap: 255, createdAt: 1, seats };
}
