import './network.ts';
import {
  type Participant,
  type RemoteParticipant,
  type RemoteTrackPublication,
  Room,
  RpcError,
  Track,
  type TrackPublication,
  type TrackPublishOptions,
  VideoQuality,
} from 'livekit-client';
import type { HarnessApi, ParticipantState, RoomState, Source } from '../src/harness-api.ts';
import { type Ear, makeEar } from './ear.ts';
import { eventLog, watchEvents } from './events.ts';
import { Eye } from './eye.ts';
import { network } from './network.ts';
import { makeBeacon, makePicture, makeTone, type Tone } from './sources.ts';
import { readStats } from './stats.ts';

let room: Room | null = null;
let tone: Tone | null = null;
const eyes = new Map<string, Eye>();
const ears = new Map<string, Ear>();

function current(): Room {
  if (room === null) throw new Error('not connected yet');
  return room;
}

function remote(identity: string): RemoteParticipant {
  const found = current().remoteParticipants.get(identity);
  if (found === undefined) throw new Error(`no participant ${identity} here`);
  return found;
}

function remoteTrack(identity: string, source: Source): RemoteTrackPublication {
  const found = remote(identity).getTrackPublication(source as Track.Source);
  if (found === undefined) throw new Error(`${identity} has no ${source} here`);
  return found as RemoteTrackPublication;
}

function describe(participant: Participant): ParticipantState {
  return {
    identity: participant.identity,
    sid: participant.sid,
    name: participant.name ?? '',
    metadata: participant.metadata ?? '',
    attributes: { ...participant.attributes },
    quality: participant.connectionQuality,
    speaking: participant.isSpeaking,
    audioLevel: participant.audioLevel,
    canPublish: participant.permissions?.canPublish ?? true,
    tracks: [...participant.trackPublications.values()].map((publication: TrackPublication) => ({
      sid: publication.trackSid,
      source: publication.source as Source,
      muted: publication.isMuted,
      subscribed: publication.isSubscribed,
      enabled: publication.isEnabled,
      mimeType: publication.mimeType ?? '',
      allowed: 'permissionStatus' in publication ? publication.permissionStatus === 'allowed' : true,
    })),
  };
}

async function describeRoom(): Promise<RoomState> {
  const here = current();
  return {
    connection: here.state,
    roomName: here.name,
    roomSid: here.state === 'connected' ? await here.getSid() : '',
    roomMetadata: here.metadata ?? '',
    serverVersion: here.serverInfo?.version ?? '',
    peerConnections: network.peerConnections().length,
    signalPaths: network.signalPaths(),
    local: describe(here.localParticipant),
    remote: [...here.remoteParticipants.values()].map(describe),
    speakers: here.activeSpeakers.map((speaker) => speaker.identity),
  };
}

function watchTracks(here: Room): void {
  here.on('trackSubscribed', (track, publication, participant) => {
    const key = `${participant.identity}/${publication.source}`;
    const element = track.attach();
    if (track.kind === Track.Kind.Video && element instanceof HTMLVideoElement) {
      eyes.get(key)?.close();
      eyes.set(key, new Eye(element));
    } else if (element instanceof HTMLAudioElement) {
      ears.get(key)?.close();
      ears.set(key, makeEar(element, track.mediaStreamTrack));
    }
  });
  here.on('trackUnsubscribed', (track, publication, participant) => {
    const key = `${participant.identity}/${publication.source}`;
    const watching = track.kind === Track.Kind.Video ? eyes : ears;
    watching.get(key)?.close();
    watching.delete(key);
    track.detach();
  });
}

