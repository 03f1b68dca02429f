/** Who is there and what they send, and what of it one phone is shown. Pure. */
import { hasPrivilege, type PhoneStream, PRIVILEGE } from '@lianmai/protocol';
import type { Tracks } from '../stream/types.ts';

/** One stream of somebody in the room. */
export interface StreamState {
  readonly userId: string;
  readonly name: string;
  readonly streamType: 'main' | 'aux';
  /** What flows now; a muted microphone flows as silence. */
  readonly tracks: Tracks;
  /** The sound that flows is silence. */
  readonly muted: boolean;
  /** Why something that is published does not flow. */
  readonly missing: 'video-codec' | 'audio-codec' | 'encrypted' | null;
}

/** Somebody who is there and sends nothing is an entry without tracks. */
export function silent(userId: string, name: string): StreamState {
  return { userId, name, streamType: 'main', tracks: { video: false, audio: false }, muted: false, missing: null };
}

/** What a phone with these privileges may have of a stream. */
function allowedTracks(privileges: number, streamType: 'main' | 'aux', tracks: Tracks): Tracks {
  const may = (bit: number) => hasPrivilege(privileges, bit);
  if (streamType === 'aux') {
    const screen = may(PRIVILEGE.receiveSubStream);
    return { video: tracks.video && screen, audio: tracks.audio && screen };
  }
  return {
    video: tracks.video && may(PRIVILEGE.receiveVideo),
    audio: tracks.audio && may(PRIVILEGE.receiveAudio),
  };
}

/** The entry of one stream for one phone. */
export function entry(
  stream: StreamState,
  privileges: number,
  urls: (tracks: Tracks) => { readonly playurl: string; readonly flvurl: string },
): PhoneStream {
  const tracks = allowedTracks(privileges, stream.streamType, stream.tracks);
  const withheld = tracks.video !== stream.tracks.video || tracks.audio !== stream.tracks.audio;
  const missing = stream.missing ?? (withheld ? 'not-allowed' : null);
  return {
    userid: stream.userId,
    name: stream.name,
    ...urls(tracks),
    hasvideo: tracks.video,
    hasaudio: tracks.audio && !stream.muted,
    streamtype: stream.streamType,
    ...(missing === null ? {} : { missing }),
  };
}

/** Users who came and who went between two lists. */
export function difference(
  before: readonly StreamState[],
  after: readonly StreamState[],
): { readonly joined: readonly string[]; readonly left: readonly string[] } {
  const old = new Set(before.map((stream) => stream.userId));
  const now = new Set(after.map((stream) => stream.userId));
  return {
    joined: [...now].filter((user) => !old.has(user)),
    left: [...old].filter((user) => !now.has(user)),
  };
}

/** Whether two lists say the same, so that nobody is told of nothing. */
export function sameRoster(a: readonly StreamState[], b: readonly StreamState[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        one.userId === other.userId &&
        one.name === other.name &&
        one.streamType === other.streamType &&
        one.missing === other.missing &&
        one.muted === other.muted &&
        one.tracks.video === other.tracks.video &&
        one.tracks.audio === other.tracks.audio
      );
    })
  );
}
