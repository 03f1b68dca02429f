/** Bits of the privilege map inside a privateMapKey (Tencent's "room permission protection"). */
export const PRIVILEGE = {
  createRoom: 1,
  enterRoom: 2,
  sendAudio: 4,
  receiveAudio: 8,
  sendVideo: 16,
  receiveVideo: 32,
  sendSubStream: 64,
  receiveSubStream: 128,
} as const;

/** Every bit set. */
export const ALL_PRIVILEGES = 255;

/** Whether the map holds every one of the bits. */
export function hasPrivilege(map: number, bits: number): boolean {
  return (map & bits) === bits;
}

/** LiveKit's names of track sources, as they stand in a token's `canPublishSources`. */
export type PublishSource = 'camera' | 'microphone' | 'screen_share' | 'screen_share_audio';

/** What a privilege map allows in the media room, in the words of a LiveKit token. */
export interface MediaGrants {
  readonly roomCreate: boolean;
  readonly roomJoin: boolean;
  readonly canPublish: boolean;
  readonly canPublishSources: readonly PublishSource[];
  readonly canPublishData: boolean;
  /** LiveKit has one grant for all kinds: true when any receive bit is set; see {@link deniedSubscriptions}. */
  readonly canSubscribe: boolean;
}

/** Maps privilege bits to LiveKit grants (design §4). A user who may enter may chat, whatever he may send. */
export function mediaGrants(map: number): MediaGrants {
  const sources: PublishSource[] = [];
  if (hasPrivilege(map, PRIVILEGE.sendVideo)) sources.push('camera');
  if (hasPrivilege(map, PRIVILEGE.sendAudio)) sources.push('microphone');
  if (hasPrivilege(map, PRIVILEGE.sendSubStream)) sources.push('screen_share', 'screen_share_audio');
  const receive = PRIVILEGE.receiveAudio | PRIVILEGE.receiveVideo | PRIVILEGE.receiveSubStream;
  return {
    roomCreate: hasPrivilege(map, PRIVILEGE.createRoom),
    roomJoin: hasPrivilege(map, PRIVILEGE.enterRoom),
    canPublish: sources.length > 0,
    canPublishSources: sources,
    canPublishData: hasPrivilege(map, PRIVILEGE.enterRoom),
    canSubscribe: (map & receive) !== 0,
  };
}

/** Kinds of track that a user who may receive something must still not receive. */
export type DeniedSubscription = 'audio' | 'video' | 'screen';

/**
 * The receive bits a user lacks. LiveKit tokens cannot say "audio only", so the token carries this list as the
 * attribute `lianmai.deny` (comma-separated), which the embedded engine enforces.
 */
export function deniedSubscriptions(map: number): readonly DeniedSubscription[] {
  const denied: DeniedSubscription[] = [];
  if (!hasPrivilege(map, PRIVILEGE.receiveAudio)) denied.push('audio');
  if (!hasPrivilege(map, PRIVILEGE.receiveVideo)) denied.push('video');
  if (!hasPrivilege(map, PRIVILEGE.receiveSubStream)) denied.push('screen');
  return denied;
}

/** Name of the token attribute that carries {@link deniedSubscriptions}. */
export const DENY_ATTRIBUTE = 'lianmai.deny';
