import { describe, expect, it } from 'vitest';
import { Seat } from './seat.ts';
import { FakeBackend, refuse, settle, ticketsOf } from './testing/fakes.ts';

describe('[MP5] a seat', () => {
  it('is taken by number; asked for again after a lost answer', async () => {
    const backend = new FakeBackend();
    backend.replies.set('webrtc-enter-room', (_, count) =>
      count === 1 ? refuse('network') : { roomInfo: { roomID: '9' }, signInfo: ticketsOf() },
    );
    const taking = new Seat(backend, () => {}).take({ roomId: '9' }, 'Li');
    await backend.clock.advance(1_000);
    expect((await taking)?.room.roomID).toBe('9');
    expect(backend.signedInAs).toEqual(['Li']);
  });

  it('by name makes a new room, never twice', async () => {
    const backend = new FakeBackend();
    backend.replies.set('webrtc-enter-room', () => refuse('network'));
    await expect(new Seat(backend, () => {}).take({ roomName: 'Weekly' }, '')).rejects.toMatchObject({
      reason: 'network',
    });
    expect(backend.calls).toEqual([{ name: 'webrtc-enter-room', data: { roomName: 'Weekly' } }]);
  });

  it('taken again is in the same room, whatever it was asked for by', async () => {
    const backend = new FakeBackend();
    const seat = new Seat(backend, () => {});
    await seat.take({ roomName: 'Weekly' }, '');
    await seat.take({ roomName: 'Weekly' }, '');
    expect(backend.calls.at(-1)?.data).toEqual({ roomID: '77', roomName: 'Room 77' });
  });

  it('is given back when the page has gone while it was being taken', async () => {
    const backend = new FakeBackend();
    let release = (_: unknown) => {};
    backend.replies.set('webrtc-enter-room', () => new Promise((resolve) => (release = resolve)));
    const seat = new Seat(backend, () => {});
    const taking = seat.take({ roomId: '9' }, '');
    await settle();
    await seat.give();
    release({ roomInfo: { roomID: '9' }, signInfo: ticketsOf() });
    expect(await taking).toBeNull();
    expect(backend.calls.at(-1)).toEqual({ name: 'webrtc-quit-room', data: { roomID: '9' } });
  });

  it('lives by heartbeats where the media service reports to nobody, until it is given back', async () => {
    const backend = new FakeBackend();
    backend.needsHeartbeat = true;
    const seat = new Seat(backend, () => {});
    await seat.take({ roomId: '9' }, '');
    await backend.clock.advance(30_000);
    expect(backend.count('webrtc-heartbeat')).toBe(3);
    await seat.give();
    await backend.clock.advance(30_000);
    expect([backend.count('webrtc-heartbeat'), backend.count('webrtc-quit-room')]).toEqual([3, 1]);
  });

  it('refuses tickets of another TRTC application than config.ts names', async () => {
    const backend = new FakeBackend();
    backend.media = { kind: 'trtc', sdkAppId: 1400000999 };
    await expect(new Seat(backend, () => {}).take({ roomId: '9' }, '')).rejects.toMatchObject({
      problem: { key: 'application' },
    });
  });

  it('that was lost to somebody is not given back', async () => {
    const backend = new FakeBackend();
    const seat = new Seat(backend, () => {});
    await seat.take({ roomId: '9' }, '');
    seat.abandon();
    await seat.give();
    expect(backend.count('webrtc-quit-room')).toBe(0);
  });

  it.each(['kicked', 'no-such-room', 'not-member'] as const)(
    'that is gone (%s) is told by its heartbeat, once',
    async (reason) => {
      const backend = new FakeBackend();
      backend.needsHeartbeat = true;
      const lost: string[] = [];
      const seat = new Seat(backend, (error) => void lost.push(error.reason));
      await seat.take({ roomId: '9' }, '');
      backend.replies.set('webrtc-heartbeat', (_, count) => refuse(count === 1 ? 'network' : reason));
      await backend.clock.advance(60_000);
      expect([lost, backend.count('webrtc-heartbeat')]).toEqual([[reason], 2]);
    },
  );

  it('of a room that ended because nobody kept it has run out: the room was not ended by anybody', async () => {
    const backend = new FakeBackend();
    backend.needsHeartbeat = true;
    const lost: string[] = [];
    const seat = new Seat(backend, (error) => void lost.push(error.reason));
    await seat.take({ roomId: '9' }, '');
    // Cut off until the lease had run out.
    backend.replies.set('webrtc-heartbeat', (_, count) => refuse(count < 4 ? 'network' : 'no-such-room'));
    await backend.clock.advance(40_000);
    expect(lost).toEqual(['not-member']);
  });
});
