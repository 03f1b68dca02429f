import {
  CLIENT_ATTRIBUTE,
  DENY_ATTRIBUTE,
  deniedSubscriptions,
  type MediaGrants,
  mediaGrants,
  PHONE_CLIENT,
  type PublishSource,
} from '@lianmai/protocol';
import { TrackSource } from '@livekit/protocol';
import { AccessToken } from 'livekit-server-sdk';
import type { KeyPair } from '../identity/server-key.ts';

const SOURCES: Readonly<Record<PublishSource, TrackSource>> = {
  camera: TrackSource.CAMERA,
  microphone: TrackSource.MICROPHONE,
  screen_share: TrackSource.SCREEN_SHARE,
  screen_share_audio: TrackSource.SCREEN_SHARE_AUDIO,
};

/** For whom a media token is, and what he may do. */
export interface MediaTokenClaims {
  /** Name of the media room. */
  readonly room: string;
  readonly userId: string;
  readonly userName: string;
  /** Privilege bits. */
  readonly privileges: number;
  readonly lifeSeconds: number;
}

/**
 * Makes the LiveKit token a participant joins with.
 *
 * The grant `roomCreate` is left out whatever the bits say: in LiveKit's server API it lets its holder make and delete
 * any room. That the first ticket may create the room is checked at the roomsig door; the media room follows by itself.
 * `canUpdateOwnMetadata` stays off, or a participant could rewrite the attribute that denies subscriptions.
 */
export function mediaToken(keys: KeyPair, claims: MediaTokenClaims): Promise<string> {
  const grants = mediaGrants(claims.privileges);
  const denied = deniedSubscriptions(claims.privileges);
  const token = new AccessToken(keys.key, keys.secret, {
    identity: claims.userId,
    name: claims.userName,
    ttl: claims.lifeSeconds,
    ...(denied.length > 0 ? { attributes: { [DENY_ATTRIBUTE]: denied.join(',') } } : {}),
  });
  token.addGrant({
    room: claims.room,
    roomJoin: grants.roomJoin,
    canPublish: grants.canPublish,
    canPublishSources: sourcesOf(grants),
    canPublishData: grants.canPublishData,
    canSubscribe: grants.canSubscribe,
  });
  return token.toJwt();
}

/**
 * The token of a phone's participant: it publishes under the phone's name and writes chat. It subscribes nothing (the hidden
 * participant of {@link watcherToken} watches for all phones), and tells by an attribute what kind of client it is.
 */
export function phoneToken(keys: KeyPair, claims: MediaTokenClaims): Promise<string> {
  const grants = mediaGrants(claims.privileges);
  const token = new AccessToken(keys.key, keys.secret, {
    identity: claims.userId,
    name: claims.userName,
    ttl: claims.lifeSeconds,
    attributes: { [CLIENT_ATTRIBUTE]: PHONE_CLIENT },
  });
  token.addGrant({
    room: claims.room,
    roomJoin: grants.roomJoin,
    canPublish: grants.canPublish,
    canPublishSources: sourcesOf(grants),
    canPublishData: grants.canPublishData,
    canSubscribe: false,
  });
  return token.toJwt();
}

/** The token of the gateway's own participant in a room: nobody sees it, it sends nothing, and it receives everything. */
export function watcherToken(
  keys: KeyPair,
  claims: { readonly room: string; readonly identity: string; readonly lifeSeconds: number },
): Promise<string> {
  const token = new AccessToken(keys.key, keys.secret, { identity: claims.identity, ttl: claims.lifeSeconds });
  token.addGrant({
    room: claims.room,
    roomJoin: true,
    canPublish: false,
    canPublishData: false,
    canSubscribe: true,
    hidden: true,
  });
  return token.toJwt();
}

function sourcesOf(grants: MediaGrants): TrackSource[] {
  return grants.canPublishSources.map((source) => SOURCES[source]);
}
