/** Connection quality of one participant, from the statistics of what it sends and receives. */
import { ConnectionQuality } from '@livekit/protocol';

export interface StreamSample {
  readonly kind: 'audio' | 'video';
  /** 0 … 1 in the last interval. */
  readonly lossRate: number;
  readonly rttMs: number | null;
  readonly jitterMs: number;
  /** False when nothing was to be sent: such a stream says nothing. */
  readonly active: boolean;
}

const EXCELLENT = 80;
const GOOD = 40;

/** A score of 0 … 100 with LiveKit's habit: bad news at once, good news slowly. */
export class QualityScore {
  #score = 100;

  update(samples: readonly StreamSample[]): void {
    let worst = 100;
    let heard = false;
    for (const sample of samples) {
      if (!sample.active) continue;
      heard = true;
      worst = Math.min(worst, scoreOf(sample));
    }
    // Nothing flows (all muted): drift back to good.
    const target = heard ? worst : 100;
    const factor = target < this.#score ? 0.8 : 0.4;
    this.#score += (target - this.#score) * factor;
  }

  get score(): number {
    return this.#score;
  }

  /** As LiveKit's mean opinion score: 1 … 5. */
  get mos(): number {
    return 1 + (this.#score / 100) * 4;
  }

  get quality(): ConnectionQuality {
    if (this.#score >= EXCELLENT) return ConnectionQuality.EXCELLENT;
    return this.#score >= GOOD ? ConnectionQuality.GOOD : ConnectionQuality.POOR;
  }
}

/** Loss weighs most; delay beyond what a conversation bears takes the rest. */
function scoreOf(sample: StreamSample): number {
  const weight = sample.kind === 'video' ? 10 : 6;
  const loss = clamp(sample.lossRate, 0, 1) * 100 * weight;
  const delay = (sample.rttMs ?? 0) / 2 + sample.jitterMs * 2;
  const late = Math.max(0, delay - 160) / 8;
  return clamp(100 - loss - late, 0, 100);
}

function clamp(value: number, low: number, high: number): number {
  return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : low;
}
