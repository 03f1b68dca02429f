import type { MediaUnit } from '../stream/types.ts';
import { SourceTimeline } from '../timeline/source-timeline.ts';
import { AudioTrack } from './audio-track.ts';
import type { Ingress, IngressOptions } from './types.ts';
import { VideoTrack } from './video-track.ts';

/**
 * One publish of a phone as its participant's tracks, camera and microphone. Nothing is published before its first
 * configuration, and nothing twice.
 */
export function createIngress(options: IngressOptions): Ingress {
  return new PhoneIngress(options);
}

class PhoneIngress implements Ingress {
  readonly #options: IngressOptions;
  readonly #timeline: SourceTimeline;
  readonly #video: VideoTrack;
  readonly #audio: AudioTrack;
  #reportAt = 0;
  #closed = false;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#timeline = new SourceTimeline(options);
    this.#video = new VideoTrack(options, this.#timeline, () => this.#report());
    this.#audio = new AudioTrack(options, this.#timeline, () => this.#report());
  }

  write(unit: MediaUnit): void {
    if (this.#closed) return;
    switch (unit.kind) {
      case 'video-config':
        this.#video.configure(unit);
        break;
      case 'audio-config':
        this.#audio.configure(unit);
        break;
      case 'video':
        this.#arrive('video', unit.timestampMs);
        this.#video.frame(unit);
        break;
      case 'audio':
        this.#arrive('audio', unit.timestampMs);
        this.#audio.frame(unit);
        break;
    }
  }

  setMuted(track: 'audio' | 'video', muted: boolean): void {
    if (this.#closed) return;
    (track === 'video' ? this.#video : this.#audio).setMuted(muted);
  }

  tick(): void {
    if (this.#closed) return;
    this.#video.tick();
    this.#audio.tick();
    if (this.#timeline.anchored && this.#options.clock() >= this.#reportAt) this.#report();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#video.close();
    this.#audio.close();
  }

  #arrive(kind: 'audio' | 'video', timestampMs: number): void {
    if (this.#timeline.arrive(kind, timestampMs, this.#options.clock())) this.#video.restart();
  }

  /** Both tracks at once, with one moment: what each says of the wall clock agrees exactly. */
  #report(): void {
    const now = this.#options.clock();
    this.#reportAt = now + this.#options.limits.reportIntervalMs;
    const { ntpMs, videoTimestamp, audioTimestamp } = this.#timeline.report(now);
    this.#video.report(ntpMs, videoTimestamp);
    this.#audio.report(ntpMs, audioTimestamp);
  }
}
