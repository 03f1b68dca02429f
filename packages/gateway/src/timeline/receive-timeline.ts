/**
 * One timeline for the camera and microphone of one participant (or the screen and its sound).
 *
 * Sound leads: its places are counted in samples, and only follow real time slowly. The picture is moved until both are
 * together by the sender's own reports (RFC 3550 §6.4.1). Before reports come each follows its arrival. Nothing steps back.
 */
import { ReceiveLine } from './receive-line.ts';
import { ReportClock } from './receive-reports.ts';

/** Samples of sound in a millisecond. */
export const samplesPerMs = 48;
/** RTP ticks of video in a millisecond. */
export const videoTicksPerMs = 90;

/** Reports that put the picture farther off than this speak of something else. */
const maxApartMs = 3_000;
/** How fast the picture is moved to the sound: part of its own time. */
const slewRate = 0.1;
const fastSlewRate = 0.3;
const fastAboveMs = 250;
/** RTP timestamps that part from the arrivals by more than this began anew. */
const jumpMs = 1_000;
/** ... and so do those that stay that late for so long: the sender's clock stood still. */
const standstillMs = 2_000;
/** Sound that did not come for so long leads no more. */
const leadMs = 1_500;
/** Nothing at all for longer than this: players wait, and the time that was waited is taken out. */
const maxSilenceMs = 1_000;
const keptSilenceMs = 100;

export class ReceiveTimeline {
  readonly audio = new AudioTime();
  readonly video = new VideoTime(this.audio);
  /** Local time of the stream's zero, or NaN. */
  #origin = Number.NaN;
  readonly #beginMs: number;
  #lastTold: number;

  /** @param beginMs where the stream's own milliseconds begin. */
  constructor(beginMs = 0) {
    this.#beginMs = beginMs;
    this.#lastTold = beginMs;
  }

