/**
 * The gateway's side of one job: a bounded queue before the process. At most `window` frames are in the process's hands
 * without being done; what comes beyond waits here. When too many wait, the oldest is dropped, or the job ends.
 */
import { KEYFRAME_BIT, MessageType, type WireWriter } from './wire.ts';

/** A frame that waits. Configurations wait in the same order. */
export type Waiting =
  | { readonly kind: 'frame'; readonly place: number; readonly aux: number; readonly data: Uint8Array }
  | { readonly kind: 'config'; readonly sps: Uint8Array; readonly pps: Uint8Array };

export interface QueueOptions {
  /** Frames that may be with the process at once. */
  readonly window: number;
  /** Frames that may wait. */
  readonly maxWaiting: number;
  /** Frames of places before this are a group written at once, which is not counted. */
  readonly uncountedBefore?: number;
  /** What happens when too many wait. */
  readonly whenFull: WhenFull;
}

/**
 * Sound loses its oldest frame. Pictures are of no use without those before them: all up to the newest keyframe that
 * waits are dropped, or, when none does, all until the next one comes, which is asked for. Or the job ends.
 */
export type WhenFull =
  | { readonly kind: 'drop-oldest' }
  | { readonly kind: 'drop-to-keyframe'; readonly onGap: () => void }
  | { readonly kind: 'end'; readonly onEnd: () => void };

export class JobQueue {
  readonly #id: number;
  readonly #writer: WireWriter;
  readonly #options: QueueOptions;
  #waiting: Waiting[] = [];
  #frames = 0;
  #flying = 0;
  /** Pictures are dropped until a keyframe comes. */
  #untilKeyframe = false;
  /** Frames dropped so far. */
  dropped = 0;

  constructor(id: number, writer: WireWriter, options: QueueOptions) {
    this.#id = id;
    this.#writer = writer;
    this.#options = options;
  }

  /** Frames that were written and are not done, here and in the process. */
  get pending(): number {
    return this.#waiting.length + this.#flying;
  }

  frame(place: number, aux: number, data: Uint8Array): void {
    if (this.#untilKeyframe) {
      if ((aux & KEYFRAME_BIT) === 0) {
        this.dropped++;
        return;
      }
      this.#untilKeyframe = false;
    }
    if (this.#waiting.length === 0 && this.#flying < this.#options.window) {
      this.#flying++;
      this.#writer.frame(MessageType.input, this.#id, place, aux, data);
      return;
    }
    if (this.#counts(place)) {
      if (this.#frames >= this.#options.maxWaiting && !this.#makeRoom(aux)) return;
      this.#frames++;
    }
    this.#waiting.push({ kind: 'frame', place, aux, data });
  }

  config(sps: Uint8Array, pps: Uint8Array): void {
    if (this.#waiting.length === 0) {
      this.#writer.config(MessageType.config, this.#id, sps, pps);
      return;
    }
    // Only the last one before a frame counts, and so their number is bounded as that of frames is.
    if (this.#waiting.at(-1)?.kind === 'config') this.#waiting.pop();
    this.#waiting.push({ kind: 'config', sps, pps });
  }

  /** The process has done so many frames. */
  acknowledged(count: number): void {
    this.#flying = Math.max(0, this.#flying - count);
    while (this.#flying < this.#options.window) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (next.kind === 'config') {
        this.#writer.config(MessageType.config, this.#id, next.sps, next.pps);
        continue;
      }
      if (this.#counts(next.place)) this.#frames--;
      this.#flying++;
      this.#writer.frame(MessageType.input, this.#id, next.place, next.aux, next.data);
    }
  }

  #counts(place: number): boolean {
    return place >= (this.#options.uncountedBefore ?? Number.NEGATIVE_INFINITY);
  }

  /** Answers whether the frame at hand may be put behind the others. */
  #makeRoom(aux: number): boolean {
    const { whenFull } = this.#options;
    if (whenFull.kind === 'end') {
      whenFull.onEnd();
      return false;
    }
    if (whenFull.kind === 'drop-oldest') {
      const at = this.#waiting.findIndex((item) => item.kind === 'frame');
      if (at >= 0) this.#waiting.splice(at, 1);
      this.#frames--;
      this.dropped++;
      return true;
    }
    const isKeyframe = (aux & KEYFRAME_BIT) !== 0;
    const keyframe = this.#waiting.findLastIndex((item) => item.kind === 'frame' && (item.aux & KEYFRAME_BIT) !== 0);
    const cut = isKeyframe || keyframe <= 0 ? this.#waiting.length : keyframe;
    this.#waiting.splice(0, cut);
    this.#frames -= cut;
    this.dropped += cut;
    if (isKeyframe || keyframe > 0) return true;
    this.dropped++;
    this.#untilKeyframe = true;
    whenFull.onGap();
    return false;
  }
}
