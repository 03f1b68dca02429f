/** How long a phone's groups of pictures are, to know when its next keyframe is due. */
export class GroupRhythm {
  readonly #toleranceMs: number;
  #keyframeMs = Number.NaN;
  #lengthMs = Number.NaN;
  #steady = false;

  /** @param toleranceMs two groups in a row that differ by no more make a rhythm; a keyframe is due for as long. */
  constructor(toleranceMs: number) {
    this.#toleranceMs = toleranceMs;
  }

  keyframe(timestampMs: number): void {
    const length = timestampMs - this.#keyframeMs;
    this.#steady = Math.abs(length - this.#lengthMs) <= this.#toleranceMs;
    this.#lengthMs = length;
    this.#keyframeMs = timestampMs;
  }

  /** Whether a keyframe is to be expected so soon after `atMs` that waiting is best; not when it is long overdue. */
  isDue(atMs: number): boolean {
    if (!this.#steady) return false;
    const dueIn = this.#keyframeMs + this.#lengthMs - atMs;
    return dueIn <= this.#toleranceMs && dueIn > -this.#toleranceMs;
  }

  reset(): void {
    this.#keyframeMs = Number.NaN;
    this.#lengthMs = Number.NaN;
    this.#steady = false;
  }
}
