/**
 * Frames of the signalling WebSocket, checked by hand: the schemas of the protocol stay out of the mini program, their types
 * do not. Unknown types and members are ignored, so that the server may learn more.
 */
import type {
  LeaveReason,
  PhoneChat,
  PhoneEvent,
  PhoneStream,
  PhoneUrls,
  Roster,
} from '@lianmai/protocol/phone-signal';
import {
  bool,
  type Fields,
  fields,
  integer,
  json,
  list,
  MAX_NAME,
  MAX_PEOPLE,
  MAX_URL,
  MAX_USER_ID,
  oneOf,
  text,
} from './values.ts';

/** Longest frame that is read, in characters: a full room with long URLs is a twentieth of it. */
const MAX_FRAME = 1_000_000;
const MAX_CHAT = 500;
const MAX_MESSAGE = 4_000;

const LEAVE_REASONS = ['left', 'kicked', 'lost', 'duplicate', 'dissolved', 'server-restart'] as const;
const END_REASONS = [
  'kicked',
  'dissolved',
  'duplicate',
  'left',
  'expired',
  'encrypted',
  'server-restart',
  'refused',
] as const;
const QUALITIES = ['excellent', 'good', 'poor', 'lost'] as const;
const KINDS = ['audio', 'video'] as const;
const MISSING = ['video-codec', 'audio-codec', 'encrypted', 'not-allowed'] as const;

/** The frame, or `null` for what is malformed, too long or of an unknown type. Takes hostile input. */
export function parsePhoneEvent(frame: string): PhoneEvent | null {
  const value = fields(json(frame, MAX_FRAME));
  const type = value === null ? null : text(value['type'], 32);
  if (value === null || type === null || !isKnown(type)) return null;
  return READERS[type](value);
}

function isKnown(type: string): type is PhoneEvent['type'] {
  return KNOWN.has(type);
}

type Readers = { readonly [T in PhoneEvent['type']]: (value: Fields) => Extract<PhoneEvent, { type: T }> | null };

const READERS: Readers = {
  welcome(value) {
    const self = fields(value['self']);
    const userid = text(self?.['userid'], MAX_USER_ID);
    const name = text(self?.['name'], MAX_NAME);
    const privileges = integer(self?.['privileges']);
    const roomid = text(value['roomid'], 32);
    const ownerid = text(value['ownerid'], MAX_USER_ID);
    const roster = readRoster(value['roster']);
    const urls = readUrls(value['urls']);
    const chat = list(value['chat'], MAX_CHAT, readChat);
    const mutes = fields(value['muted']);
    const audio = bool(mutes?.['audio']);
    const video = bool(mutes?.['video']);
    const idleMs = integer(value['idleMs']);
    if (userid === null || name === null || privileges === null || roomid === null || ownerid === null) return null;
    if (roster === null || urls === null || chat === null || audio === null || video === null || idleMs === null) {
      return null;
    }
    const muted = { audio, video };
    return { type: 'welcome', self: { userid, name, privileges }, roomid, ownerid, roster, urls, chat, muted, idleMs };
  },
  roster(value) {
    const roster = readRoster(value['roster']);
    const renewed = bool(value['renewed']);
    const joined = list(value['joined'], MAX_PEOPLE, (item) => text(item, MAX_USER_ID));
    const left = list(value['left'], MAX_PEOPLE, readLeaver);
    if (roster === null || renewed === null || joined === null || left === null) return null;
    return { type: 'roster', roster, renewed, joined, left };
  },
  owner(value) {
    const ownerid = text(value['ownerid'], MAX_USER_ID);
    return ownerid === null ? null : { type: 'owner', ownerid };
  },
  chat(value) {
    const message = readChat(value['message']);
    return message === null ? null : { type: 'chat', message };
  },
  quality(value) {
    const userid = text(value['userid'], MAX_USER_ID);
    const quality = oneOf(value['quality'], QUALITIES);
    return userid === null || quality === null ? null : { type: 'quality', userid, quality };
  },
  urls(value) {
    const urls = readUrls(value['urls']);
    return urls === null ? null : { type: 'urls', urls };
  },
  muted(value) {
    const kind = oneOf(value['kind'], KINDS);
    const muted = bool(value['muted']);
    return kind === null || muted === null ? null : { type: 'muted', kind, muted };
  },
  push(value) {
    const state = oneOf(value['state'], ['started', 'ended'] as const);
    const reason = text(value['reason'], MAX_MESSAGE);
    return state === null || reason === null ? null : { type: 'push', state, reason };
  },
  refused(value) {
    const door = oneOf(value['door'], ['push', 'play'] as const);
    const said = readCode(value);
    return door === null || said === null ? null : { type: 'refused', door, ...said };
  },
  notice(value) {
    const said = readCode(value);
    return said === null ? null : { type: 'notice', ...said };
  },
  reply(value) {
    const id = integer(value['id']);
    const said = readCode(value);
    return id === null || said === null ? null : { type: 'reply', id, ...said };
  },
  pong() {
    return { type: 'pong' };
  },
  ended(value) {
    const reason = oneOf(value['reason'], END_REASONS);
    const said = readCode(value);
    return reason === null || said === null ? null : { type: 'ended', reason, ...said };
  },
};

