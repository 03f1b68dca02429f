import { parseRoomId } from '@lianmai/protocol';

/** The pages of the app, as their addresses say. */
export type Route =
  | { readonly page: 'lobby' }
  | { readonly page: 'room'; readonly roomId: string }
  | { readonly page: 'new-room'; readonly roomName: string }
  | { readonly page: 'bad-room'; readonly typed: string }
  | { readonly page: 'not-found' };

const MAX_NAME_LENGTH = 64;

/** Reads an address. */
export function parseRoute(pathname: string, search: string): Route {
  if (pathname === '/' || pathname === '/index.html') {
    const name = new URLSearchParams(search).get('create')?.trim().slice(0, MAX_NAME_LENGTH);
    return name ? { page: 'new-room', roomName: name } : { page: 'lobby' };
  }
  const room = /^\/r\/([^/]{1,64})\/?$/.exec(pathname)?.[1];
  if (room === undefined) return { page: 'not-found' };
  const roomId = parseRoomId(room);
  return roomId === null ? { page: 'bad-room', typed: room } : { page: 'room', roomId };
}

export function roomPath(roomId: string): string {
  return `/r/${roomId}`;
}

export function newRoomPath(roomName: string): string {
  return `/?create=${encodeURIComponent(roomName)}`;
}

/** Keeps `?debug=1` over a change of page. */
export function withDebug(path: string, search: string): string {
  if (new URLSearchParams(search).get('debug') !== '1') return path;
  return `${path}${path.includes('?') ? '&' : '?'}debug=1`;
}
