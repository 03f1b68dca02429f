/**
 * An unbroken sound out of a broken one: Opus packets go to the encoder in order and without a hole, silence where nothing
 * came in time (loss, DTX, mute, a publisher's pause). What the encoder makes is stamped by its place on the timeline.
 */
import type { AacOutput, CodecJob, CodecPool, OpusInput } from '../codec/types.ts';
import { type ReceiveTimeline, samplesPerMs } from '../timeline/receive-timeline.ts';
import { opusSamples, opusStereo } from './opus.ts';

/** Silence is made in pieces of 20 ms. */
const pieceSamples = 960;
/** All places are multiples of 2.5 ms, the shortest Opus frame: so that every hole can be filled exactly. */
const gridSamples = 120;
/** Samples of one AAC frame. */
const aacSamples = 1_024;
/** Sound that is older does not begin a stream. */
const maxBeginMs = 100;
/** Packets kept before the stream begins. */
const maxHeld = 100;
/** How long a packet that is not known to be lost may be late; it follows what is seen. */
const minPatienceMs = 60;
const maxPatienceMs = 200;
const firstPatienceMs = 80;
/** Patience is lost slowly: so much in a second. */
const patienceDecay = 0.5;
/** A packet so far before its time does not belong where its timestamp puts it. */
const maxLeadMs = 200;
/** Sound that stays late for so long, and no less late than this, comes from a clock that stood still. */
const standstillMs = 400;
const catchUpMs = 60;
/** Sound that is so much too early for so long is in the wrong place: some is left out. */
const earlyMs = 120;
const earlyForMs = 3_000;
/** The feed's time goes on by so much in one go: after a standstill of this process the packets that wait come first. */
const maxTickMs = 30;
const maxBehindMs = 2_000;
/** Pieces of silence made in one go; after a standstill of this process the rest follows. */
const maxPieces = 25;
/** What may be missing after a job is opened again is filled up to this; codec processes queue no more. */
const maxRefillSamples = 90 * pieceSamples;
/** A job that ends is opened again after this, doubled with every end that follows soon. */
const reopenMs = 20;
const maxReopenMs = 1_000;
const soonMs = 10_000;
/** Without any place for a job for so long, sound cannot be had. */
const maxWithoutJobMs = 10_000;
/** Ends in a row, each soon after the last, that show that this sound cannot be had. */
const maxEnds = 6;

export interface AudioFeedOptions {
  readonly codecs: CodecPool;
  readonly timeline: ReceiveTimeline;
  /** The configuration is made known: told once, before the first frame. */
  readonly onConfig: (channels: 1 | 2) => void;
  /** @param localMs local time of the frame's first sample. */
  readonly onFrame: (data: Uint8Array, localMs: number) => void;
  /** There is no encoder: sound cannot be had. Told once. */
  readonly onUnavailable: (detail: string) => void;
}

interface HeldPacket {
  readonly payload: Uint8Array;
  readonly place: number;
  readonly samples: number;
}

/** Counters for metrics and tests. */
export interface AudioFeedStats {
  packets: number;
  /** Pieces of silence. */
  silences: number;
  /** Packets that came after their place was filled. */
  late: number;
  splices: number;
  crashes: number;
}

export class AudioFeed {
  readonly stats: AudioFeedStats = { packets: 0, silences: 0, late: 0, splices: 0, crashes: 0 };
  readonly #options: AudioFeedOptions;
  readonly #held: HeldPacket[] = [];
  #job: CodecJob<OpusInput> | null = null;
  /** Place of the job's own 0. */
  #jobZero = 0;
  #channels: 1 | 2 | 0 = 0;
  #firstChannels: 1 | 2 = 1;
  /** The configuration was told: it never changes. */
  #told = false;
  /** Next place to feed, NaN before the stream begins. */
  #fed = Number.NaN;
  /** Place after the last frame that came from the encoder. */
  #encoded = Number.NaN;
  #unavailable = false;
  #patienceMs = firstPatienceMs;
  #tickedAt = 0;
  /** When sound began to be late, and how late it was at the least since. */
  #lateAt = Number.NaN;
  #leastLate = 0;
  #earlyAt = Number.NaN;
  /** Sound is left out until what was told already is over. */
  #leavingOut = false;
  /** Time as far as silence was made for it. */
  #time = 0;
  #reopenAt = Number.NaN;
  #reopenWait = reopenMs;
  #openedAt = Number.NEGATIVE_INFINITY;
  #ends = 0;
  #closed = false;

  constructor(options: AudioFeedOptions) {
    this.#options = options;
  }

