/** Sound in any rate and format to interleaved floats at 48 kHz, with a speed that can be changed a little. */
import { type Library, layoutOf, type SoftwareResampleContext } from './library.ts';

const RATE = 48_000;
/** A speed holds for so many samples unless it is set again: 10 s, so that one sample is 2 ppm. */
const DISTANCE = 480_000;
/** Delay is asked in fractions of a sample. */
const FRACTION = 64;

export interface SoundFormat {
  readonly sampleRate: number;
  readonly sampleFormat: number;
  readonly channels: number;
}

export class Resampler {
  readonly format: SoundFormat;
  readonly #context: SoftwareResampleContext;
  readonly #outChannels: number;
  readonly #bytesPerSample: number;
  readonly #planar: boolean;
  #out: Buffer = Buffer.alloc(0);
  #samples = new Float32Array(0);
  #outList: Buffer[] = [];
  #delta = 0;

  constructor(library: Library, format: SoundFormat, outChannels: number) {
    const { constants } = library;
    this.format = format;
    this.#outChannels = outChannels;
    const sampleFormat = format.sampleFormat as Parameters<SoftwareResampleContext['allocSetOpts2']>[1];
    this.#bytesPerSample = library.avGetBytesPerSample(sampleFormat);
    this.#planar = library.avSampleFmtIsPlanar(sampleFormat);
    this.#context = new library.SoftwareResampleContext();
    const result = this.#context.allocSetOpts2(
      layoutOf(library, outChannels),
      constants.AV_SAMPLE_FMT_FLT,
      RATE,
      layoutOf(library, format.channels),
      sampleFormat,
      format.sampleRate,
    );
    if (result < 0) throw new Error(`no resampler (${result})`);
    this.#context.setOption('flags', 'res');
    this.#context.setOption('linear_interp', 1);
    const started = this.#context.init();
    if (started < 0) throw new Error(`no resampler (${started})`);
    // Takes the filter bank that can change its speed from the start: a change in mid-stream would be heard.
    this.#context.setCompensation(0, DISTANCE);
  }

  /** Samples at 48 kHz that were fed and did not come out yet. */
  get delay(): number {
    return Number(this.#context.getDelay(BigInt(RATE * FRACTION))) / FRACTION;
  }

  /** @param speed samples to add for each sample. */
  setSpeed(speed: number): void {
    const delta = Math.round(speed * DISTANCE);
    // Renewed at every call while it is not zero: it runs out after the distance.
    if (delta === 0 && this.#delta === 0) return;
    this.#delta = delta;
    this.#context.setCompensation(delta, DISTANCE);
  }

  /** Converts; the answer is valid until the next call and holds whole interleaved samples. */
  push(planes: Buffer[], samples: number): Float32Array {
    const room = Math.ceil((samples * RATE) / this.format.sampleRate) + 256;
    const bytes = room * this.#outChannels * 4;
    if (this.#out.length < bytes) {
      const memory = new ArrayBuffer(bytes);
      this.#out = Buffer.from(memory);
      this.#samples = new Float32Array(memory);
      this.#outList = [this.#out];
    }
    const got = this.#context.convertSync(this.#outList, room, planes, samples);
    if (got < 0) throw new Error(`the resampler failed (${got})`);
    return this.#samples.subarray(0, got * this.#outChannels);
  }

  /** Feeds silence. @param samples at 48 kHz. */
  pushSilence(samples: number): Float32Array {
    const count = Math.round((samples * this.format.sampleRate) / RATE);
    const plane = Buffer.alloc(count * this.#bytesPerSample * (this.#planar ? 1 : this.format.channels));
    return this.push(this.#planar ? new Array<Buffer>(this.format.channels).fill(plane) : [plane], count);
  }

  close(): void {
    this.#context.free();
  }
}
