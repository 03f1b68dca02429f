import type { TrackSummary } from './types.ts';

/** Stamps and bytes of one kind of media. */
export class TrackMeter {
  #messages = 0;
  #bytes = 0;
  #first: number | null = null;
  #last: number | null = null;
  #longestStep = 0;
  #stepsBack = 0;

  add(timestamp: number, bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes;
    this.#first ??= timestamp;
    if (this.#last !== null) {
      // Stamps wrap at 32 bits.
      const step = (timestamp - this.#last) | 0;
      if (step < 0) this.#stepsBack += 1;
      else if (step > this.#longestStep) this.#longestStep = step;
    }
    this.#last = timestamp;
  }

  summary(): TrackSummary {
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      firstTimestamp: this.#first,
      lastTimestamp: this.#last,
      longestStepMs: this.#longestStep,
      stepsBack: this.#stepsBack,
    };
  }
}
