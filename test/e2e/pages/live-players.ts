/** Put into mini programs in Chromium: what their `<live-player>`s show and play, as their users see and hear it. */
import type { Look, Sound } from '../src/harness-api.ts';
import type { LivePlayersApi } from '../src/miniprogram/live-players-api.ts';
import { FrameCounter, lookAt } from './eye.ts';
import { audioContext } from './sources.ts';
import { Spectrum } from './spectrum.ts';

interface Watched {
  readonly spectrum: Spectrum;
  readonly counter: FrameCounter;
}

const watched = new WeakMap<HTMLVideoElement, Watched>();

/** Pages below the top one are hidden, and stay. */
function shown(testId: string): HTMLElement | null {
  const all = [...document.querySelectorAll<HTMLElement>(`[data-testid="${testId}"]`)];
  return all.findLast((one) => one.getClientRects().length > 0) ?? null;
}

function playerOf(key: string): HTMLVideoElement | null {
  return shown(`tile-${key}`)?.querySelector('video') ?? null;
}

function watch(element: HTMLVideoElement): Watched {
  const known = watched.get(element);
  if (known !== undefined) return known;
  const sound = audioContext().createMediaElementSource(element);
  // What is not led anywhere is not pulled.
  sound.connect(audioContext().destination);
  const fresh: Watched = { spectrum: new Spectrum(sound), counter: new FrameCounter(element) };
  watched.set(element, fresh);
  return fresh;
}

const livePlayers: LivePlayersApi = {
  async look(key): Promise<Look | null> {
    const element = playerOf(key);
    if (element === null || shown(`cover-${key}`) !== null) return null;
    const { counter } = watch(element);
    const seen = lookAt(element);
    return seen === null ? null : { ...seen, frames: counter.frames };
  },
  async listen(key): Promise<Sound | null> {
    const element = playerOf(key);
    return element === null ? null : watch(element).spectrum.read();
  },
  async tiles() {
    return [...document.querySelectorAll('[data-testid^="tile-"]')].map((tile) => {
      const key = (tile.getAttribute('data-testid') ?? '').slice('tile-'.length);
      const cover = tile.querySelector(`[data-testid="cover-${key}"]`)?.className ?? 'no cover';
      const video = tile.querySelector('video');
      return `${key}: ${cover}, ${video === null ? 'no video' : stateOf(video)}`;
    });
  },
};

function stateOf({ readyState, currentTime, buffered, error }: HTMLVideoElement): string {
  const ranges = Array.from({ length: buffered.length }, (_, i) => {
    return `${buffered.start(i).toFixed(1)}–${buffered.end(i).toFixed(1)}`;
  });
  const problem = error === null ? '' : `, ${error.message}`;
  return `ready ${readyState}, at ${currentTime.toFixed(1)} of ${ranges.join(' ') || 'nothing'}${problem}`;
}

Object.assign(globalThis, { livePlayers });