const harness: HarnessApi = {
  async connect(spec) {
    network.setRelay(spec.mediaPort ?? 0);
    const here = new Room(spec.room);
    room = here;
    watchEvents(here);
    watchTracks(here);
    here.localParticipant.registerRpcMethod('echo', async (call) => `${call.callerIdentity}:${call.payload}`);
    here.localParticipant.registerRpcMethod('refuse', async () => {
      throw new RpcError(1234, 'refused on purpose');
    });
    await here.connect(spec.url, spec.token, spec.connect);
    return describeRoom();
  },
  async disconnect() {
    await current().disconnect();
  },
  state: describeRoom,
  async events() {
    return eventLog();
  },
  stats: readStats,

  async publishVideo(spec) {
    const options: TrackPublishOptions = {
      source: (spec.source ?? 'camera') as Track.Source,
      videoCodec: spec.codec ?? 'vp8',
      simulcast: spec.simulcast ?? false,
      backupCodec: false,
      videoEncoding: { maxBitrate: spec.maxBitrate ?? 500_000, maxFramerate: spec.fps ?? 15 },
      // Tests look at sizes: what a busy machine cannot encode costs frames, not pixels.
      degradationPreference: 'maintain-resolution',
    };
    // Unset, the screen share would take its default of 2.5 Mbit/s.
    if (spec.source === 'screen_share') options.screenShareEncoding = { maxBitrate: 500_000, maxFramerate: 15 };
    const publication = await current().localParticipant.publishTrack(makePicture(spec), options);
    return publication.trackSid;
  },
  async publishAudio(spec) {
    tone = await makeTone(spec);
    const source = (spec.source ?? 'microphone') as Track.Source;
    const publication = await current().localParticipant.publishTrack(tone.track, { source });
    return publication.trackSid;
  },
  async publishBeacon(fps) {
    const { video, audio } = makeBeacon(fps);
    const { localParticipant } = current();
    await localParticipant.publishTrack(audio, { source: Track.Source.Microphone });
    await localParticipant.publishTrack(video, {
      source: Track.Source.Camera,
      videoCodec: 'h264',
      simulcast: false,
      backupCodec: false,
      videoEncoding: { maxBitrate: 500_000, maxFramerate: fps },
    });
  },
  async unpublish(source) {
    const publication = current().localParticipant.getTrackPublication(source as Track.Source);
    if (publication?.track === undefined) throw new Error(`no own ${source}`);
    await current().localParticipant.unpublishTrack(publication.track, true);
  },
  async setMuted(source, muted) {
    const publication = current().localParticipant.getTrackPublication(source as Track.Source);
    if (publication === undefined) throw new Error(`no own ${source}`);
    if (muted) await publication.mute();
    else await publication.unmute();
  },
  async setGain(gain) {
    if (tone === null) throw new Error('no tone yet');
    tone.setGain(gain);
  },

  async look(identity, source) {
    return eyes.get(`${identity}/${source}`)?.look() ?? null;
  },
  async listen(identity, source) {
    return (await ears.get(`${identity}/${source}`)?.listen()) ?? null;
  },

  async setSubscribed(identity, source, subscribed) {
    remoteTrack(identity, source).setSubscribed(subscribed);
  },
  async setEnabled(identity, source, enabled) {
    remoteTrack(identity, source).setEnabled(enabled);
  },
  async setQuality(identity, source, quality) {
    const wanted = { low: VideoQuality.LOW, medium: VideoQuality.MEDIUM, high: VideoQuality.HIGH }[quality];
    remoteTrack(identity, source).setVideoQuality(wanted);
  },
  async setDimensions(identity, source, width, height) {
    remoteTrack(identity, source).setVideoDimensions({ width, height });
  },
  async allowSubscribers(everybody, identities) {
    current().localParticipant.setTrackSubscriptionPermissions(
      everybody,
      identities.map((participantIdentity) => ({ participantIdentity, allowAll: true })),
    );
  },

  async sendData(text, options) {
    await current().localParticipant.publishData(new TextEncoder().encode(text), {
      reliable: options.reliable,
      ...(options.topic === undefined ? {} : { topic: options.topic }),
      ...(options.to === undefined ? {} : { destinationIdentities: [...options.to] }),
    });
  },
  async sendText(text, topic, to) {
    await current().localParticipant.sendText(text, {
      topic,
      ...(to === undefined ? {} : { destinationIdentities: [...to] }),
    });
  },
  async sendBytes(size, topic) {
    const writer = await current().localParticipant.streamBytes({ name: 'bytes', topic, totalSize: size });
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 255);
    await writer.write(bytes);
    await writer.close();
  },
  async rpc(identity, method, payload) {
    try {
      return await current().localParticipant.performRpc({ destinationIdentity: identity, method, payload });
    } catch (error) {
      if (error instanceof RpcError) return `error ${error.code}: ${error.message}`;
      throw error;
    }
  },

  async setMetadata(metadata) {
    await current().localParticipant.setMetadata(metadata);
  },
  async setName(name) {
    await current().localParticipant.setName(name);
  },
  async setAttributes(attributes) {
    await current().localParticipant.setAttributes({ ...attributes });
  },
  async simulate(scenario) {
    await current().simulateScenario(scenario as Parameters<Room['simulateScenario']>[0]);
  },
};

Object.assign(globalThis, { harness });
