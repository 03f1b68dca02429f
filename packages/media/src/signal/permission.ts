/** What a participant may do: from its token, later changed by the server API. */
import { ParticipantInfo_Kind, ParticipantPermission, TrackSource, TrackType } from '@livekit/protocol';

export interface Permission {
  readonly canSubscribe: boolean;
  readonly canPublish: boolean;
  readonly canPublishData: boolean;
  /** Empty = every source. */
  readonly canPublishSources: readonly TrackSource[];
  readonly canUpdateMetadata: boolean;
  readonly canSubscribeMetrics: boolean;
  readonly hidden: boolean;
  readonly recorder: boolean;
  readonly agent: boolean;
}

export function permissionToProto(permission: Permission): ParticipantPermission {
  return new ParticipantPermission({
    canSubscribe: permission.canSubscribe,
    canPublish: permission.canPublish,
    canPublishData: permission.canPublishData,
    canPublishSources: [...permission.canPublishSources],
    canUpdateMetadata: permission.canUpdateMetadata,
    canSubscribeMetrics: permission.canSubscribeMetrics,
    hidden: permission.hidden,
    recorder: permission.recorder,
    agent: permission.agent,
  });
}

export function permissionFromProto(proto: ParticipantPermission): Permission {
  return {
    canSubscribe: proto.canSubscribe,
    canPublish: proto.canPublish,
    canPublishData: proto.canPublishData,
    canPublishSources: [...new Set(proto.canPublishSources)],
    canUpdateMetadata: proto.canUpdateMetadata,
    canSubscribeMetrics: proto.canSubscribeMetrics,
    hidden: proto.hidden,
    recorder: proto.recorder,
    agent: proto.agent,
  };
}

/** An agent, a recorder or an egress: there for others, not for itself. */
export function isDependent(kind: ParticipantInfo_Kind, permission: Permission): boolean {
  if (kind === ParticipantInfo_Kind.AGENT || kind === ParticipantInfo_Kind.EGRESS) return true;
  return permission.agent || permission.recorder;
}

export function mayPublish(permission: Permission, source: TrackSource): boolean {
  if (!permission.canPublish) return false;
  if (permission.canPublishSources.length === 0) return true;
  // UNKNOWN in the list stands for a name that we do not know; a client that names no source is not meant by it.
  return source !== TrackSource.UNKNOWN && permission.canPublishSources.includes(source);
}

/**
 * Whether the attribute `lianmai.deny` (`audio,video,screen`, comma-separated) keeps a track from a viewer. `screen` is
 * both halves of a screen share; `audio` and `video` are everything else of that kind.
 */
export function isDenied(deny: string | undefined, source: TrackSource, type: TrackType): boolean {
  if (!deny) return false;
  const words = deny.split(',', 8);
  const screen = source === TrackSource.SCREEN_SHARE || source === TrackSource.SCREEN_SHARE_AUDIO;
  const kind = screen ? 'screen' : type === TrackType.AUDIO ? 'audio' : 'video';
  return words.some((word) => word.trim() === kind);
}
