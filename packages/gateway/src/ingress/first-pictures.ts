import type { VideoConfig, VideoFrame } from '../stream/types.ts';

/** A picture on its way out. */
export interface OutgoingPicture {
  readonly frame: VideoFrame;
  /** Before keyframes. */
  readonly parameters: VideoConfig | null;
}

const MAX_PICTURES = 150;
const MAX_BYTES = 2_000_000;

/**
 * Pictures that wait for the publication to be confirmed: the newest group only, and nothing when that grows too long.
 * Nobody has seen any of them, so what an IDR makes needless is forgotten.
 */
export class FirstPictures {
  readonly #pictures: OutgoingPicture[] = [];
  #bytes = 0;

  get length(): number {
    return this.#pictures.length;
  }

  push(frame: VideoFrame, parameters: VideoConfig | null): void {
    if (frame.keyframe) this.clear();
    else if (this.#pictures.length === 0) return;
    if (this.#pictures.length >= MAX_PICTURES || this.#bytes + frame.data.length > MAX_BYTES) {
      this.clear();
      return;
    }
    this.#pictures.push({ frame, parameters });
    this.#bytes += frame.data.length;
  }

  /** All of them, keyframe first, or none. */
  take(): readonly OutgoingPicture[] {
    const pictures = this.#pictures.slice();
    this.clear();
    return pictures;
  }

  clear(): void {
    this.#pictures.length = 0;
    this.#bytes = 0;
  }
}
