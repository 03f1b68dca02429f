import type { VideoConfig, VideoFrame } from '../stream/types.ts';

/** The current group of pictures of a push, for a late viewer's bridge: parameter sets, keyframe, what followed. */
export class Group {
  readonly #maxBytes: number;
  #config: VideoConfig | null = null;
  #frames: VideoFrame[] = [];
  #bytes = 0;
  /** The group grew too long to be kept: nothing until the next keyframe. */
  #lost = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  write(unit: VideoConfig | VideoFrame): void {
    if (unit.kind === 'video-config') {
      this.#config = unit;
      this.#clear();
      return;
    }
    if (unit.keyframe) {
      this.#clear();
      this.#lost = false;
    }
    if (this.#lost) return;
    this.#bytes += unit.data.length;
    this.#frames.push(unit);
    if (this.#bytes <= this.#maxBytes) return;
    this.#clear();
    this.#lost = true;
  }

  /** Empty when none is kept. */
  units(): readonly (VideoConfig | VideoFrame)[] {
    return this.#config === null || this.#frames[0]?.keyframe !== true ? [] : [this.#config, ...this.#frames];
  }

  #clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
