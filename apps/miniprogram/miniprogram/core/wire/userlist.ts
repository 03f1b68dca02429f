import { type RemoteStream, streamKey } from '../members/stream.ts';
import { bool, type Fields, fields, json, MAX_PEOPLE, MAX_URL, MAX_USER_ID, oneOf, text } from './values.ts';

/** Longest message of a list event that is read, in characters. */
const MAX_MESSAGE = 1_000_000;

/** One entry of a list event; members that an event does not carry are absent. */
export interface UserListEntry {
  readonly userId: string;
  readonly streamType: 'main' | 'aux';
  readonly playUrl?: string;
  readonly hasVideo?: boolean;
  readonly hasAudio?: boolean;
}

/**
 * Reads `detail.message` of events 1020 and 1031–1034. Some clients hand the object itself instead of its JSON text. An
 * entry that cannot be read is left out: one odd member must not hide the others. `null` when it is no list at all.
 */
export function parseUserList(message: unknown): UserListEntry[] | null {
  const value = typeof message === 'string' ? json(message, MAX_MESSAGE) : message;
  const users = fields(value)?.['userlist'];
  if (!Array.isArray(users)) return null;
  const entries = new Map<string, UserListEntry>();
  for (const user of users.slice(0, MAX_PEOPLE)) {
    const entry = readEntry(fields(user));
    if (entry !== null) entries.set(streamKey(entry.userId, entry.streamType), entry);
  }
  return [...entries.values()];
}

function readEntry(user: Fields | null): UserListEntry | null {
  const userId = text(user?.['userid'], MAX_USER_ID);
  if (user === null || userId === null || userId === '') return null;
  const playUrl = text(user['playurl'], MAX_URL);
  const hasVideo = bool(user['hasvideo']);
  const hasAudio = bool(user['hasaudio']);
  return {
    userId,
    streamType: oneOf(user['streamtype'], ['main', 'aux']) ?? 'main',
    ...(playUrl === null ? {} : { playUrl }),
    ...(hasVideo === null ? {} : { hasVideo }),
    ...(hasAudio === null ? {} : { hasAudio }),
  };
}

/** The full list of event 1020, which says nothing of tracks: both are taken to be there. */
export function streamsOfUserList(entries: readonly UserListEntry[]): RemoteStream[] {
  return entries.map((entry) => streamOf(entry, { hasVideo: true, hasAudio: true }));
}

function streamOf(
  entry: UserListEntry,
  before: { readonly hasVideo: boolean; readonly hasAudio: boolean; readonly playUrl?: string },
): RemoteStream {
  return {
    key: streamKey(entry.userId, entry.streamType),
    userId: entry.userId,
    name: entry.userId,
    streamType: entry.streamType,
    playUrl: entry.playUrl ?? before.playUrl ?? '',
    flvUrl: '',
    hasVideo: entry.hasVideo ?? before.hasVideo,
    hasAudio: entry.hasAudio ?? before.hasAudio,
    missing: '',
  };
}

/** Streams after an event 1031–1034, which tell changes instead of the list. */
export function applyListChange(
  streams: readonly RemoteStream[],
  change: 'enter' | 'exit' | 'video' | 'audio',
  entries: readonly UserListEntry[],
): RemoteStream[] {
  let next = [...streams];
  for (const entry of entries) {
    const key = streamKey(entry.userId, entry.streamType);
    const at = next.findIndex((stream) => stream.key === key);
    const before = next[at];
    if (change === 'exit') {
      next = next.filter((stream) => stream.userId !== entry.userId);
    } else if (change === 'video' && entry.streamType === 'aux' && entry.hasVideo === false) {
      // A screen share that is over leaves no tile behind; its owner's own stream stays.
      next = next.filter((stream) => stream.key !== key);
    } else if (before === undefined) {
      next.push(streamOf(entry, { hasVideo: false, hasAudio: false }));
    } else if (change !== 'enter') {
      next[at] = streamOf(entry, before);
    }
  }
  return next;
}
