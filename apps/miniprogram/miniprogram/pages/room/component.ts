import type { RoomEvent } from '../../core/events.ts';
import type { ImEvent } from '../../core/im.ts';
import type { RoomStatus } from '../../core/room/status.ts';
import type { ChatLine, RoomSignal } from './signals.ts';

const JOINED = 11;

/** `bindRoomEvent`, as the page understands it; `null` for what it need not know. */
export function signalOfRoomEvent(event: RoomEvent): RoomSignal | null {
  if (event.tag === 'ok') return event.code === JOINED ? { type: 'joined' } : null;
  const cause = event.cause === undefined ? null : { reason: event.cause.reason, code: event.cause.code };
  return { type: 'failed', code: event.code, cause };
}

/** `bindIMEvent`: lines of the conversation; login and group events say nothing to a user. */
export function signalOfImEvent(event: ImEvent): RoomSignal | null {
  if (event.tag !== 'big_group_msg_notify' || !Array.isArray(event.detail)) return null;
  const lines = event.detail.flatMap(readLine);
  return lines.length === 0 ? null : { type: 'chat', lines };
}

/** A message in the original's shape. Custom messages of the application's own are none of this page's. */
function readLine(value: unknown): ChatLine[] {
  const message = value as {
    readonly id?: unknown;
    readonly fromAccount?: unknown;
    readonly fromAccountNick?: unknown;
    readonly elems?: readonly { readonly type?: unknown; readonly content?: { readonly text?: unknown } }[];
  };
  const text = message.elems?.find((element) => element.type === 'TIMTextElem')?.content?.text;
  if (typeof text !== 'string' || typeof message.fromAccount !== 'string') return [];
  const { id, fromAccount: userId, fromAccountNick: nick } = message;
  return [{ id: String(id), userId, name: typeof nick === 'string' && nick !== '' ? nick : userId, text }];
}

/** `bindStateEvent` tells everything each time; this tells what of it is new. */
export class StatusReader {
  #before: RoomStatus | null = null;

  read(status: RoomStatus): RoomSignal[] {
    const before = this.#before;
    this.#before = status;
    const signals: RoomSignal[] = [];
    if (status.phase !== 'in') return signals;
    const { trouble } = status;
    if (trouble !== (before?.trouble ?? '')) signals.push({ type: 'trouble', trouble });
    if (status.ownerID !== '' && status.ownerID !== before?.ownerID) {
      signals.push({ type: 'owner', userId: status.ownerID });
    }
    for (const kind of ['audio', 'video'] as const) {
      const on = status.mutedByOwner[kind];
      if (on !== (before?.mutedByOwner[kind] ?? false)) signals.push({ type: 'muted', kind, on });
    }
    const people = JSON.stringify(status.members);
    if (before === null || before.phase !== 'in' || people !== JSON.stringify(before.members)) {
      signals.push({
        type: 'people',
        streams: status.members.map((member) => ({ ...member, userId: member.userID })),
      });
    }
    const { notice } = status;
    if (notice !== null && JSON.stringify(notice) !== JSON.stringify(before?.notice ?? null)) {
      signals.push({ type: 'notice', code: 0, cause: { reason: notice.reason, code: notice.code } });
    }
    return signals;
  }
}
