import { describe, expect, it } from 'vitest';
import { RoomPages } from './room-pages.ts';
import { FakeBackend, refuse, roomOf, settle } from './testing/fakes.ts';

function make(count: number, pageSize = 3) {
  const backend = new FakeBackend();
  backend.rooms = Array.from({ length: count }, (_, index) => roomOf(String(index + 1)));
  let changes = 0;
  const pages = new RoomPages(
    backend,
    () => {
      changes += 1;
    },
    { pageSize },
  );
  const ids = () => pages.state.rooms?.map((room) => room.roomID) ?? null;
  return { backend, pages, ids, changes: () => changes };
}

describe('[MP4] the list of rooms', () => {
  it('comes page after page, to the end', async () => {
    const { pages, ids, backend } = make(7);
    await pages.show();
    expect(ids()).toEqual(['1', '2', '3']);
    await pages.more();
    await pages.more();
    expect(ids()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    const asked = backend.count('list');
    await pages.more();
    expect(backend.count('list')).toBe(asked);
  });

  it('shows a room once that slid onto the next page', async () => {
    const { pages, ids, backend } = make(5);
    await pages.show();
    backend.rooms = [roomOf('new'), ...backend.rooms];
    await pages.more();
    expect(ids()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('is read again quietly while it is shown, all of it, and not while it is hidden', async () => {
    const { pages, ids, backend } = make(7);
    await pages.show();
    await pages.more();
    backend.rooms = backend.rooms.slice(1);
    await backend.clock.advance(5_000);
    expect(ids()).toEqual(['2', '3', '4', '5', '6', '7']);
    pages.hide();
    expect(backend.clock.waiting).toBe(0);
  });

  it('keeps what it has when a reading fails, and asks less and less often', async () => {
    const { pages, ids, backend } = make(2);
    await pages.show();
    backend.replies.set('list', () => refuse('network'));
    await backend.clock.advance(5_000);
    expect([ids(), pages.state.failure?.reason]).toEqual([['1', '2'], 'network']);
    const asked = backend.count('list');
    await backend.clock.advance(5_000);
    expect(backend.count('list')).toBe(asked + 1);
    await backend.clock.advance(5_000);
    expect(backend.count('list')).toBe(asked + 1);
    backend.replies.clear();
    await backend.clock.advance(30_000);
    expect(pages.state.failure).toBeNull();
  });

  it('says so when even the first reading fails', async () => {
    const { pages, ids, backend } = make(2);
    backend.replies.set('list', () => refuse('server', 10021));
    await pages.show();
    expect([ids(), pages.state.failure]).toEqual([null, { reason: 'server', code: 10021, detail: 'server' }]);
  });

  it('drops an answer that a later question has overtaken', async () => {
    const { pages, backend, changes } = make(2);
    let release = () => {};
    backend.replies.set('list', (_, count) =>
      count === 1 ? new Promise<void>((resolve) => (release = resolve)) : undefined,
    );
    const first = pages.show();
    await pages.refresh();
    const before = changes();
    release();
    await first;
    await settle();
    expect(changes()).toBe(before);
  });
});