/** `Object.hasOwn` is missing from iOS before 15.4. */
const KNOWN: ReadonlySet<string> = new Set(Object.keys(READERS));

function readCode(value: Fields): { code: number; message: string } | null {
  const code = integer(value['code']);
  const message = text(value['message'], MAX_MESSAGE);
  return code === null || message === null ? null : { code, message };
}

function readRoster(value: unknown): Roster | null {
  const roster = fields(value);
  const version = integer(roster?.['version']);
  const userlist = list(roster?.['userlist'], MAX_PEOPLE, readStream);
  return version === null || userlist === null ? null : { version, userlist };
}

function readStream(item: unknown): PhoneStream | null {
  const value = fields(item);
  if (value === null) return null;
  const userid = text(value['userid'], MAX_USER_ID);
  const name = text(value['name'], MAX_NAME);
  const playurl = text(value['playurl'], MAX_URL);
  const flvurl = text(value['flvurl'], MAX_URL);
  const hasvideo = bool(value['hasvideo']);
  const hasaudio = bool(value['hasaudio']);
  const streamtype = oneOf(value['streamtype'], ['main', 'aux'] as const);
  if (userid === null || name === null || playurl === null || flvurl === null) return null;
  if (hasvideo === null || hasaudio === null || streamtype === null) return null;
  const missing = oneOf(value['missing'], MISSING);
  const stream = { userid, name, playurl, flvurl, hasvideo, hasaudio, streamtype };
  return missing === null ? stream : { ...stream, missing };
}

function readLeaver(item: unknown): { userid: string; reason: LeaveReason } | null {
  const value = fields(item);
  const userid = text(value?.['userid'], MAX_USER_ID);
  // A reason that is not known yet must not hide that somebody went.
  const reason = oneOf(value?.['reason'], LEAVE_REASONS) ?? 'left';
  return userid === null ? null : { userid, reason };
}

function readUrls(item: unknown): PhoneUrls | null {
  const value = fields(item);
  const pushUrl = text(value?.['pushUrl'], MAX_URL);
  const signalUrl = text(value?.['signalUrl'], MAX_URL);
  const expiresAt = integer(value?.['expiresAt']);
  return pushUrl === null || signalUrl === null || expiresAt === null ? null : { pushUrl, signalUrl, expiresAt };
}

function readChat(item: unknown): PhoneChat | null {
  const value = fields(item);
  const id = text(value?.['id'], 128);
  const userid = text(value?.['userid'], MAX_USER_ID);
  const name = text(value?.['name'], MAX_NAME);
  const said = text(value?.['text'], 8_000);
  const time = integer(value?.['time']);
  if (id === null || userid === null || name === null || said === null || time === null) return null;
  return { id, userid, name, text: said, time };
}
