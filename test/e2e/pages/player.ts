import mpegts from 'mpegts.js';
import type { PlayerApi } from '../src/player-api.ts';
import { lookAt } from './eye.ts';
import { audioContext } from './sources.ts';
import { Spectrum } from './spectrum.ts';

interface Playing {
  readonly element: HTMLVideoElement;
  readonly spectrum: Spectrum;
  readonly facts: string[];
  frames: number;
}

const playing = new Map<string, Playing>();

const player: PlayerApi = {
  async play(name, url, { video, audio }) {
    const element = document.createElement('video');
    element.width = 160;
    element.playsInline = true;
    document.body.append(element);
    const sound = audioContext().createMediaElementSource(element);
    // What is not led anywhere is not pulled.
    sound.connect(audioContext().destination);
    const one: Playing = { element, spectrum: new Spectrum(sound), facts: [], frames: 0 };
    playing.set(name, one);
    const count = () => {
      one.frames += 1;
      element.requestVideoFrameCallback(count);
    };
    element.requestVideoFrameCallback(count);
    const source = { type: 'flv', isLive: true, url, hasVideo: video, hasAudio: audio, cors: true };
    const flv = mpegts.createPlayer(source, { enableWorker: false, enableStashBuffer: false });
    flv.on(mpegts.Events.ERROR, (type, detail, info) => one.facts.push(`${type}: ${detail} ${JSON.stringify(info)}`));
    flv.on(mpegts.Events.MEDIA_INFO, (info) => one.facts.push(`${info.videoCodec} ${info.audioCodec}`));
    flv.attachMediaElement(element);
    flv.load();
    // A stream of sound alone, or one that never begins, is told of by what is seen and heard.
    void Promise.resolve(flv.play()).catch((error: unknown) => one.facts.push(String(error)));
  },
  async look(name) {
    const one = playing.get(name);
    const seen = one === undefined ? null : lookAt(one.element);
    return one === undefined || seen === null ? null : { ...seen, frames: one.frames };
  },
  async listen(name) {
    return playing.get(name)?.spectrum.read() ?? null;
  },
  async facts(name) {
    const one = playing.get(name);
    if (one === undefined) return [];
    const { element } = one;
    return [
      ...one.facts,
      `ready ${element.readyState}, at ${element.currentTime}, ${element.error?.message ?? 'no error'}`,
    ];
  },
};

Object.assign(globalThis, { player });
