/**
 * A publisher and the network behind it, on a virtual clock: clocks that drift, jitter, loss, reordering, repeated packets,
 * answers to NACK and PLI, sender reports.
 */
import { H264Packetizer, parameterPackets } from '../../rtp/packetize.ts';
import type { Egress } from '../types.ts';
import type { FakeClock, FakeSubscription } from './fakes.ts';
import { config, h264Picture, opusPacket, vp8Payloads, vp8Picture } from './pictures.ts';

export interface PublisherOptions {
  readonly clock: FakeClock;
  readonly random: () => number;
  readonly egress: () => Egress;
  /** Parts per million by which the sender's clocks are fast, against the local one. */
  readonly wallPpm?: number;
  readonly audioPpm?: number;
  readonly videoPpm?: number;
  /** Way of a packet: at least, and up to so much more. */
  readonly delayMs?: number;
  readonly jitterMs?: number;
  /** Pictures come so much later than sound (capture, encoder, pacer). */
  readonly videoLagMs?: number;
  readonly loss?: number;
  readonly reorder?: number;
  readonly duplicates?: number;
  /** Way of a repaired packet from its request; none without. */
  readonly repairMs?: number;
  readonly reportNoiseMs?: number;
  readonly frameBytes?: number;
  readonly fps?: number;
}

interface Event {
  readonly at: number;
  readonly run: () => void;
}

interface Sent {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
}

/** A queue of events in time, for the few that are in flight at once. */
class Events {
  readonly #events: Event[] = [];

  add(at: number, run: () => void): void {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { at, run });
  }

  next(until: number): Event | null {
    const first = this.#events[0];
    if (first === undefined || first.at > until) return null;
    this.#events.shift();
    return first;
  }
}

const tickMs = 10;

export class Publisher {
  readonly #options: Required<PublisherOptions>;
  readonly #events = new Events();
  readonly #sent = { audio: new Map<number, Sent>(), video: new Map<number, Sent>() };
  readonly #zero = { audio: 0, video: 0 };
  readonly #lastArrival = { audio: 0, video: 0 };
  readonly #parameters = parameterPackets(config, 1_150);
  readonly #packetizer = new H264Packetizer(1_150);
  readonly #began: number;
  audio: FakeSubscription | null = null;
  video: FakeSubscription | null = null;
  /** What is sent now. */
  sendAudio = true;
  sendVideo = true;
  /** Sound is sent in a packet each 400 ms, as Opus does in silence. */
  dtx = false;
  reporting = true;
  stereo = false;
  codec: 'h264' | 'vp8' = 'h264';
  /** So many video packets are lost for good. */
  dropNext = 0;
  /** Every packet is lost. */
  outage = false;
  sequence = { audio: 65_000, video: 65_500 };
  #audioIndex = 0;
  #keyframeDue = true;
  framesSent = 0;

