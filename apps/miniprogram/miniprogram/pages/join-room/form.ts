import type { Words } from '../../i18n/index.ts';
import type { RoomQuery } from '../../services/entry.ts';
import { checkName, checkRoomNumber, MAX_ROOM_NAME, MAX_USER_NAME } from '../../services/room-number.ts';

export type JoinMode = 'number' | 'name';

export interface JoinForm {
  readonly mode: JoinMode;
  readonly number: string;
  readonly name: string;
  /** `null` where nobody is asked for it. */
  readonly userName: string | null;
}

/** Where to go, or what is wrong with each field, in words (empty: nothing). */
export type JoinCheck =
  | { readonly ok: true; readonly query: RoomQuery; readonly userName: string }
  | { readonly ok: false; readonly room: string; readonly user: string };

/** Checks what was typed as the server would. */
export function checkJoin(form: JoinForm, words: Words['join']): JoinCheck {
  let room = '';
  let query: RoomQuery = {};
  if (form.mode === 'number') {
    const check = checkRoomNumber(form.number);
    if (check.ok) query = { roomID: check.roomId };
    else room = words.number[check.problem];
  } else {
    const check = checkName(form.name, MAX_ROOM_NAME);
    if (check.ok) query = { roomName: check.name };
    else room = words.name[check.problem];
  }
  let user = '';
  let userName = '';
  if (form.userName !== null) {
    const check = checkName(form.userName, MAX_USER_NAME);
    if (check.ok) userName = check.name;
    else user = words.user[check.problem];
  }
  return room === '' && user === '' ? { ok: true, query, userName } : { ok: false, room, user };
}
