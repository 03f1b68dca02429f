import type { PhoneChat } from '@lianmai/protocol/phone-signal';
import { fields, json, text } from './wire/values.ts';

/** Tags of `bindIMEvent`, as in the original. */
export type ImTag =
  | 'login_event'
  | 'join_group_event'
  | 'connection_event'
  | 'big_group_msg_notify'
  | 'msg_notify'
  | 'group_system_notifys'
  | 'group_info_change_notify'
  | 'kicked';

/** What `bindIMEvent` gets: `code` is an ErrorCode (0 is well), or the number of a system notice. */
export interface ImEvent {
  readonly tag: ImTag;
  readonly code: number;
  readonly detail: unknown;
}

/** A custom message of the original: three texts. With `ext` `TEXT`, `data` is a line of the conversation. */
export interface CustomMessage {
  readonly data: string;
  readonly desc: string;
  readonly ext: string;
}

/** What a failed call tells: the original's numbers. */
export interface ImFailure {
  readonly ActionStatus: 'FAIL';
  readonly ErrorCode: number;
  readonly ErrorInfo: string;
}

/** Failures of sending, by the original's numbers. */
export const IM_FAILURE = { noReceiver: -1, empty: -2, tooLong: -3, server: -4 } as const;

/** Numbers of system notices. */
export const GROUP_NOTICE = { kicked: 4, dissolved: 5 } as const;

/** Longest text that signalling takes, in UTF-16 units. */
export const MAX_CHAT_TEXT = 2_000;

export function imFailure(code: number, info: string): ImFailure {
  return { ActionStatus: 'FAIL', ErrorCode: code, ErrorInfo: info };
}

type Element =
  | { readonly type: 'TIMTextElem'; readonly content: { readonly text: string } }
  | { readonly type: 'TIMCustomElem'; readonly content: CustomMessage };

/** A message in the original's shape, as far as pages read it. */
export interface ImMessage {
  readonly elems: readonly Element[];
  readonly fromAccount: string;
  readonly fromAccountNick: string;
  readonly isSend: boolean;
  /** Tells messages apart. */
  readonly id: string;
  /** Unix seconds, as there. */
  readonly time: number;
  readonly sess: { readonly type: 'GROUP'; readonly id: string };
}

/** A line of the room's conversation as pages of the original expect it. */
export function messageOfChat(chat: PhoneChat, roomId: string, selfId: string): ImMessage {
  const custom = customOfText(chat.text);
  return {
    elems: [
      custom === null
        ? { type: 'TIMTextElem', content: { text: chat.text } }
        : { type: 'TIMCustomElem', content: custom },
    ],
    fromAccount: chat.userid,
    fromAccountNick: chat.name,
    isSend: chat.userid === selfId,
    id: chat.id,
    time: Math.floor(chat.time / 1_000),
    sess: { type: 'GROUP', id: roomId },
  };
}

/**
 * The text that carries a custom message. A line of the conversation (`ext` `TEXT`) travels as plain text, since browsers
 * read it too; any other as a JSON object of exactly the three members, by which it is known again.
 */
export function textOfCustom(message: CustomMessage): string {
  if (message.ext === 'TEXT') return message.data;
  return JSON.stringify({ data: message.data, desc: message.desc, ext: message.ext });
}

function customOfText(line: string): CustomMessage | null {
  if (!line.startsWith('{"data":')) return null;
  const value = fields(json(line, MAX_CHAT_TEXT));
  if (value === null || Object.keys(value).length !== 3) return null;
  const data = text(value['data'], MAX_CHAT_TEXT);
  const desc = text(value['desc'], MAX_CHAT_TEXT);
  const ext = text(value['ext'], MAX_CHAT_TEXT);
  return data === null || desc === null || ext === null ? null : { data, desc, ext };
}

/** Reads what a page hands in as a custom message; members that are missing are empty, as in the original. */
export function readCustom(value: unknown): CustomMessage {
  const message = fields(value);
  const part = (name: string) => (typeof message?.[name] === 'string' ? (message[name] as string) : '');
  return { data: part('data'), desc: part('desc'), ext: part('ext') };
}

/** Why a text cannot be sent; `null` when it can. */
export function refuseText(line: string): ImFailure | null {
  if (line === '') return imFailure(IM_FAILURE.empty, 'The message is empty.');
  if (line.length > MAX_CHAT_TEXT) {
    return imFailure(IM_FAILURE.tooLong, `The message is longer than ${MAX_CHAT_TEXT} characters.`);
  }
  return null;
}
