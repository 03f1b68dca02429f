/**
 * One timeline for the two tracks of one source. Its milliseconds are the source's own; 90 kHz and 48 kHz stamps and the
 * wall clock of sender reports are all linear in them, so that sound and picture keep the distance that the source gave
 * them (RFC 3550 §6.4.1: the pair of NTP and RTP time in a report is what receivers synchronise by).
 */
import { DelayFloor } from './delay-floor.ts';
import { type RandomUint32, randomUint32 } from './random.ts';

/** Seconds from 1900 (NTP) to 1970 (unix), in milliseconds: RFC 3550 §4. */
export const NTP_UNIX_OFFSET_MS = 2_208_988_800_000;

export const VIDEO_TICKS_PER_MS = 90;
export const AUDIO_TICKS_PER_MS = 48;

/** 20 ms of Opus (RFC 7587 §4.2). */
export const OPUS_PACKET_SAMPLES = 960;

export interface SourceTimelineOptions {
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Unix milliseconds; read once, so that steps of the system's clock do not reach receivers. */
  readonly wallClock: () => number;
  readonly random?: RandomUint32;
}

/** A moment of the timeline for a sender report: the same one for both tracks. */
export interface ReportMoment {
  /** Milliseconds since 1900-01-01. */
  readonly ntpMs: number;
  readonly videoTimestamp: number;
  readonly audioTimestamp: number;
}

/** Further forward than the time that passed and this, or further behind the other kind, is a break. */
const MAX_STEP_MS = 15_000;
/** While so young, an anchor takes a smaller delay at once: the first packets of a push often come late. */
const SETTLE_MS = 2_000;
/** How fast the mapping follows the source's clock afterwards; quartz is good to 100 ppm. */
const MAX_SLEW = 500e-6;
const WINDOW_MS = 20_000;

export class SourceTimeline {
  readonly #floor = new DelayFloor(WINDOW_MS, 10);
  readonly #videoOffset: number;
  readonly #audioOffset: number;
  /** NTP milliseconds at the monotonic clock's zero. */
  readonly #ntpAtZero: number;
  /** Timeline less source. */
  #shift = 0;
  /** Monotonic clock less timeline, as it is reported. */
  #delay = Number.NaN;
  #anchoredAt = 0;
  #updatedAt = 0;
  #lastVideo = Number.NEGATIVE_INFINITY;
  #lastAudio = Number.NEGATIVE_INFINITY;
  /** Last arrival of either kind: source milliseconds, and when. */
  #lastSource = Number.NaN;
  #lastArrival = 0;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(options: SourceTimelineOptions) {
    const random = options.random ?? randomUint32;
    this.#videoOffset = random();
    this.#audioOffset = random();
    this.#ntpAtZero = options.wallClock() - options.clock() + NTP_UNIX_OFFSET_MS;
  }

  /**
   * A unit arrived. Back within its kind, or a step beyond all measure, is a break (the source began anew): it is anchored anew where the
   * timeline has come to meanwhile, and goes on from there.
   * @returns true at such a break: what was sent before is older than all that comes.
   */
  arrive(kind: 'audio' | 'video', sourceMs: number, now: number): boolean {
    const last = kind === 'video' ? this.#lastVideo : this.#lastAudio;
    let broken = false;
    if (Number.isNaN(this.#lastSource)) {
      this.#anchor(now, now - sourceMs);
    } else if (
      sourceMs < last ||
      sourceMs < this.#lastSource - MAX_STEP_MS ||
      sourceMs > this.#lastSource + (now - this.#lastArrival) + MAX_STEP_MS
    ) {
      broken = true;
      this.#rebase(sourceMs, now);
    }
    if (kind === 'video') this.#lastVideo = sourceMs;
    else this.#lastAudio = sourceMs;
    if (broken || !(sourceMs < this.#lastSource)) this.#lastSource = sourceMs;
    this.#lastArrival = now;
    const at = sourceMs + this.#shift;
    this.#newest = Math.max(this.#newest, at);
    const delay = now - at;
    this.#floor.add(delay, now);
    if (now - this.#anchoredAt < SETTLE_MS && delay < this.#delay) this.#delay = delay;
    return broken;
  }

  /** Whether anything has come: there is nothing to report before. */
  get anchored(): boolean {
    return !Number.isNaN(this.#delay);
  }

  /** Milliseconds of the timeline for those of the source. */
  at(sourceMs: number): number {
    return sourceMs + this.#shift;
  }

  /** RTP timestamp, 90 kHz, of a place on the timeline. */
  videoTimestamp(ms: number): number {
    return (this.#videoOffset + Math.round(ms * VIDEO_TICKS_PER_MS)) >>> 0;
  }

  /** Samples at 48 kHz, the unit of codec jobs. */
  audioPlace(ms: number): number {
    return ms * AUDIO_TICKS_PER_MS;
  }

  /** RTP timestamp, 48 kHz, of such a place. */
  audioTimestamp(place: number): number {
    return (this.#audioOffset + Math.round(place)) >>> 0;
  }

  /**
   * The moment that the source's clock shows now, less the way to us. It never goes back: the mapping is slewed by at most
   * {@link MAX_SLEW} towards the least delay of the last seconds.
   */
  report(now: number): ReportMoment {
    this.#follow(now);
    // Whole milliseconds are whole ticks of both clocks, so both tracks say exactly the same.
    const ms = Math.floor(now - this.#delay);
    return {
      ntpMs: this.#ntpAtZero + ms + this.#delay,
      videoTimestamp: this.videoTimestamp(ms),
      audioTimestamp: this.audioTimestamp(this.audioPlace(ms)),
    };
  }

  #follow(now: number): void {
    const elapsed = now - this.#updatedAt;
    if (!(elapsed > 0)) return;
    this.#updatedAt = now;
    const least = this.#floor.least(now);
    if (!Number.isFinite(least)) return;
    const most = elapsed * MAX_SLEW;
    this.#delay += Math.min(most, Math.max(-most, least - this.#delay));
  }

  #rebase(sourceMs: number, now: number): void {
    const there = Math.max(Math.floor(now - this.#delay), Math.floor(this.#newest) + 1);
    this.#shift = there - sourceMs;
    this.#lastVideo = Number.NEGATIVE_INFINITY;
    this.#lastAudio = Number.NEGATIVE_INFINITY;
    this.#floor.clear();
    this.#anchoredAt = now;
  }

  #anchor(now: number, delay: number): void {
    this.#delay = delay;
    this.#anchoredAt = now;
    this.#updatedAt = now;
  }
}
