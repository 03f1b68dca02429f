/** One remote picture and sound that can be shown: a user's camera, or his screen. */
export interface RemoteStream {
  /** `<userID>_<main|aux>`: unlike the user id it tells a screen share from a camera. */
  readonly key: string;
  readonly userId: string;
  readonly name: string;
  readonly streamType: 'main' | 'aux';
  /** For `<live-player mode="RTC">`; empty when there is nothing to play. */
  readonly playUrl: string;
  /** For `mode="live"`; empty when there is none. */
  readonly flvUrl: string;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** Why there is no picture or sound although one is sent; empty when all is well. */
  readonly missing: string;
}

export function streamKey(userId: string, streamType: 'main' | 'aux'): string {
  return `${userId}_${streamType}`;
}

/** The list as event 1020 carries it: a JSON text, the full list without oneself. */
export function userListMessage(streams: readonly RemoteStream[]): string {
  return JSON.stringify({
    userlist: streams.map((stream) => ({
      userid: stream.userId,
      playurl: stream.playUrl,
      flvurl: stream.flvUrl,
      hasvideo: stream.hasVideo,
      hasaudio: stream.hasAudio,
      streamtype: stream.streamType,
    })),
  });
}
