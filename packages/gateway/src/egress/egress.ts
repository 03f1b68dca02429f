/** The camera and microphone of one participant as the units of one broadcast. */

import type { RemoteTrack } from '../link/types.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';
import { ReceiveTimeline } from '../timeline/receive-timeline.ts';
import { aacConfig } from './aac-config.ts';
import { AudioFeed } from './audio-feed.ts';
import { AudioTrack } from './audio-track.ts';
import type { Egress, EgressOptions } from './types.ts';
import { VideoTrack } from './video-track.ts';

/** How long sound waits for the first picture, so that both begin together. */
const pictureWaitMs = 2_000;
/** How long the first packet of sound is waited for before silence begins. */
const soundWaitMs = 300;

/** Makes the egress of one participant and kind of stream. Nothing is subscribed before {@link Egress.add}. */
export function createEgress(options: EgressOptions): Egress {
  return new ParticipantEgress(options);
}

class ParticipantEgress implements Egress {
  readonly #options: EgressOptions;
  readonly #timeline: ReceiveTimeline;
  readonly #feed: AudioFeed;
  #video: VideoTrack | null = null;
  #audio: AudioTrack | null = null;
  #addedAt = 0;
  #lastVideoMs = -1;
  #lastAudioMs = -1;
  #closed = false;

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#timeline = new ReceiveTimeline(options.beginMs);
    this.#feed = new AudioFeed({
      codecs: options.codecs,
      timeline: this.#timeline,
      onConfig: (channels) => this.#write(aacConfig(channels)),
      onFrame: (data, localMs) => this.#audioFrame(data, localMs),
      onUnavailable: (detail) => options.onTrouble({ kind: 'no-audio-codec', detail }),
    });
  }

  add(track: RemoteTrack): void {
    if (this.#closed) return;
    this.#addedAt = this.#options.clock();
    if (track.encrypted) {
      const detail = 'The track is encrypted end to end: nothing of it can be shown on phones.';
      this.#options.onTrouble({ kind: track.kind === 'video' ? 'no-video-codec' : 'no-audio-codec', detail });
    } else if (track.kind === 'video') this.#addVideo(track);
    else this.#addAudio(track);
  }

  update(track: RemoteTrack): void {
    if (this.#video?.sid === track.sid) this.#video.update(track, this.#options.clock());
    if (this.#audio?.sid === track.sid) this.#audio.update(track);
  }

  remove(trackSid: string): void {
    if (this.#video?.sid === trackSid) {
      this.#video.close();
      this.#video = null;
    }
    if (this.#audio?.sid === trackSid) {
      this.#audio.close();
      this.#audio = null;
      this.#feed.stop();
    }
  }

  requestKeyframe(): void {
    this.#video?.keyframes.want(this.#options.clock());
  }

  resumed(): void {
    this.#video?.resumed(this.#options.clock());
    this.#audio?.resumed();
  }

  tick(): void {
    if (this.#closed) return;
    const now = this.#options.clock();
    this.#video?.tick(now);
    if (this.#audio === null) return;
    this.#audio.tick(now);
    if (!this.#feed.started) this.#begin(now);
    this.#feed.tick(now, this.#audio.reorder.windowMs);
  }

  close(): void {
    this.#closed = true;
    this.#video?.close();
    this.#audio?.close();
    this.#feed.close();
    this.#video = null;
    this.#audio = null;
  }

  #addVideo(track: RemoteTrack): void {
    if (this.#video?.sid === track.sid) {
      this.update(track);
      return;
    }
    this.#video?.close();
    this.#timeline.video.forget();
    const video = new VideoTrack({
      track,
      limits: this.#options.limits,
      codecs: this.#options.codecs,
      timeline: this.#timeline,
      now: this.#addedAt,
      onUnit: (unit) => {
        if (this.#video === video) this.#videoUnit(unit);
      },
      onBegin: (localMs) => {
        this.#timeline.start(localMs);
        if (this.#audio !== null) this.#feed.start(this.#options.clock());
      },
      onUnavailable: (detail) => this.#options.onTrouble({ kind: 'no-video-codec', detail }),
    });
    this.#video = video;
    video.attach(this.#options.session.subscribe(track.sid, video));
  }

  #addAudio(track: RemoteTrack): void {
    if (this.#audio?.sid === track.sid) {
      this.update(track);
      return;
    }
    this.#audio?.close();
    this.#timeline.audio.forget();
    this.#feed.expect(track.source === 'screen_share_audio' ? 2 : 1);
    const audio = new AudioTrack({
      track,
      limits: this.#options.limits,
      timeline: this.#timeline,
      feed: this.#feed,
      onUnavailable: (detail) => this.#options.onTrouble({ kind: 'no-audio-codec', detail }),
    });
    this.#audio = audio;
    audio.attach(this.#options.session.subscribe(track.sid, audio));
  }

  /** Sound begins with the picture; without one, by itself. */
  #begin(now: number): void {
    if (this.#feed.unavailable) return;
    const waited = now - this.#addedAt;
    const sound = this.#feed.holding || this.#audio?.muted === true || waited >= soundWaitMs;
    if (!this.#timeline.started) {
      if (!sound || (this.#video?.expected === true && waited < pictureWaitMs)) return;
      this.#timeline.start(this.#feed.heldSince(now));
    }
    this.#feed.start(now);
  }

  #videoUnit(unit: VideoConfig | VideoFrame): void {
    if (unit.kind === 'video-config') {
      this.#write(unit);
      return;
    }
    // Never back within a kind, and no two pictures at one time.
    this.#lastVideoMs = Math.max(this.#lastVideoMs + 1, Math.round(unit.timestampMs));
    this.#write({ ...unit, timestampMs: this.#lastVideoMs });
  }

  #audioFrame(data: Uint8Array, localMs: number): void {
    this.#lastAudioMs = Math.max(this.#lastAudioMs + 1, Math.round(this.#timeline.streamMs(localMs)));
    this.#write({ kind: 'audio', timestampMs: this.#lastAudioMs, data });
  }

  #write(unit: Parameters<EgressOptions['sink']['write']>[0]): void {
    if (!this.#closed) this.#options.sink.write(unit);
  }
}
