import { type LocalTrackPublication, type Participant, type Room, RoomEvent, Track } from 'livekit-client';
import { isPhone } from './phone.ts';

/** What phones show without transcoding. */
const PHONE_CODEC = 'h264';
const USUAL_CODEC = 'vp8';

/** Whether this browser encodes H.264 for calls. */
export function encodesH264(): boolean {
  return has(globalThis.RTCRtpSender?.getCapabilities?.('video'), `video/${PHONE_CODEC}`) === true;
}

/** Whether this browser shows a video of this kind; one that tells nothing of itself is taken to. */
export function decodes(
  mimeType: string | undefined,
  capabilities = globalThis.RTCRtpReceiver?.getCapabilities?.('video'),
): boolean {
  return mimeType === undefined || mimeType === '' || has(capabilities, mimeType.toLowerCase()) !== false;
}

function has(capabilities: RTCRtpCapabilities | null | undefined, mimeType: string): boolean | null {
  if (!capabilities) return null;
  return capabilities.codecs.some((codec) => codec.mimeType.toLowerCase() === mimeType);
}

/** What is being published again, for those who show and switch it meanwhile. */
export interface Republishing {
  /** A camera or screen is withdrawn for a moment, and comes back by itself. */
  readonly isBusy: () => boolean;
  readonly subscribe: (listener: () => void) => () => void;
  /** Resolves when what was to be published again has been. */
  settled(): Promise<void>;
}

/**
 * Publishes what phones can show: from the start where the server asks for it, and once more when a phone is there and a
 * camera or screen was published otherwise. Rooms of browsers alone keep the codec that every browser has. A browser that
 * cannot keeps what it has.
 */
export class PhoneCodec implements Republishing {
  readonly #room: Room;
  readonly #able: () => boolean;
  /** Tracks that were published again: once is enough, even if the server chose another codec after all. */
  readonly #tried = new WeakSet<Track>();
  #work: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<() => void>();
  #busy = false;

  constructor(room: Room, able: () => boolean = encodesH264) {
    this.#room = room;
    this.#able = able;
    room
      .on(RoomEvent.Connected, () => this.#check())
      .on(RoomEvent.ParticipantConnected, () => this.#check())
      .on(RoomEvent.ParticipantAttributesChanged, () => this.#check())
      .on(RoomEvent.LocalTrackPublished, () => this.#check())
      .on(RoomEvent.TrackUnmuted, (_publication, participant: Participant) => {
        if (participant.isLocal) this.#check();
      });
  }

  /** Which codec the next publications take; `null`: the usual one. */
  prefer(codec: 'h264' | null): void {
    const videoCodec = codec !== null && this.#able() ? codec : USUAL_CODEC;
    this.#room.options.publishDefaults = { ...this.#room.options.publishDefaults, videoCodec };
  }

  readonly isBusy = (): boolean => this.#busy;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  settled(): Promise<void> {
    return this.#work;
  }

  #setBusy(busy: boolean): void {
    this.#busy = busy;
    for (const listener of this.#listeners) listener();
  }

  #check(): void {
    if (![...this.#room.remoteParticipants.values()].some(isPhone) || !this.#able()) return;
    this.prefer(PHONE_CODEC);
    // One after the other: each change tells of itself by the events that lead here.
    this.#work = this.#work.then(() => this.#publishAgain());
  }

  async #publishAgain(): Promise<void> {
    const local = this.#room.localParticipant;
    for (const publication of [...local.videoTrackPublications.values()] as LocalTrackPublication[]) {
      const { track, source } = publication;
      // A camera that is off has nothing to show; it is looked at when it is on again.
      if (!track || publication.isMuted || this.#tried.has(track) || !isOtherwise(publication)) continue;
      this.#tried.add(track);
      this.#setBusy(true);
      try {
        await local.unpublishTrack(track, false);
        await local.publishTrack(track, { source, videoCodec: PHONE_CODEC });
      } catch {
        // Without a publication the picture is gone for everybody: as it was is better than none.
        await local.publishTrack(track, { source, videoCodec: USUAL_CODEC }).catch(() => {});
      } finally {
        this.#setBusy(false);
      }
    }
  }
}

function isOtherwise(publication: LocalTrackPublication): boolean {
  const { source, mimeType, options } = publication;
  if (source !== Track.Source.Camera && source !== Track.Source.ScreenShare) return false;
  // livekit-server 1.13 names no codec in its answer: then it is what was asked for.
  const sent = mimeType || (options?.videoCodec === undefined ? '' : `video/${options.videoCodec}`);
  return sent !== '' && sent.toLowerCase() !== `video/${PHONE_CODEC}`;
}
