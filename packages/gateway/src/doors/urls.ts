/** The URLs a phone is handed: a pure function of who, what and until when, so that the same list gives the same URLs. */
import { buildStreamName, PHONE_SIGNAL_PATH, type PhoneUrls, STREAM_APP } from '@lianmai/protocol';
import { type StreamTicket, signStreamTicket } from '@lianmai/tickets';
import type { Tracks } from '../stream/types.ts';
import type { PublicBases } from '../types.ts';

/** For whom URLs are made. */
export interface UrlHolder {
  readonly sdkAppId: number;
  readonly roomId: string;
  readonly userId: string;
  readonly privileges: number;
  readonly bases: PublicBases;
  /** Unix seconds. */
  readonly expiresAt: number;
}

const BOTH: Tracks = { video: true, audio: true };

/** Push and signalling URLs of a phone. */
export function phoneUrls(key: Uint8Array, holder: UrlHolder): PhoneUrls {
  const stream = buildStreamName(holder);
  const push = signStreamTicket(key, own(holder, 'push'));
  const signal = signStreamTicket(key, own(holder, 'signal'));
  return {
    pushUrl: `${holder.bases.rtmp}/${STREAM_APP}/${stream}?${push}`,
    signalUrl: `${holder.bases.http.replace(/^http/, 'ws')}${PHONE_SIGNAL_PATH}?ticket=${signal}`,
    expiresAt: holder.expiresAt * 1000,
  };
}

/** Play URLs of somebody's stream for a phone; empty when there is nothing to play. */
export function playUrls(
  key: Uint8Array,
  holder: UrlHolder,
  stream: { readonly userId: string; readonly streamType: 'main' | 'aux'; readonly tracks: Tracks },
): { readonly playurl: string; readonly flvurl: string } {
  if (!stream.tracks.video && !stream.tracks.audio) return { playurl: '', flvurl: '' };
  const { sdkAppId, roomId, privileges, bases, expiresAt } = holder;
  const ticket = signStreamTicket(key, {
    direction: 'play',
    sdkAppId,
    roomId,
    userId: stream.userId,
    viewerId: holder.userId,
    privileges,
    streamType: stream.streamType,
    tracks: stream.tracks,
    expiresAt,
  });
  const name = buildStreamName({ sdkAppId, roomId, userId: stream.userId });
  return {
    playurl: `${bases.rtmp}/${STREAM_APP}/${name}?${ticket}`,
    flvurl: `${bases.http}/${STREAM_APP}/${name}.flv?${ticket}`,
  };
}

function own(holder: UrlHolder, direction: 'push' | 'signal'): StreamTicket {
  const { sdkAppId, roomId, userId, privileges, expiresAt } = holder;
  return {
    direction,
    sdkAppId,
    roomId,
    userId,
    viewerId: userId,
    privileges,
    streamType: 'main',
    tracks: BOTH,
    expiresAt,
  };
}
