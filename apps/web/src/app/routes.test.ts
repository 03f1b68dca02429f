import { describe, expect, it } from 'vitest';
import { newRoomPath, parseRoute, roomPath, withDebug } from './routes.ts';

describe('[WEB3] addresses', () => {
  it('reads its own', () => {
    expect(parseRoute('/', '')).toEqual({ page: 'lobby' });
    expect(parseRoute(roomPath('4321'), '')).toEqual({ page: 'room', roomId: '4321' });
    expect(parseRoute('/r/4321/', '?debug=1')).toEqual({ page: 'room', roomId: '4321' });
    const url = new URL(newRoomPath('每周 sync & more'), 'http://server');
    expect(parseRoute(url.pathname, url.search)).toEqual({ page: 'new-room', roomName: '每周 sync & more' });
  });

  it('shows a link with a bad number as such', () => {
    for (const typed of ['0', '007', 'abc', '4294967295', '1%20']) {
      expect(parseRoute(`/r/${typed}`, '')).toEqual({ page: 'bad-room', typed });
    }
  });

  it('knows what it does not know', () => {
    for (const path of ['/x', '/r/', '/r/1/2', '/rooms']) expect(parseRoute(path, '')).toEqual({ page: 'not-found' });
    expect(parseRoute('/', '?create=%20%20')).toEqual({ page: 'lobby' });
  });

  it('keeps ?debug=1 over a change of page, and nothing else', () => {
    expect(withDebug('/', '?debug=1&x=2')).toBe('/?debug=1');
    expect(withDebug('/?create=a', '?debug=1')).toBe('/?create=a&debug=1');
    expect(withDebug('/r/1', '?debug=0')).toBe('/r/1');
  });
});
