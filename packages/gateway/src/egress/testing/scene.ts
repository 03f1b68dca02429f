import type { RemoteTrack } from '../../link/types.ts';
import { createEgress } from '../egress.ts';
import type { Egress, EgressLimits, EgressTrouble } from '../types.ts';
import { CheckedUnits, FakeClock, FakeCodecs, FakeSession, remoteTrack } from './fakes.ts';
import { captureOf } from './pictures.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';
import { seeded } from './random.ts';

export const limits: EgressLimits = {
  minReorderMs: 20,
  maxReorderMs: 60,
  maxReorderPackets: 512,
  maxFrameBytes: 2_000_000,
  keyframeIntervalMs: 1_000,
};

/** One publisher, one egress, a virtual clock, and what players would see of picture and sound. */
export class Scene {
  readonly clock = new FakeClock();
  readonly session = new FakeSession();
  readonly codecs = new FakeCodecs();
  readonly units = new CheckedUnits();
  readonly troubles: EgressTrouble[] = [];
  readonly egress: Egress;
  readonly publisher: Publisher;
  readonly video = remoteTrack({ kind: 'video' });
  readonly audio = remoteTrack({ kind: 'audio' });
  readonly began: number;
  /** Stream time less capture time of what was told last, NaN in silence. */
  videoShift = Number.NaN;
  audioShift = Number.NaN;
  /** Longest time between two units of a kind on the stream's timeline. */
  longestAudioStep = 0;
  longestVideoStep = 0;
  firstVideoMs = Number.NaN;
  firstAudioMs = Number.NaN;
  /** Whatever a test looks at with every unit. */
  onUnit: () => void = () => {};

  constructor(options: Partial<PublisherOptions> & { readonly seed?: number; readonly beginMs?: number } = {}) {
    this.began = this.clock.now;
    this.egress = createEgress({
      session: this.session.session,
      codecs: this.codecs,
      limits,
      sink: this.units,
      clock: this.clock.read,
      ...(options.beginMs === undefined ? {} : { beginMs: options.beginMs }),
      onTrouble: (trouble) => this.troubles.push(trouble),
    });
    this.publisher = new Publisher({
      clock: this.clock,
      random: seeded(options.seed ?? 1),
      egress: () => this.egress,
      ...options,
    });
    let lastVideo = Number.NaN;
    let lastAudio = Number.NaN;
    this.units.onUnit = (unit) => {
      if (unit.kind === 'video') {
        if (Number.isNaN(lastVideo)) this.firstVideoMs = unit.timestampMs;
        else this.longestVideoStep = Math.max(this.longestVideoStep, unit.timestampMs - lastVideo);
        lastVideo = unit.timestampMs;
        this.videoShift = unit.timestampMs - (captureOf(unit.data) - this.began);
      } else if (unit.kind === 'audio') {
        if (Number.isNaN(lastAudio)) this.firstAudioMs = unit.timestampMs;
        else this.longestAudioStep = Math.max(this.longestAudioStep, unit.timestampMs - lastAudio);
        lastAudio = unit.timestampMs;
        const capture = new DataView(unit.data.buffer, unit.data.byteOffset).getFloat64(0);
        this.audioShift = unit.timestampMs - (capture - this.began);
      }
      this.onUnit();
    };
  }

  /** Sound stands so much later than the picture taken at the same time. */
  get apart(): number {
    return this.audioShift - this.videoShift;
  }

  add(...tracks: RemoteTrack[]): this {
    for (const track of tracks) {
      this.egress.add(track);
      this.publisher.connect({ [track.kind]: this.session.of(track.sid) });
    }
    return this;
  }

  addBoth(): this {
    return this.add(this.video, this.audio);
  }

  run(ms: number): this {
    this.publisher.run(ms);
    return this;
  }
}
