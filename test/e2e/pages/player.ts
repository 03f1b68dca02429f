import mpegts from 'mpegts.js';
import type { Look, Sound } from '../src/harness-api.ts';
import type { PlayerApi } from '../src/player-api.ts';
import { FrameCounter, lookAt } from './eye.ts';
import { audioContext } from './sources.ts';
import { Spectrum } from './spectrum.ts';

type Tracks = Parameters<PlayerApi['play']>[2];

/** A stream that cannot be played at all must not be tried for ever. */
const MOST_STARTS = 4;
/** A live picture that has not moved for so long does not move by itself any more. */
const STILL_MS = 5_000;

/**
 * One stream on the page. It begins anew, as pages do, when the player cannot go on or stands still: mpegts.js 1.8.2 holds the
 * newest picture back, and hands it to the decoder with the parameter sets of the next one when the size changes just then;
 * and it waits for ever at a gap in what it has buffered.
 */
class Playing {
  readonly facts: string[] = [];
  readonly #url: string;
  readonly #tracks: Tracks;
  #player: mpegts.Player | null = null;
  #element: HTMLVideoElement | null = null;
  #spectrum: Spectrum | null = null;
  #counter: FrameCounter | null = null;
  #starts = 0;
  /** Frames of the starts before this one. */
  #framesBefore = 0;

  constructor(url: string, tracks: Tracks) {
    this.#url = url;
    this.#tracks = tracks;
  }

  start(): void {
    this.#starts += 1;
    const element = document.createElement('video');
    element.width = 160;
    element.playsInline = true;
    document.body.append(element);
    const sound = audioContext().createMediaElementSource(element);
    // What is not led anywhere is not pulled.
    sound.connect(audioContext().destination);
    const counter = new FrameCounter(element);
    const { video, audio } = this.#tracks;
    const source = { type: 'flv', isLive: true, url: this.#url, hasVideo: video, hasAudio: audio, cors: true };
    const player = mpegts.createPlayer(source, { enableWorker: false, enableStashBuffer: false });
    player.on(mpegts.Events.ERROR, (type, detail, info) => {
      // The first error of a player is followed by many that say the same.
      if (this.#player !== player) return;
      this.facts.push(
        `${type}: ${detail} ${JSON.stringify(info)}, ${element.error?.message ?? 'no error of the element'}`,
      );
      // Not in the middle of the player's own work.
      if (type === mpegts.ErrorTypes.MEDIA_ERROR) setTimeout(() => this.#beginAnew(player));
    });
    player.on(mpegts.Events.MEDIA_INFO, (info) => this.facts.push(`${info.videoCodec} ${info.audioCodec}`));
    this.#player = player;
    this.#element = element;
    this.#counter = counter;
    this.#spectrum = new Spectrum(sound);
    player.attachMediaElement(element);
    player.load();
    this.#watch(player, element);
    // A stream of sound alone, or one that never begins, is told of by what is seen and heard.
    void Promise.resolve(player.play()).catch((error: unknown) => this.facts.push(String(error)));
  }

  #watch(player: mpegts.Player, element: HTMLVideoElement): void {
    let at = element.currentTime;
    let moved = performance.now();
    const timer = setInterval(() => {
      if (this.#player !== player) {
        clearInterval(timer);
        return;
      }
      if (element.currentTime !== at) {
        at = element.currentTime;
        moved = performance.now();
      } else if (performance.now() - moved >= STILL_MS) {
        clearInterval(timer);
        this.facts.push(`stood still: ${this.state}`);
        this.#beginAnew(player);
      }
    }, 250);
  }

  #beginAnew(player: mpegts.Player): void {
    if (this.#player !== player || this.#starts >= MOST_STARTS) return;
    this.#player = null;
    this.#spectrum?.close();
    this.#framesBefore += this.#counter?.frames ?? 0;
    player.destroy();
    this.#element?.remove();
    this.start();
  }

  look(): Look | null {
    if (this.#element === null || this.#counter === null) return null;
    const seen = lookAt(this.#element);
    return seen === null ? null : { ...seen, frames: this.#framesBefore + this.#counter.frames };
  }

  listen(): Sound | null {
    return this.#spectrum?.read() ?? null;
  }

  get state(): string {
    const element = this.#element;
    const buffered = Array.from({ length: element?.buffered.length ?? 0 }, (_, range) => {
      return `${element?.buffered.start(range).toFixed(2)}–${element?.buffered.end(range).toFixed(2)}`;
    });
    const where = `at ${element?.currentTime} of [${buffered.join(', ')}]`;
    return `start ${this.#starts}, ready ${element?.readyState}, ${where}, ${element?.error?.message ?? 'no error'}`;
  }
}

const playing = new Map<string, Playing>();

const player: PlayerApi = {
  async play(name, url, tracks) {
    const one = new Playing(url, tracks);
    playing.set(name, one);
    one.start();
  },
  async look(name) {
    return playing.get(name)?.look() ?? null;
  },
  async listen(name) {
    return playing.get(name)?.listen() ?? null;
  },
  async facts(name) {
    const one = playing.get(name);
    return one === undefined ? [] : [...one.facts, one.state];
  },
};

Object.assign(globalThis, { player });
