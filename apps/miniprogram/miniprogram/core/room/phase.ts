/** Where a stay stands. `leaving`: the push is being stopped, and what is still said of the old stay is not heard. */
export type Phase = 'idle' | 'entering' | 'in' | 'leaving';

export type PhaseInput = 'start' | 'entered' | 'leave' | 'left';

const TRANSITIONS: Readonly<Record<Phase, Readonly<Partial<Record<PhaseInput, Phase>>>>> = {
  idle: { start: 'entering' },
  entering: { entered: 'in', leave: 'leaving' },
  in: { entered: 'in', leave: 'leaving' },
  leaving: { left: 'idle' },
};

/** The next phase, or `null` where the input means nothing. */
export function nextPhase(phase: Phase, input: PhaseInput): Phase | null {
  return TRANSITIONS[phase][input] ?? null;
}

/**
 * The phase of a room and the number of the stay. Every entry is a new generation: a callback that was made for an older one
 * asks `isCurrent` and finds that it comes too late.
 */
export class Stay {
  #phase: Phase = 'idle';
  #generation = 0;

  get phase(): Phase {
    return this.#phase;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Goes on, or answers false where the input means nothing now. */
  take(input: PhaseInput): boolean {
    const next = nextPhase(this.#phase, input);
    if (next === null) return false;
    if (input === 'start' || input === 'leave') this.#generation++;
    this.#phase = next;
    return true;
  }

  isCurrent(generation: number): boolean {
    return generation === this.#generation;
  }
}
