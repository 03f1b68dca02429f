/** A codec pool without codecs, with the timing rules of the real one; a test decides when a process dies or has no place. */
import type {
  AacInput,
  AacOutput,
  BridgeJob,
  BridgeOutput,
  CodecJob,
  CodecJobKind,
  CodecPool,
  CodecSink,
  OpusInput,
  OpusOutput,
} from '../../codec/types.ts';
import { FakeBridge } from './fake-bridge.ts';

const PACKET = 960;
const AAC_FRAME = 1_024;
const MAX_FILL = 48 * 2_000;

/** AAC in, one Opus packet for every 960 samples of the timeline; the payload is its running number. */
export class FakeAudioJob implements CodecJob<AacInput> {
  readonly asc: Uint8Array;
  readonly #sink: CodecSink<OpusOutput>;
  readonly frameSamples: number;
  /** Next sample that comes out. */
  #place = Number.NaN;
  /** Where the input ends. */
  #filled = 0;
  #number = 0;
  /** Of what comes out. */
  level = 20;
  writes = 0;
  closed = false;
  over = false;

  readonly #preRoll: number;

  /** @param preRoll samples before its first input that come out: what an encoder adds and takes off again. */
  constructor(asc: Uint8Array, sink: CodecSink<OpusOutput>, sampleRate: number, preRoll: number) {
    this.asc = asc;
    this.#preRoll = preRoll;
    this.#sink = sink;
    this.frameSamples = (AAC_FRAME * 48_000) / sampleRate;
  }

  write(input: AacInput): void {
    if (this.closed || this.over) throw new Error('written to after its end');
    this.writes++;
    if (Number.isNaN(this.#place)) {
      this.#place = Math.round(input.place) - this.#preRoll;
      this.#filled = this.#place;
    }
    if (input.place - this.#filled > MAX_FILL) {
      this.#place = Math.round(input.place);
      this.#filled = this.#place;
    }
    this.#filled = Math.max(this.#filled, input.place) + this.frameSamples;
    while (this.#filled - this.#place >= PACKET && !this.closed && !this.over) {
      const place = this.#place;
      this.#place += PACKET;
      this.#sink.onOutput({ data: Uint8Array.of(0xfc, this.#number++ & 0xff), place, level: this.level });
    }
  }

  close(): void {
    this.closed = true;
  }

  end(reason: 'crashed' | 'undecodable' | 'refused'): void {
    if (this.closed || this.over) return;
    this.over = true;
    this.#sink.onEnd(reason);
  }
}

export class FakeCodecs implements CodecPool {
  unavailable: string | null = null;
  audioPlaces = Number.POSITIVE_INFINITY;
  bridgePlaces = Number.POSITIVE_INFINITY;
  sampleRate = 44_100;
  preRoll = 0;
  readonly audio: FakeAudioJob[] = [];
  readonly bridges: FakeBridge[] = [];
  /** A new bridge answers what is written at once. */
  promptBridges = true;

  openAacToOpus(asc: Uint8Array, sink: CodecSink<OpusOutput>): CodecJob<AacInput> | null {
    if (this.unavailable !== null || this.jobs['aac-to-opus'] >= this.audioPlaces) return null;
    const job = new FakeAudioJob(asc, sink, this.sampleRate, this.preRoll);
    this.audio.push(job);
    return job;
  }

  openOpusToAac(_options: { readonly channels: 1 | 2 }, _sink: CodecSink<AacOutput>): CodecJob<OpusInput> | null {
    return null;
  }

  openBridge(
    options: { readonly encodeFromMs: number; readonly bitsPerSecond: number },
    sink: CodecSink<BridgeOutput>,
  ): BridgeJob | null {
    if (this.unavailable !== null || this.jobs['h264-bridge'] >= this.bridgePlaces) return null;
    const job = new FakeBridge(this.bridges.length + 1, options.encodeFromMs, sink);
    if (this.promptBridges) job.onWritten = () => queueMicrotask(() => job.answer());
    this.bridges.push(job);
    return job;
  }

  openVideoToH264(): null {
    return null;
  }

  get jobs(): Readonly<Record<CodecJobKind, number>> {
    const open = (jobs: readonly { readonly closed: boolean; readonly over: boolean }[]) =>
      jobs.filter((job) => !job.closed && !job.over).length;
    return {
      'aac-to-opus': open(this.audio),
      'opus-to-aac': 0,
      'h264-bridge': open(this.bridges),
      'video-to-h264': 0,
    };
  }

  processes(): readonly number[] {
    return [];
  }

  async close(): Promise<void> {}
}