  get started(): boolean {
    return !Number.isNaN(this.#fed);
  }

  /** No encoder: nothing will ever come. */
  get unavailable(): boolean {
    return this.#unavailable;
  }

  /** Whether a packet waits for the stream to begin. */
  get holding(): boolean {
    return this.#held.length > 0;
  }

  /** Local time at which sound may begin without a picture: that of the first packet kept, but not of the past. */
  heldSince(now: number): number {
    const first = this.#held.find((packet) => this.#options.timeline.audio.localAt(packet.place) >= now - maxBeginMs);
    return first === undefined ? now : this.#options.timeline.audio.localAt(first.place);
  }

  /** Channels where no packet tells: before the first, when it is muted. */
  expect(channels: 1 | 2): void {
    this.#firstChannels = channels;
  }

  /** How late packets may come before silence takes their place. */
  get patienceMs(): number {
    return this.#patienceMs;
  }

  /** The next packet in order. */
  push(payload: Uint8Array, timestamp: number, now: number): void {
    if (this.#unavailable || this.#closed) return;
    const samples = opusSamples(payload);
    if (samples === 0) return;
    this.stats.packets++;
    const time = this.#options.timeline.audio;
    let place = time.placeOf(timestamp);
    if (Number.isNaN(place)) {
      // The first packet of a track: it stands where it came.
      place = this.#arrivalPlace(now);
      time.splice(timestamp, place);
    }
    time.observe(place, now);
    if (!this.started) this.#hold(payload, place, samples);
    else this.#place(payload, timestamp, place, samples, now);
  }

  /** The stream begins: sound from its zero on. */
  start(now: number): void {
    if (this.started || this.#unavailable || this.#closed) return;
    const { timeline } = this.#options;
    const time = timeline.audio;
    if (!time.anchored) time.anchorAt(timeline.beginning, now);
    // A stream that is older than its sound: nothing of the past is made up.
    const from =
      timeline.lastLocal > timeline.beginning ? Math.max(timeline.lastLocal, this.heldSince(now)) : timeline.beginning;
    this.#fed = Math.ceil(time.placeAt(from) / gridSamples) * gridSamples;
    this.#encoded = this.#fed;
    this.#time = now;
    const first = this.#held.find((packet) => packet.payload.length > 2);
    if (this.#channels === 0) {
      this.#channels = first === undefined ? this.#firstChannels : opusStereo(first.payload) ? 2 : this.#firstChannels;
    }
    this.#openedAt = now;
    this.#open(now);
    if (this.#unavailable) return;
    for (const packet of this.#held) {
      if (packet.place < this.#fed) continue;
      this.#silence(packet.place - this.#fed);
      this.#write(packet.payload, packet.samples);
    }
    this.#held.length = 0;
  }

  /** Silence for what did not come in time. @param windowMs how long the reorder buffer waits now. */
  tick(now: number, windowMs: number): void {
    if (!this.started || this.#closed) return;
    if (!Number.isNaN(this.#reopenAt) && now >= this.#reopenAt) this.#reopen(now);
    if (this.#unavailable) return;
    this.#patienceMs = Math.max(
      minPatienceMs,
      windowMs + 30,
      this.#patienceMs - ((now - this.#tickedAt) / 1_000) * patienceDecay,
    );
    this.#tickedAt = now;
    this.#time = now - this.#time > maxBehindMs ? now - maxBehindMs : Math.min(now, this.#time + maxTickMs);
    const due = this.#options.timeline.audio.placeDue(this.#time) - this.#patienceMs * samplesPerMs;
    for (let pieces = 0; pieces < maxPieces && this.#fed + pieceSamples <= due; pieces++) this.#silence(pieceSamples);
  }

  /** The track is gone: nothing more until {@link start}; the configuration stays. */
  stop(): void {
    this.#job?.close();
    this.#job = null;
    this.#reopenAt = Number.NaN;
    this.#fed = Number.NaN;
    this.#held.length = 0;
    this.#lateAt = Number.NaN;
    this.#earlyAt = Number.NaN;
    this.#leavingOut = false;
  }

  close(): void {
    this.stop();
    this.#closed = true;
  }

  /** Where a packet stands that tells nothing but its arrival. */
  #arrivalPlace(now: number): number {
    const time = this.#options.timeline.audio;
    if (!time.anchored) return 0;
    const place = Math.round(time.placeDue(now) / gridSamples) * gridSamples;
    return this.started ? Math.max(this.#fed, place) : place;
  }

  #hold(payload: Uint8Array, place: number, samples: number): void {
    if (this.#held.length >= maxHeld) this.#held.shift();
    this.#held.push({ payload, place, samples });
  }

  #place(payload: Uint8Array, timestamp: number, given: number, samples: number, now: number): void {
    const time = this.#options.timeline.audio;
    let place = this.#pullBack(given, timestamp, now);
    const leadMs = time.localAt(place) - now;
    if (place < this.#fed && !this.#standsStill(-leadMs, now)) {
      this.stats.late++;
      // Next time a little more patience; what is far too late teaches nothing.
      const needed = pieceSamples / samplesPerMs - leadMs - time.floor;
      if (needed <= maxPatienceMs && needed > this.#patienceMs) this.#patienceMs = needed;
      return;
    }
    if (place < this.#fed || leadMs > maxLeadMs || (place - this.#fed) % gridSamples !== 0) {
      // Its clock stood still or jumped: from here on it stands where it comes, and never before what is told already.
      place = this.#arrivalPlace(now);
      time.splice(timestamp, place);
      this.stats.splices++;
      if (time.localAt(place) - now > maxLeadMs) return;
    }
    this.#lateAt = Number.NaN;
    this.#leavingOut = false;
    const gap = place - this.#fed;
    this.#silence(Math.min(gap, maxRefillSamples));
    if (gap > maxRefillSamples) {
      // Nothing was made for longer than can be filled: the job goes on without a hole, at a later place.
      this.#jobZero += gap - maxRefillSamples;
      this.#fed = place;
    }
    this.#write(payload, samples);
  }

  /** Sound that is far too early all the time is put where it comes; until the feed's end is reached it is left out. */
  #pullBack(place: number, timestamp: number, now: number): number {
    const time = this.#options.timeline.audio;
    if (time.localAt(place) - now < earlyMs) this.#earlyAt = Number.NaN;
    else if (Number.isNaN(this.#earlyAt)) this.#earlyAt = now;
    else if (now - this.#earlyAt > earlyForMs) {
      this.#earlyAt = Number.NaN;
      this.#leavingOut = true;
      const back = this.#fed - Math.round((this.#fed - time.placeAt(now)) / gridSamples) * gridSamples;
      time.splice(timestamp, back);
      time.relearn(now);
      this.stats.splices++;
      return back;
    }
    return place;
  }

  /** Whether sound stays as late as it is: a backlog after a stall comes less and less late. */
  #standsStill(late: number, now: number): boolean {
    if (this.#leavingOut) return false;
    if (Number.isNaN(this.#lateAt) || late < this.#leastLate - catchUpMs) {
      this.#lateAt = now;
      this.#leastLate = late;
      return false;
    }
    return now - this.#lateAt >= standstillMs;
  }

  #silence(samples: number): void {
    let left = samples;
    while (left > 0) {
      const piece = Math.min(left, pieceSamples);
      this.stats.silences++;
      this.#write(null, piece);
      left -= piece;
    }
  }

  #write(data: Uint8Array | null, samples: number): void {
    this.#job?.write({ data, place: this.#fed - this.#jobZero, samples });
    this.#fed += samples;
  }

  /** Opens a job at the next place to feed; where none runs for the moment, it is tried again. */
  #open(now: number): void {
    const { codecs } = this.#options;
    const channels = this.#channels === 2 ? 2 : 1;
    const job = codecs.openOpusToAac(
      { channels },
      {
        onOutput: (output) => {
          if (this.#job === job) this.#output(output);
        },
        onEnd: (reason) => {
          if (this.#job === job) this.#ended(reason);
        },
      },
    );
    if (job === null) {
      if (codecs.unavailable !== null) this.#giveUp(codecs.unavailable);
      else if (now - this.#openedAt > maxWithoutJobMs) this.#giveUp('No place is left in the budget of audio codecs.');
      else this.#reopenLater(now);
      return;
    }
    this.#job = job;
    this.#jobZero = this.#fed;
    this.#openedAt = now;
    if (!this.#told) this.#options.onConfig(channels);
    this.#told = true;
  }

  #output(output: AacOutput): void {
    const place = this.#jobZero + output.place;
    this.#encoded = place + aacSamples;
    this.#options.onFrame(output.data, this.#options.timeline.audio.localAt(place));
  }

  #ended(reason: 'crashed' | 'undecodable' | 'refused'): void {
    this.#job = null;
    this.stats.crashes++;
    if (reason === 'refused') {
      this.#giveUp('The codec process refused the sound.');
      return;
    }
    const now = this.#tickedAt;
    const soon = now - this.#openedAt < soonMs;
    this.#ends = soon ? this.#ends + 1 : 1;
    if (this.#ends >= maxEnds) {
      this.#giveUp('The encoder ended again and again on this sound.');
      return;
    }
    if (this.#ends === 1) this.#reopenWait = reopenMs;
    this.#openedAt = now;
    this.#reopenLater(now);
  }

  #reopenLater(now: number): void {
    this.#reopenAt = now + this.#reopenWait;
    this.#reopenWait = Math.min(maxReopenMs, this.#reopenWait * 2);
  }

  /** Goes on where the last frame ended; what was on its way is silence. */
  #reopen(now: number): void {
    this.#reopenAt = Number.NaN;
    const end = this.#fed;
    this.#fed = Math.max(this.#encoded, end - maxRefillSamples);
    this.#open(now);
    if (this.#job === null) this.#fed = end;
    else this.#silence(end - this.#fed);
  }

  #giveUp(detail: string): void {
    this.#unavailable = true;
    this.#held.length = 0;
    this.#options.onUnavailable(detail);
  }
}
