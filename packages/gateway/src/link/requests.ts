/** What both links ask a LiveKit server, or the embedded engine, for, as messages. */
import { hostname } from 'node:os';
import {
  AddTrackRequest,
  ClientInfo,
  ClientInfo_SDK,
  ConnectionSettings,
  JoinRequest,
  SessionDescription,
  SyncState,
  TrackPublishedResponse,
  TrackType,
  UpdateSubscription,
  UpdateTrackSettings,
  VideoLayer,
  VideoQuality,
} from '@livekit/protocol';
import type { Publication } from './publication.ts';
import { sourceNumber } from './roster.ts';
import type { SignalOut } from './signal.ts';

/** The level of LiveKit's protocol that the link speaks. */
const PROTOCOL = 16;

function base(): Pick<JoinRequest, 'clientInfo' | 'connectionSettings'> {
  return {
    clientInfo: new ClientInfo({ sdk: ClientInfo_SDK.NODE, version: '1.0.0', protocol: PROTOCOL, os: hostname() }),
    connectionSettings: new ConnectionSettings({ autoSubscribe: false, adaptiveStream: false }),
  };
}

/** @param offer null where media needs none: in process. */
export function joinRequest(offer: { readonly sdp: string; readonly id: number } | null): JoinRequest {
  const join = new JoinRequest(base());
  if (offer !== null) {
    join.publisherOffer = new SessionDescription({ type: 'offer', sdp: offer.sdp, id: offer.id });
  }
  return join;
}

export function resumeRequest(participantSid: string): JoinRequest {
  return new JoinRequest({ ...base(), reconnect: true, participantSid });
}

export function offerMessage(sdp: string, id: number): SignalOut {
  return { case: 'offer', value: new SessionDescription({ type: 'offer', sdp, id }) };
}

export function addTrack({ options, cid, muted }: Pick<Publication, 'options' | 'cid' | 'muted'>): SignalOut {
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

/** Wishes for tracks; those that are not there are remembered. */
export function subscriptionMessage(trackSids: readonly string[], subscribe: boolean): SignalOut {
  return { case: 'subscription', value: new UpdateSubscription({ trackSids: [...trackSids], subscribe }) };
}

/** Subscribes and pins the highest layer, which in process comes by itself. */
export function subscribeMessages(trackSids: readonly string[]): SignalOut[] {
  return [
    subscriptionMessage(trackSids, true),
    { case: 'trackSetting', value: new UpdateTrackSettings({ trackSids: [...trackSids], quality: VideoQuality.HIGH }) },
  ];
}

/** What stood before the signal was lost (subscribed ids, since nothing is subscribed by itself). */
export function syncState(
  descriptions: { readonly offer: string; readonly answer: string },
  trackSids: readonly string[],
  publications: readonly Publication[],
): SignalOut {
  return {
    case: 'syncState',
    value: new SyncState({
      offer: new SessionDescription({ type: 'offer', sdp: descriptions.offer }),
      answer: new SessionDescription({ type: 'answer', sdp: descriptions.answer }),
      subscription: new UpdateSubscription({ trackSids: [...trackSids], subscribe: true }),
      publishTracks: publications.map(
        ({ cid, info }) => new TrackPublishedResponse({ cid, ...(info === null ? {} : { track: info }) }),
      ),
    }),
  };
}
