import type { Sound } from '../src/harness-api.ts';

/** The live spectrum of what an audio node gives. */
export class Spectrum {
  readonly #source: AudioNode;
  readonly #analyser: AnalyserNode;
  readonly #bins: Float32Array<ArrayBuffer>;

  constructor(source: AudioNode) {
    this.#source = source;
    this.#analyser = source.context.createAnalyser();
    this.#analyser.fftSize = 8192;
    this.#analyser.smoothingTimeConstant = 0;
    source.connect(this.#analyser);
    this.#bins = new Float32Array(this.#analyser.frequencyBinCount);
  }

  /** The strongest part of the last moment. */
  read(): Sound {
    this.#analyser.getFloatFrequencyData(this.#bins);
    let best = 0;
    let level = Number.NEGATIVE_INFINITY;
    this.#bins.forEach((value, index) => {
      if (value > level) {
        level = value;
        best = index;
      }
    });
    const width = this.#source.context.sampleRate / this.#analyser.fftSize;
    return { peak: Math.round(best * width), level: Number.isFinite(level) ? Math.round(level) : -200 };
  }

  close(): void {
    this.#source.disconnect();
  }
}
