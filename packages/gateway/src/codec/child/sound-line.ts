/**
 * Decoded sound on its way to an encoder: kept on the places given, at 48 kHz, cut into frames of one size. The frames'
 * places follow on each other without a gap, except after a jump.
 */
import type { Library } from './library.ts';
import { PlaceKeeper } from './place-keeper.ts';
import { Resampler, type SoundFormat } from './resampler.ts';

const RATE = 48_000;
/** A sound that breaks off is led to zero over 5 ms, one that comes back is led in over the same time. */
const FADE = 240;

export interface SoundLineOptions {
  readonly channels: 1 | 2;
  /** Samples of one frame. */
  readonly frameSamples: number;
  readonly gap: number;
  readonly maxFill: number;
  /** Takes one frame; the array is used again. */
  readonly onFrame: (samples: Float32Array, place: number) => void;
}

export class SoundLine {
  readonly #library: Library;
  readonly #options: SoundLineOptions;
  readonly #keeper: PlaceKeeper;
  readonly #frame: Float32Array;
  readonly #last: Float32Array;
  #resampler: Resampler | null = null;
  #filled = 0;
  /** Place of the frame being filled; null before the first sound. */
  #place: number | null = null;
  #fadeIn = 0;

  constructor(library: Library, options: SoundLineOptions) {
    this.#library = library;
    this.#options = options;
    this.#keeper = new PlaceKeeper(options);
    this.#frame = new Float32Array(options.frameSamples * options.channels);
    this.#last = new Float32Array(options.channels);
  }

  /** Place of the next sample to be written; null before the first. */
  get place(): number | null {
    if (this.#place === null) return null;
    return this.#place + this.#filled + (this.#resampler?.delay ?? 0);
  }

  /** Takes decoded sound whose first sample belongs to `place` (48 kHz). */
  write(planes: Buffer[], samples: number, format: SoundFormat, place: number): void {
    this.#use(format);
    const length = (samples * RATE) / format.sampleRate;
    if (this.#place === null) {
      this.#place = Math.round(place);
    } else {
      const verdict = this.#keeper.judge(place, this.place ?? place, length);
      if (verdict === 'drop') return;
      if (verdict === 'fill') this.#silence(this.#keeper.amount);
      if (verdict === 'jump') this.#jump(this.#keeper.amount);
    }
    const resampler = this.#resampler;
    if (resampler === null) return;
    resampler.setSpeed(this.#keeper.speed);
    this.#take(resampler.push(planes, samples));
  }

  close(): void {
    this.#resampler?.close();
    this.#resampler = null;
  }

  #use(format: SoundFormat): void {
    const now = this.#resampler?.format;
    if (
      now !== undefined &&
      now.sampleRate === format.sampleRate &&
      now.sampleFormat === format.sampleFormat &&
      now.channels === format.channels
    ) {
      return;
    }
    this.#drain();
    this.#resampler?.close();
    this.#resampler = new Resampler(this.#library, format, this.#options.channels);
  }

  /** What the filter still holds goes out before silence that is not fed through it. */
  #drain(): void {
    const resampler = this.#resampler;
    if (resampler === null) return;
    const held = Math.round(resampler.delay);
    if (held > 0) this.#take(resampler.pushSilence(held).subarray(0, held * this.#options.channels));
  }

  #silence(samples: number): void {
    const before = this.#position();
    const target = before + Math.round(this.#resampler?.delay ?? 0) + samples;
    this.#drain();
    this.#fill(target - this.#position());
    this.#renew();
  }

  /** Ends the frame at hand with silence and goes on at another place. */
  #jump(place: number): void {
    this.#drain();
    if (this.#filled > 0) this.#fill(this.#options.frameSamples - this.#filled);
    this.#renew();
    this.#place = Math.max(place, this.#place ?? place);
  }

  /** A filter that holds silence only. */
  #renew(): void {
    const format = this.#resampler?.format;
    this.#resampler?.close();
    this.#resampler = format === undefined ? null : new Resampler(this.#library, format, this.#options.channels);
    this.#fadeIn = FADE;
  }

  #position(): number {
    return (this.#place ?? 0) + this.#filled;
  }

  #fill(samples: number): void {
    const { channels } = this.#options;
    const silence = new Float32Array(Math.max(0, samples) * channels);
    // From the last value to zero along a straight line: no click where the sound broke off.
    for (let i = 0; i < Math.min(FADE, samples); i++) {
      for (let c = 0; c < channels; c++) silence[i * channels + c] = this.#last[c]! * (1 - (i + 1) / FADE);
    }
    this.#take(silence);
  }

  #take(samples: Float32Array): void {
    const { channels, frameSamples, onFrame } = this.#options;
    const frame = this.#frame;
    const size = frame.length;
    let at = this.#filled * channels;
    for (let i = 0; i < samples.length; i++) {
      let value = samples[i]!;
      // Damaged input decodes to anything, not-a-number included; encoders fail on that.
      if (!(value <= 1 && value >= -1)) value = value > 1 ? 1 : value < -1 ? -1 : 0;
      if (this.#fadeIn > 0) {
        value *= 1 - this.#fadeIn / FADE;
        if (i % channels === channels - 1) this.#fadeIn--;
      }
      frame[at++] = value;
      if (at < size) continue;
      at = 0;
      const place = this.#place ?? 0;
      this.#place = place + frameSamples;
      onFrame(frame, place);
    }
    this.#filled = at / channels;
    if (samples.length === 0) return;
    for (let c = 0; c < channels; c++) this.#last[c] = frame[(at - channels + c + size) % size]!;
  }
}
