/**
 * `room://` URLs of Tencent's media service, for deployments that stay on TRTC (`provider: trtc`). Both forms are built
 * and parsed here.
 *
 * Which form, when: the **new** form (`room://cloud.tencent.com/rtc?…`, no roomsig) where the client is WeChat ≥ 7.0.8
 * with base library ≥ 2.10.0; the **old** form (`room://cloud.tencent.com?…&roomsig=…`) below that. {@link roomUrlForm}
 * says it in code. Rooms with a text id exist in the new form only.
 */
import { MAX_ROOM_ID } from './room-id.ts';

/** Push URL with a roomsig (the seed's step 4). */
export interface OldRoomUrl {
  readonly form: 'old';
  readonly sdkAppId: number;
  readonly roomId: number;
  readonly userId: string;
  /** `RspBody` of the roomsig answer, as JSON text: opaque to clients. */
  readonly roomSig: string;
  /** Optional business buffer, as JSON text (`Str_uc_params`). */
  readonly bizBuf?: string;
}

/** Push URL without a roomsig. */
export interface NewRoomUrl {
  readonly form: 'new';
  readonly sdkAppId: number;
  readonly room: { readonly roomId: number } | { readonly strRoomId: string };
  readonly userId: string;
  readonly userSig: string;
  readonly privateMapKey?: string;
  /** `videocall` unless set. */
  readonly appScene?: string;
  /** 1: also send a small stream. */
  readonly encSmall?: 0 | 1;
  /** `PRO` unless set. */
  readonly cloudEnv?: string;
  /** 1: receive everything by itself (default). */
  readonly recvMode?: number;
}

/** Play URL of one user's stream, new form. */
export interface PlayRoomUrl {
  readonly form: 'play';
  readonly userId: string;
  readonly streamType: 'main' | 'aux' | 'small';
}

export type RoomUrl = OldRoomUrl | NewRoomUrl | PlayRoomUrl;

/** Longest URL that is parsed, in characters. */
const MAX_URL_CHARS = 8192;

/** The form that a client of this version takes. Versions are dotted numbers, e.g. `7.0.8`, `2.10.0`. */
export function roomUrlForm(client: { readonly wechat: string; readonly baseLibrary: string }): 'old' | 'new' {
  return atLeast(client.wechat, '7.0.8') && atLeast(client.baseLibrary, '2.10.0') ? 'new' : 'old';
}

function atLeast(version: string, wanted: string): boolean {
  const have = version.split('.').map(Number);
  const need = wanted.split('.').map(Number);
  for (let i = 0; i < need.length; i++) {
    const difference = (have[i] ?? 0) - (need[i] ?? 0);
    // A version that is no number is taken for an old client: the old form works everywhere.
    if (Number.isNaN(difference)) return false;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Writes the URL; every value is percent-encoded. */
export function buildRoomUrl(url: RoomUrl): string {
  switch (url.form) {
    case 'old':
      return withQuery('room://cloud.tencent.com', [
        ['sdkappid', String(url.sdkAppId)],
        ['roomid', String(url.roomId)],
        ['userid', url.userId],
        ['roomsig', url.roomSig],
        ['bizbuf', url.bizBuf],
      ]);
    case 'new':
      return withQuery('room://cloud.tencent.com/rtc', [
        ['sdkappid', String(url.sdkAppId)],
        'roomId' in url.room ? ['roomid', String(url.room.roomId)] : ['strroomid', url.room.strRoomId],
        ['userid', url.userId],
        ['usersig', url.userSig],
        ['appscene', url.appScene ?? 'videocall'],
        ['encsmall', String(url.encSmall ?? 0)],
        ['cloudenv', url.cloudEnv ?? 'PRO'],
        ['privatemapkey', url.privateMapKey],
        ['recvmode', String(url.recvMode ?? 1)],
      ]);
    case 'play':
      return withQuery('room://cloud.tencent.com/rtc', [
        ['userid', url.userId],
        ['streamtype', url.streamType],
      ]);
  }
}

function withQuery(base: string, pairs: readonly (readonly [string, string | undefined])[]): string {
  const query = pairs
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`);
  return `${base}?${query.join('&')}`;
}

/** Reads a `room://` URL of any of the forms; `null` for anything else. Takes hostile input. */
export function parseRoomUrl(text: string): RoomUrl | null {
  if (text.length > MAX_URL_CHARS) return null;
  const match = /^room:\/\/(?:cloud|rtc)\.tencent\.com(\/rtc)?\?(.*)$/s.exec(text);
  if (match === null) return null;
  const query = parseQuery(match[2] ?? '');
  if (query === null) return null;
  const userId = query.get('userid');
  if (userId === undefined || userId === '') return null;
  const streamType = query.get('streamtype');
  if (streamType !== undefined) {
    return streamType === 'main' || streamType === 'aux' || streamType === 'small'
      ? { form: 'play', userId, streamType }
      : null;
  }
  const sdkAppId = uint(query.get('sdkappid'));
  const roomId = uint(query.get('roomid'));
  if (sdkAppId === null) return null;
  if (match[1] === undefined) {
    const roomSig = query.get('roomsig');
    if (roomId === null || roomSig === undefined) return null;
    const bizBuf = query.get('bizbuf');
    return { form: 'old', sdkAppId, roomId, userId, roomSig, ...(bizBuf === undefined ? {} : { bizBuf }) };
  }
  const strRoomId = query.get('strroomid');
  const userSig = query.get('usersig');
  if (userSig === undefined || (roomId === null) === (strRoomId === undefined)) return null;
  const room = roomId !== null ? { roomId } : { strRoomId: strRoomId ?? '' };
  const privateMapKey = query.get('privatemapkey');
  return {
    form: 'new',
    sdkAppId,
    room,
    userId,
    userSig,
    ...(privateMapKey === undefined ? {} : { privateMapKey }),
    appScene: query.get('appscene') ?? 'videocall',
    encSmall: query.get('encsmall') === '1' ? 1 : 0,
    cloudEnv: query.get('cloudenv') ?? 'PRO',
    recvMode: uint(query.get('recvmode')) ?? 1,
  };
}

function parseQuery(text: string): Map<string, string> | null {
  const values = new Map<string, string>();
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 1) continue;
    try {
      values.set(pair.slice(0, equals), decodeURIComponent(pair.slice(equals + 1)));
    } catch {
      // A stray percent sign: not a URL that anybody built.
      return null;
    }
  }
  return values;
}

function uint(text: string | undefined): number | null {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return null;
  const value = Number(text);
  return value <= MAX_ROOM_ID ? value : null;
}