  constructor(options: PublisherOptions) {
    this.#options = {
      wallPpm: 0,
      audioPpm: 0,
      videoPpm: 0,
      delayMs: 20,
      jitterMs: 0,
      videoLagMs: 30,
      loss: 0,
      reorder: 0,
      duplicates: 0,
      repairMs: 0,
      reportNoiseMs: 0,
      frameBytes: 2_000,
      fps: 30,
      ...options,
    };
    this.#began = options.clock.now;
    this.#zero.audio = Math.floor(options.random() * 4_294_967_296);
    this.#zero.video = Math.floor(options.random() * 4_294_967_296);
    this.#events.add(this.#began, () => this.#captureAudio());
    this.#events.add(this.#began, () => this.#captureVideo());
    this.#events.add(this.#began + options.random() * 3_000, () => this.#report());
    this.#events.add(this.#began, () => this.#tick());
  }

  /** Answers requests of these subscriptions. */
  connect(subscriptions: { audio?: FakeSubscription; video?: FakeSubscription }): void {
    this.audio = subscriptions.audio ?? this.audio;
    this.video = subscriptions.video ?? this.video;
    const way = this.#options.delayMs + 10;
    if (subscriptions.video !== undefined) {
      this.#keyframeDue = true;
      subscriptions.video.onKeyframeRequest = () =>
        this.#events.add(this.#options.clock.now + way, () => {
          this.#keyframeDue = true;
        });
    }
    for (const kind of ['audio', 'video'] as const) {
      const subscription = subscriptions[kind];
      if (subscription !== undefined) subscription.onNack = (sequences) => this.#repair(kind, sequences);
    }
  }

  /** The next picture is a keyframe. */
  needKeyframe(): void {
    this.#keyframeDue = true;
  }

  /** Nothing arrives for so long, and then everything that was sent meanwhile. */
  stall(ms: number): void {
    const until = this.#options.clock.now + ms;
    this.#lastArrival.audio = Math.max(this.#lastArrival.audio, until);
    this.#lastArrival.video = Math.max(this.#lastArrival.video, until);
  }

  /** The timestamps of sound jump ahead. */
  jumpAudio(ms: number): void {
    this.#zero.audio += ms * 48;
  }

  /** Sound stops for so long, and its timestamps with it. */
  pauseClock(ms: number): void {
    this.sendAudio = false;
    this.#events.add(this.#options.clock.now + ms, () => {
      this.sendAudio = true;
      this.#zero.audio -= ms * 48;
    });
  }

  /** Another sender takes over: other sequence numbers and timestamps. */
  renumber(): void {
    for (const kind of ['audio', 'video'] as const) {
      this.#zero[kind] = Math.floor(this.#options.random() * 4_294_967_296);
      this.sequence[kind] = (this.sequence[kind] + 30_000) & 0xffff;
    }
    this.#keyframeDue = true;
  }

  /** Time passes. */
  run(ms: number): void {
    const { clock } = this.#options;
    const until = clock.now + ms;
    for (let event = this.#events.next(until); event !== null; event = this.#events.next(until)) {
      clock.now = Math.max(clock.now, event.at);
      event.run();
    }
    clock.now = until;
  }

  #tick(): void {
    this.#options.egress().tick();
    this.#events.add(this.#options.clock.now + tickMs, () => this.#tick());
  }

  #wall(t: number): number {
    return 3_900_000_000_000 + (t - this.#began) * (1 + this.#options.wallPpm * 1e-6);
  }

  #stamp(kind: 'audio' | 'video', t: number): number {
    const perMs = kind === 'audio' ? 48 : 90;
    const ppm = kind === 'audio' ? this.#options.audioPpm : this.#options.videoPpm;
    return this.#zero[kind] + (t - this.#began) * perMs * (1 + ppm * 1e-6);
  }

  #captureAudio(): void {
    const t = this.#options.clock.now;
    // Sample n is taken when the sender's sound clock says so.
    const period = 20 / (1 + this.#options.audioPpm * 1e-6);
    const index = this.#audioIndex++;
    const capture = this.#began + index * period;
    if (this.sendAudio && this.audio !== null && (!this.dtx || index % 20 === 0)) {
      const payload = this.dtx ? Uint8Array.of(31 << 3) : opusPacket(capture, this.stereo);
      this.#send('audio', { payload, timestamp: this.#zero.audio + index * 960, marker: false }, t + 20);
    }
    this.#events.add(this.#began + (index + 1) * period, () => this.#captureAudio());
  }

  #captureVideo(): void {
    const t = this.#options.clock.now;
    if (this.sendVideo && this.video !== null) {
      const keyframe = this.#keyframeDue;
      this.#keyframeDue = false;
      const bytes = keyframe ? this.#options.frameBytes * 8 : this.#options.frameBytes;
      const timestamp = Math.floor(this.#stamp('video', t));
      let spread = 0;
      const send = (payload: Uint8Array, stamp: number, marker: boolean) =>
        this.#send('video', { payload, timestamp: stamp, marker }, t + this.#options.videoLagMs + spread++);
      if (this.codec === 'h264') {
        const parameters = keyframe ? this.#parameters : null;
        this.#packetizer.send(h264Picture(keyframe, t, bytes), parameters, timestamp, { send });
      } else {
        const payloads = vp8Payloads(vp8Picture(keyframe, t, bytes), this.framesSent & 0x7fff);
        payloads.forEach((payload, i) => {
          send(payload, timestamp, i === payloads.length - 1);
        });
      }
      this.framesSent++;
    }
    this.#events.add(t + 1_000 / this.#options.fps, () => this.#captureVideo());
  }

  #send(kind: 'audio' | 'video', sent: Sent, at: number): void {
    const { random, delayMs, jitterMs, loss, reorder, duplicates } = this.#options;
    const sequence = this.sequence[kind];
    this.sequence[kind] = (sequence + 1) & 0xffff;
    this.#sent[kind].set(sequence, sent);
    this.#sent[kind].delete((sequence - 1_000) & 0xffff);
    if (this.outage || random() < loss) return;
    if (kind === 'video' && this.dropNext > 0) {
      this.dropNext--;
      return;
    }
    // Jitter keeps the order; what is reordered comes behind the next ones.
    const inOrder = Math.max(this.#lastArrival[kind], at + delayMs + jitterMs * random());
    this.#lastArrival[kind] = inOrder;
    const way = random() < reorder ? inOrder + 15 : inOrder;
    this.#arrive(kind, sequence, sent, way);
    if (random() < duplicates) this.#arrive(kind, sequence, sent, way + 5);
  }

  #arrive(kind: 'audio' | 'video', sequence: number, sent: Sent, at: number): void {
    this.#events.add(at, () => {
      const subscription = this[kind];
      if (subscription === null || subscription.closed) return;
      subscription.sink.onRtp(
        { ...sent, sequence, timestamp: (sent.timestamp + 2 ** 40) % 4_294_967_296 },
        this.#options.clock.now,
      );
    });
  }

  #repair(kind: 'audio' | 'video', sequences: readonly number[]): void {
    const { repairMs, clock, random, loss } = this.#options;
    if (repairMs === 0 || this.outage) return;
    for (const sequence of sequences) {
      const sent = this.#sent[kind].get(sequence);
      if (sent !== undefined && random() >= loss) this.#arrive(kind, sequence, sent, clock.now + repairMs);
    }
  }

  #report(): void {
    const { clock, random, reportNoiseMs, delayMs } = this.#options;
    const t = clock.now;
    if (this.reporting && !this.outage) {
      for (const kind of ['audio', 'video'] as const) {
        const subscription = this[kind];
        const sends = kind === 'audio' ? this.sendAudio : this.sendVideo;
        if (subscription === null || subscription.closed || !sends) continue;
        const ntp = this.#wall(t) + (random() - 0.5) * 2 * reportNoiseMs;
        const stamp = (Math.floor(this.#stamp(kind, t)) + 2 ** 40) % 4_294_967_296;
        this.#events.add(t + delayMs, () => subscription.sink.onSenderReport(ntp, stamp, clock.now));
      }
    }
    this.#events.add(t + 3_000 + random() * 2_000, () => this.#report());
  }
}
