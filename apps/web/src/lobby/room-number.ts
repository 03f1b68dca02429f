import { MAX_ROOM_ID, parseRoomId } from '@lianmai/protocol';

/** What is wrong with a typed room number, in words that help (keys of `lobby.number`). */
export type RoomNumberProblem = 'empty' | 'digits' | 'leading-zero' | 'too-big';

export type RoomNumberCheck =
  | { readonly ok: true; readonly roomId: string }
  | { readonly ok: false; readonly problem: RoomNumberProblem };

/** Checks a room number as it is typed. Full-width digits (of Chinese keyboards) and blanks around it are taken. */
export function checkRoomNumber(typed: string): RoomNumberCheck {
  const text = typed.normalize('NFKC').trim();
  const roomId = parseRoomId(text);
  if (roomId !== null) return { ok: true, roomId };
  if (text === '') return { ok: false, problem: 'empty' };
  if (!/^[0-9]+$/.test(text)) return { ok: false, problem: 'digits' };
  if (text.startsWith('0')) return { ok: false, problem: 'leading-zero' };
  return { ok: false, problem: Number(text) > MAX_ROOM_ID ? 'too-big' : 'digits' };
}
