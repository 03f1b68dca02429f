/** Who speaks: smoothed levels of one participant, and what changed in a room since the last announcement. */
import { SpeakerInfo } from '@livekit/protocol';

/** Levels are announced in eighths, so that small changes make no noise on the wire (as LiveKit does). */
const STEPS = 8;
/** Exponential smoothing over two intervals: 2 / (2 + 1). */
const SMOOTHING = 2 / 3;

export class SpeakerLevel {
  readonly #threshold: number;
  #level = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** @param raw the loudest of the participant's tracks in this interval, linear 0…1. */
  update(raw: number): void {
    this.#level = raw >= this.#threshold ? this.#level + (raw - this.#level) * SMOOTHING : 0;
  }

  get active(): boolean {
    return this.#level >= this.#threshold;
  }

  /** Quantized level: 1/8 … 1 while active, else 0. */
  get level(): number {
    return this.active ? Math.min(1, Math.ceil(this.#level * STEPS) / STEPS) : 0;
  }
}

/** Remembers what was announced of each participant; answers only what changed. */
export class SpeakerBoard {
  #announced = new Map<string, number>();

  /** @param levels participant SID → quantized level (0 = silent), for everybody who is there. */
  changes(levels: ReadonlyMap<string, number>): SpeakerInfo[] {
    const changed: SpeakerInfo[] = [];
    for (const [sid, level] of levels) {
      if (level > 0 && this.#announced.get(sid) !== level) {
        changed.push(new SpeakerInfo({ sid, level, active: true }));
        this.#announced.set(sid, level);
      }
    }
    for (const sid of [...this.#announced.keys()]) {
      if ((levels.get(sid) ?? 0) > 0) continue;
      this.#announced.delete(sid);
      changed.push(new SpeakerInfo({ sid, level: 0, active: false }));
    }
    return changed.sort((a, b) => b.level - a.level);
  }

  /** What was announced of the given ones, for somebody who did not hear it: silence is told only of those named. */
  announced(sids: Iterable<string>): SpeakerInfo[] {
    return [...sids].map((sid) => {
      const level = this.#announced.get(sid) ?? 0;
      return new SpeakerInfo({ sid, level, active: level > 0 });
    });
  }

  /** SIDs of those who speak, as announced. */
  speaking(): Iterable<string> {
    return this.#announced.keys();
  }
}