  get started(): boolean {
    return !Number.isNaN(this.#origin);
  }

  /** Local time of the stream's beginning. */
  get beginning(): number {
    return this.#origin + this.#beginMs;
  }

  /** Local time of the latest unit that was told. */
  get lastLocal(): number {
    return this.#origin + this.#lastTold;
  }

  /** The stream begins with what belongs to this local time. */
  start(localMs: number): void {
    this.#origin = localMs - this.#beginMs;
    this.audio.start();
    this.video.start();
  }

  /** Milliseconds of the stream at a local time; never before its beginning. */
  streamMs(localMs: number): number {
    const ms = localMs - this.#origin;
    if (ms - this.#lastTold > maxSilenceMs) this.#origin += ms - this.#lastTold - keptSilenceMs;
    const told = Math.max(this.#beginMs, localMs - this.#origin);
    if (told > this.#lastTold) this.#lastTold = told;
    return told;
  }
}

/** Sound: RTP timestamps become places on an unbroken count of samples, and places become local time. */
class AudioTime {
  readonly reports = new ReportClock(samplesPerMs);
  readonly #line = new ReceiveLine(samplesPerMs);
  /** Extended RTP timestamp of place 0, or NaN. */
  #zero = Number.NaN;
  #started = false;
  #seenAt = Number.NEGATIVE_INFINITY;

  get anchored(): boolean {
    return this.#line.anchored;
  }

  /** Least lateness of late. */
  get floor(): number {
    return this.#line.floor;
  }

  /** Whether its timestamps mean something now. */
  leads(now: number): boolean {
    return this.reports.known && !Number.isNaN(this.#zero) && now - this.#seenAt < leadMs;
  }

  start(): void {
    this.#started = true;
  }

  /** Sound without any packet yet: silence from this local time on. */
  anchorAt(localMs: number, now: number): void {
    this.#line.anchor(0, localMs, now);
  }

  /** Place of a packet, NaN before {@link splice}. */
  placeOf(timestamp: number): number {
    return timestamp - this.#zero;
  }

  /** From here on this timestamp stands at that place: the beginning, or the end of a standstill. */
  splice(timestamp: number, place: number): void {
    if (!Number.isNaN(this.#zero)) this.reports.clear();
    this.#zero = timestamp - place;
  }

  /** The packets that come belong to another track or begin anew. */
  forget(): void {
    this.#zero = Number.NaN;
    this.reports.clear();
  }

  /** A packet of this place came, in order or not. Answers how late it is, against the fastest of late. */
  observe(place: number, now: number): number {
    this.#seenAt = now;
    if (!this.#line.anchored) this.#line.anchor(place, now, now);
    const lateness = this.#line.observe(place, now);
    if (this.#started) this.#line.follow(now);
    // Nothing is told yet: the line may step to the fastest packet.
    else if (lateness < 0) this.#line.move(lateness);
    return lateness - this.#line.floor;
  }

  /** What was learnt of the arrivals is worth nothing any more. */
  relearn(now: number): void {
    this.#line.anchor(0, this.#line.at(0), now);
  }

  localAt(place: number): number {
    return this.#line.at(place);
  }

  /** The place that is due when it comes as fast as the fastest. */
  placeDue(now: number): number {
    return this.#line.positionAt(now - this.#line.floor);
  }

  placeAt(localMs: number): number {
    return this.#line.positionAt(localMs);
  }
}

/** Pictures: RTP timestamps become local time, moved to the sound's. */
class VideoTime {
  readonly reports = new ReportClock(videoTicksPerMs);
  readonly #audio: AudioTime;
  readonly #line = new ReceiveLine(videoTicksPerMs);
  #started = false;
  /** Newest timestamp and its arrival; NaN before the first packet of a track. */
  #newest = Number.NaN;
  #newestAt = 0;
  #told = Number.NaN;
  /** Since when all pictures come more than `jumpMs` late, or NaN. */
  #lateSince = Number.NaN;

  constructor(audio: AudioTime) {
    this.#audio = audio;
  }

  start(): void {
    this.#started = true;
  }

  /** The packets that come belong to another track or begin anew. */
  forget(): void {
    this.#newest = Number.NaN;
    this.reports.clear();
  }

  /** The first packet of a picture came. */
  observe(timestamp: number, now: number): void {
    const media = (timestamp - this.#newest) / videoTicksPerMs;
    const jumped = Math.abs(media) > jumpMs && Math.abs(media - (now - this.#newestAt)) > jumpMs;
    if (Number.isNaN(this.#newest)) this.#line.anchor(timestamp, now, now);
    else if (jumped) this.#restart(timestamp, now);
    this.#newest = timestamp;
    this.#newestAt = now;
    const lateness = this.#line.observe(timestamp, now);
    // Nothing is told yet: the line may step to the fastest packet.
    if (!this.#started && lateness < 0) this.#line.move(lateness);
    if (lateness - this.#line.floor < jumpMs) this.#lateSince = Number.NaN;
    else if (Number.isNaN(this.#lateSince)) this.#lateSince = now;
    else if (now - this.#lateSince > standstillMs) this.#restart(timestamp, now);
  }

  /** Local time of a picture that is told now. */
  localAt(timestamp: number, now: number): number {
    const media = Number.isNaN(this.#told) ? 0 : (timestamp - this.#told) / videoTicksPerMs;
    this.#told = timestamp;
    const error = this.#apart(timestamp, now);
    if (Number.isNaN(error)) this.#line.follow(now);
    else {
      const most = Math.max(0, Math.min(jumpMs, media)) * (Math.abs(error) > fastAboveMs ? fastSlewRate : slewRate);
      this.#line.move(this.#started ? Math.max(-most, Math.min(most, error)) : error);
      this.#line.lead(now);
    }
    return this.#line.at(timestamp);
  }

  #restart(timestamp: number, now: number): void {
    this.#line.anchor(timestamp, now, now);
    this.#lateSince = Number.NaN;
    this.reports.clear();
  }

  /** How much later the picture's sound stands, by the reports; NaN when they do not tell. */
  #apart(timestamp: number, now: number): number {
    if (!this.reports.known || !this.#audio.leads(now)) return Number.NaN;
    const place = this.#audio.placeOf(this.#audio.reports.timestampAt(this.reports.ntpAt(timestamp)));
    const error = this.#audio.localAt(place) - this.#line.at(timestamp);
    return Math.abs(error) > maxApartMs ? Number.NaN : error;
  }
}
