import type { MediaAccess, MediaListener, MediaPort } from '@lianmai/client-core';
import {
  ConnectionState,
  DefaultReconnectPolicy,
  type DisconnectReason,
  type LocalAudioTrack,
  type LocalTrackPublication,
  type LocalVideoTrack,
  type Participant,
  Room,
  RoomEvent,
  Track,
  type TrackPublication,
  VideoPresets,
} from 'livekit-client';
import { connectFailure, mediaEnd } from './media-end.ts';
import { PhoneCodec, type Republishing } from './phone-codec.ts';

/** What the user brings into the room. A track that was previewed is published as it is, so that the camera stays on. */
export interface Devices {
  readonly microphone: { readonly on: boolean; readonly deviceId: string; readonly track: LocalAudioTrack | null };
  readonly camera: { readonly on: boolean; readonly deviceId: string; readonly track: LocalVideoTrack | null };
}

/**
 * Pauses between the SDK's own tries to reconnect. Shorter than its usual ones: a server that restarts is back within
 * seconds, and after the last try the controller goes on by itself.
 */
const RECONNECT_PAUSES_MS = [0, 300, 700, 1_000, 1_500, 2_000, 2_000, 2_000, 3_000, 3_000, 3_000];

/** LiveKit's SDK as the controller's media connection. One room object serves the whole stay, rejoins included. */
export class LiveKitMedia implements MediaPort {
  readonly room: Room;
  #listener: MediaListener | null = null;
  #prepared: Devices | null = null;
  readonly #codec: PhoneCodec;
  readonly #on = { microphone: false, camera: false };

  constructor() {
    this.room = new Room({
      adaptiveStream: true,
      dynacast: true,
      videoCaptureDefaults: { resolution: VideoPresets.h720.resolution },
      // The controller gives the seat back when the page goes; the SDK closes the connection by itself.
      disconnectOnPageLeave: true,
      reconnectPolicy: new DefaultReconnectPolicy(RECONNECT_PAUSES_MS),
    });
    this.room
      .on(RoomEvent.ConnectionStateChanged, (state) => this.#onState(state))
      .on(RoomEvent.Disconnected, (reason) => this.#onDisconnected(reason))
      .on(RoomEvent.LocalTrackPublished, (publication) => this.#remember(publication))
      .on(RoomEvent.TrackMuted, (publication, participant) => this.#rememberMute(publication, participant))
      .on(RoomEvent.TrackUnmuted, (publication, participant) => this.#rememberMute(publication, participant));
    this.#codec = new PhoneCodec(this.room);
  }

  get republishing(): Republishing {
    return this.#codec;
  }

  /** What to publish once connected. */
  prepare(devices: Devices): void {
    this.#prepared = devices;
    this.#on.microphone = devices.microphone.on;
    this.#on.camera = devices.camera.on;
    if (devices.microphone.deviceId)
      this.room.options.audioCaptureDefaults = {
        ...this.room.options.audioCaptureDefaults,
        deviceId: devices.microphone.deviceId,
      };
    if (devices.camera.deviceId)
      this.room.options.videoCaptureDefaults = {
        ...this.room.options.videoCaptureDefaults,
        deviceId: devices.camera.deviceId,
      };
  }

  async connect(access: MediaAccess, listener: MediaListener): Promise<void> {
    this.#listener = null;
    this.#codec.prefer(access.videoCodec ?? null);
    try {
      await this.room.connect(access.url, access.token);
    } catch (error) {
      throw connectFailure(error);
    }
    this.#listener = listener;
    void this.#publish();
  }

  async disconnect(): Promise<void> {
    this.#listener = null;
    // Tracks that were previewed and never published are nobody else's to stop.
    this.#prepared?.microphone.track?.stop();
    this.#prepared?.camera.track?.stop();
    this.#prepared = null;
    await this.room.disconnect(true);
  }

  /** Publishes what is wanted. A device that fails is told by the room's MediaDevicesError event; the call goes on. */
  async #publish(): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = null;
    const local = this.room.localParticipant;
    const { microphone, camera } = this.#on;
    const audio = prepared?.microphone.track ?? null;
    const video = prepared?.camera.track ?? null;
    if (microphone) {
      await (audio
        ? local.publishTrack(audio, { source: Track.Source.Microphone })
        : local.setMicrophoneEnabled(true)
      ).catch(ignore);
    }
    if (camera) {
      await (video ? local.publishTrack(video, { source: Track.Source.Camera }) : local.setCameraEnabled(true)).catch(
        ignore,
      );
    }
  }

  #onState(state: ConnectionState): void {
    if (state === ConnectionState.Connected) this.#listener?.onReconnected();
    else if (state === ConnectionState.Reconnecting || state === ConnectionState.SignalReconnecting) {
      this.#listener?.onReconnecting();
    }
  }

  #onDisconnected(reason: DisconnectReason | undefined): void {
    const listener = this.#listener;
    if (!listener) return;
    const end = mediaEnd(reason);
    if (end === null) return;
    this.#listener = null;
    listener.onEnded(end);
  }

  #remember(publication: LocalTrackPublication): void {
    if (publication.source === Track.Source.Microphone) this.#on.microphone = !publication.isMuted;
    if (publication.source === Track.Source.Camera) this.#on.camera = !publication.isMuted;
  }

  #rememberMute(publication: TrackPublication, participant: Participant): void {
    if (!participant.isLocal || !this.#listener) return;
    if (publication.source === Track.Source.Microphone) this.#on.microphone = !publication.isMuted;
    if (publication.source === Track.Source.Camera) this.#on.camera = !publication.isMuted;
  }
}

function ignore(): void {
  // Told by the room's own events.
}
