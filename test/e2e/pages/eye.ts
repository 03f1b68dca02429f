import type { Look, Rgb } from '../src/harness-api.ts';

const WIDTH = 64;
const HEIGHT = 36;

let canvas: CanvasRenderingContext2D | null = null;

function drawing(): CanvasRenderingContext2D {
  if (canvas !== null) return canvas;
  const element = document.createElement('canvas');
  element.width = WIDTH;
  element.height = HEIGHT;
  canvas = element.getContext('2d', { alpha: false, willReadFrequently: true });
  if (canvas === null) throw new Error('no 2d canvas here');
  return canvas;
}

/** Colour, mark and size of what an element shows now; null while it shows nothing. */
export function lookAt(element: HTMLVideoElement): Omit<Look, 'frames'> | null {
  if (element.videoWidth === 0 || element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  const paper = drawing();
  paper.drawImage(element, 0, 0, WIDTH, HEIGHT);
  const { data } = paper.getImageData(0, 0, WIDTH, HEIGHT);
  return {
    color: meanColor(data),
    mark: brightestColumn(data),
    width: element.videoWidth,
    height: element.videoHeight,
  };
}

/**
 * How many frames an element has shown. Firefox counts none of streams in the playback quality; in a page that is not the
 * front one Chromium calls back once a second, however many frames come.
 */
export class FrameCounter {
  readonly #element: HTMLVideoElement;
  #calls = 0;

  constructor(element: HTMLVideoElement) {
    this.#element = element;
    const count = () => {
      this.#calls += 1;
      element.requestVideoFrameCallback(count);
    };
    element.requestVideoFrameCallback(count);
  }

  get frames(): number {
    return Math.max(this.#calls, this.#element.getVideoPlaybackQuality().totalVideoFrames);
  }
}

/** Watches one playing video element. */
export class Eye {
  readonly element: HTMLVideoElement;
  readonly #counter: FrameCounter;

  constructor(element: HTMLVideoElement) {
    this.element = element;
    element.muted = true;
    element.playsInline = true;
    element.width = 160;
    document.body.append(element);
    this.#counter = new FrameCounter(element);
  }

  /** Null until the first frame is there. */
  look(): Look | null {
    const seen = lookAt(this.element);
    return seen === null ? null : { ...seen, frames: this.#counter.frames };
  }

  close(): void {
    this.element.srcObject = null;
    this.element.remove();
  }
}

function meanColor(data: Uint8ClampedArray): Rgb {
  const sum = [0, 0, 0];
  let count = 0;
  for (let y = Math.floor(HEIGHT * 0.55); y < HEIGHT - 2; y += 1) {
    for (let x = 2; x < WIDTH - 2; x += 1) {
      const at = (y * WIDTH + x) * 4;
      for (let channel = 0; channel < 3; channel += 1) sum[channel] = (sum[channel] ?? 0) + (data[at + channel] ?? 0);
      count += 1;
    }
  }
  const mean = (channel: number) => Math.round((sum[channel] ?? 0) / count);
  return [mean(0), mean(1), mean(2)];
}

function brightestColumn(data: Uint8ClampedArray): number {
  const y = Math.floor(HEIGHT * 0.2);
  let best = 0;
  let light = -1;
  for (let x = 0; x < WIDTH; x += 1) {
    const at = (y * WIDTH + x) * 4;
    const here = (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0);
    if (here > light) {
      light = here;
      best = x;
    }
  }
  return best / WIDTH;
}
