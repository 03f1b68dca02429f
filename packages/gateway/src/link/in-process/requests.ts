/** What a local session asks the engine for, as messages. */
import {
  AddTrackRequest,
  ClientInfo,
  ClientInfo_SDK,
  ConnectionSettings,
  JoinRequest,
  TrackType,
  UpdateSubscription,
  VideoLayer,
  VideoQuality,
} from '@livekit/protocol';
import { sourceNumber } from '../roster.ts';
import type { SignalOut } from '../signal.ts';
import type { Publication } from './publication.ts';

/** The level of LiveKit's protocol that the link speaks. */
const PROTOCOL = 16;

export function joinRequest(): JoinRequest {
  return new JoinRequest({
    clientInfo: new ClientInfo({ sdk: ClientInfo_SDK.NODE, version: '1.0.0', protocol: PROTOCOL }),
    connectionSettings: new ConnectionSettings({ autoSubscribe: false, adaptiveStream: false }),
  });
}

export function addTrack({ options, cid, muted }: Publication): SignalOut {
  const video = options.kind === 'video';
  const { width, height, name } = options;
  return {
    case: 'addTrack',
    value: new AddTrackRequest({
      cid,
      name,
      type: video ? TrackType.VIDEO : TrackType.AUDIO,
      source: sourceNumber(options.source),
      muted,
      width,
      height,
      layers: video ? [new VideoLayer({ quality: VideoQuality.HIGH, width, height })] : [],
      disableRed: true,
      stereo: !video,
    }),
  };
}

/** Wishes for tracks; those that are not there are remembered. Without settings the highest layer comes. */
export function subscription(trackSids: readonly string[], subscribe: boolean): SignalOut {
  return { case: 'subscription', value: new UpdateSubscription({ trackSids: [...trackSids], subscribe }) };
}
