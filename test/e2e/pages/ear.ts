import type { Sound } from '../src/harness-api.ts';
import { audioContext } from './sources.ts';
import { Spectrum } from './spectrum.ts';

/** Hears one received track. */
export interface Ear {
  listen(): Promise<Sound>;
  close(): void;
}

/**
 * @param element plays the stream: Chromium decodes a remote track only while some element does
 */
export function makeEar(element: HTMLAudioElement, track: MediaStreamTrack): Ear {
  element.volume = 0.01;
  return navigator.userAgent.includes('Firefox') ? new RecordingEar(element, track) : new AnalysingEar(element, track);
}

/** Reads a live spectrum. */
class AnalysingEar implements Ear {
  readonly element: HTMLAudioElement;
  readonly #spectrum: Spectrum;

  constructor(element: HTMLAudioElement, track: MediaStreamTrack) {
    this.element = element;
    this.#spectrum = new Spectrum(audioContext().createMediaStreamSource(new MediaStream([track])));
  }

  async listen(): Promise<Sound> {
    return this.#spectrum.read();
  }

  close(): void {
    this.#spectrum.close();
    this.element.srcObject = null;
    this.element.remove();
  }
}

const RATE = 48_000;

/**
 * Records a moment and looks at the samples. Firefox keeps an AudioContext suspended where there is no sound card, and
 * records and decodes all the same.
 */
class RecordingEar implements Ear {
  readonly #element: HTMLAudioElement;
  readonly #track: MediaStreamTrack;

  constructor(element: HTMLAudioElement, track: MediaStreamTrack) {
    this.#element = element;
    this.#track = track;
  }

  async listen(): Promise<Sound> {
    const recorder = new MediaRecorder(new MediaStream([this.#track]));
    const parts: Blob[] = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const stopped = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, 600));
    recorder.stop();
    await stopped;
    const bytes = await new Blob(parts).arrayBuffer();
    const sound = await new OfflineAudioContext(1, RATE, RATE).decodeAudioData(bytes);
    return pitch(sound.getChannelData(0), sound.sampleRate);
  }

  close(): void {
    this.#element.srcObject = null;
    this.#element.remove();
  }
}

/**
 * Frequency of a tone in the last third of a second: the middle one of the times between rising zero crossings, so that
 * a pause in it, whose noise crosses zero too, does not count.
 */
function pitch(samples: Float32Array, rate: number): Sound {
  const heard = samples.subarray(Math.max(0, samples.length - Math.floor(rate / 3)));
  const loudest = heard.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const periods: number[] = [];
  let energy = 0;
  let crossing = -1;
  let top = 0;
  for (let index = 1; index < heard.length; index += 1) {
    const before = heard[index - 1] ?? 0;
    const here = heard[index] ?? 0;
    energy += here * here;
    top = Math.max(top, here);
    if (before >= 0 || here < 0) continue;
    // Where the line between the two samples meets zero.
    const at = index - here / (here - before);
    if (crossing >= 0 && top > loudest * 0.4) periods.push(at - crossing);
    crossing = at;
    top = 0;
  }
  periods.sort((a, b) => a - b);
  const middle = periods[periods.length >> 1];
  const level = 10 * Math.log10(energy / Math.max(1, heard.length) + 1e-20);
  return { peak: middle === undefined ? 0 : Math.round(rate / middle), level: Math.round(level) };
}
