import { MAX_ROOM_ID, parseRoomId } from './core.ts';

/** What is wrong with a typed room number, in words that help (keys of `join.number`). */
export type RoomNumberProblem = 'empty' | 'digits' | 'leadingZero' | 'tooBig';

export type RoomNumberCheck =
  | { readonly ok: true; readonly roomId: string }
  | { readonly ok: false; readonly problem: RoomNumberProblem };

/** Checks a room number as it is typed. Full-width digits (of Chinese keyboards) and blanks around it are taken. */
export function checkRoomNumber(typed: string): RoomNumberCheck {
  const text = narrow(typed).trim();
  const roomId = parseRoomId(text);
  if (roomId !== null) return { ok: true, roomId };
  if (text === '') return { ok: false, problem: 'empty' };
  if (!/^[0-9]+$/.test(text)) return { ok: false, problem: 'digits' };
  if (text.startsWith('0')) return { ok: false, problem: 'leadingZero' };
  return { ok: false, problem: Number(text) > MAX_ROOM_ID ? 'tooBig' : 'digits' };
}

/** Longest room name, in characters, and longest display name: the server's bounds. */
export const MAX_ROOM_NAME = 64;
export const MAX_USER_NAME = 32;

/** A label that the server takes, or what is wrong with it. */
export function checkName(
  typed: string,
  longest: number,
): { readonly ok: true; readonly name: string } | { readonly ok: false; readonly problem: 'empty' | 'long' } {
  const name = typed.trim();
  if (name === '') return { ok: false, problem: 'empty' };
  return name.length > longest ? { ok: false, problem: 'long' } : { ok: true, name };
}

/** Full-width digits and blanks to plain ones; `String.normalize` is missing from some phones' engines. */
function narrow(text: string): string {
  return text
    .replace(/[\uFF10-\uFF19]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/\u3000/g, ' ');
}
