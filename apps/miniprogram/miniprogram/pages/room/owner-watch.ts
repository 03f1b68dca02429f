import type { Clock } from '../../services/core.ts';

export interface OwnerWatchPorts {
  readonly clock: Clock;
  /** Asks for the owner; `null` when there is nobody to ask. */
  readonly ask: () => Promise<string | null>;
  readonly isHere: (userId: string) => boolean;
  readonly told: (ownerId: string) => void;
}

/** As often as seats are renewed: by the third time a seat that nobody keeps has passed on. */
const AGAIN_MS = 10_000;

/**
 * Who owns the room, where no signalling tells: asked when people come and go, and again while the owner is not among them.
 * Who vanished keeps the room until his seat has run out, which is later than his picture is gone.
 */
export class OwnerWatch {
  readonly #ports: OwnerWatchPorts;
  #turn = 0;
  #cancel: () => void = () => {};

  constructor(ports: OwnerWatchPorts) {
    this.#ports = ports;
  }

  async look(): Promise<void> {
    this.stop();
    const turn = this.#turn;
    const { clock, ask, isHere, told } = this.#ports;
    // A question that got lost is asked again like one whose answer was the old owner.
    const owner = await ask().catch(() => null);
    if (turn !== this.#turn) return;
    if (owner !== null) told(owner);
    if (owner === null || !isHere(owner)) this.#cancel = clock.after(AGAIN_MS, () => void this.look());
  }

  stop(): void {
    this.#turn += 1;
    this.#cancel();
  }
}
