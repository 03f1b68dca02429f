import { describe, expect, it } from 'vitest';
import { RoomList } from './room-list.ts';
import { makeClient, refusal, settle } from './testing/fakes.ts';

function makeList() {
  const made = makeClient();
  return { ...made, list: new RoomList({ client: made.client, intervalMs: 1_000, maxIntervalMs: 8_000 }) };
}

describe('[CC5] the list of rooms', () => {
  it('is read at once and then again and again', async () => {
    const { list, server, clock } = makeList();
    let changes = 0;
    list.subscribe(() => {
      changes += 1;
    });
    list.start();
    list.start();
    await settle();
    expect(list.getState()).toMatchObject({ total: 1, failure: null });
    await clock.advance(3_000);
    expect(server.count('webrtc-get-room-list')).toBe(4);
    expect(changes).toBe(4);
  });

  it('is not read while paused, and read at once afterwards', async () => {
    const { list, server, clock } = makeList();
    list.start();
    await settle();
    list.pause();
    await clock.advance(60_000);
    expect(server.count('webrtc-get-room-list')).toBe(1);
    expect(clock.waiting).toBe(0);
    list.start();
    await settle();
    expect(server.count('webrtc-get-room-list')).toBe(2);
  });

  it('backs off while readings fail, keeps what it had, and recovers', async () => {
    const { list, server, clock } = makeList();
    list.start();
    await settle();
    server.replies.set('webrtc-get-room-list', () => refusal(10021, 'no database', 503));
    await clock.advance(1_000);
    expect(list.getState()).toMatchObject({ total: 1, failure: { reason: 'server' } });
    expect(list.getState().rooms).toHaveLength(1);
    // Pauses of 1, 2, 4, 8, 8 … seconds follow.
    await clock.advance(15_000);
    expect(server.count('webrtc-get-room-list')).toBe(6);
    await clock.advance(16_000);
    expect(server.count('webrtc-get-room-list')).toBe(8);
    server.replies.clear();
    list.refresh();
    await settle();
    expect(list.getState().failure).toBeNull();
  });

  it('ignores an answer that comes after the pause', async () => {
    const { list } = makeList();
    list.start();
    list.pause();
    await settle();
    expect(list.getState().rooms).toBeNull();
  });
});
