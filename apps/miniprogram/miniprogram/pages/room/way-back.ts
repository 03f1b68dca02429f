import { type Clock, pauseBefore, type RetryPolicy } from '../../services/core.ts';

/** Going through the door again after the media was lost for good. */
export const REJOIN: RetryPolicy = { attempts: 10, firstPauseMs: 1_000, maxPauseMs: 8_000 };

/**
 * Who has been in the room for so long is back, ms. Longer than the component takes until it gives a push or a connection
 * up: where joining works but sending never does, each try gets into the room, and that alone is no end of the trouble.
 */
export const STEADY_MS = 180_000;

/** The way back into a room: one try at a time, with growing pauses, a bounded number of times. */
export class WayBack {
  readonly #clock: Clock;
  readonly #go: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #attempts = 0;
  #onTheWay = false;
  #cancelTry: (() => void) | null = null;
  #cancelSteady: (() => void) | null = null;

  /**
   * @param go calls `started` once the seat is taken
   * @param failed what `go` threw; another try may be planned in answer
   */
  constructor(clock: Clock, go: () => Promise<void>, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#go = go;
    this.#failed = failed;
  }

  /** Plans the next try. `on-the-way`: one is planned or under way already; `over`: there were enough. */
  again(): 'planned' | 'on-the-way' | 'over' {
    if (this.#onTheWay) return 'on-the-way';
    this.#cancelSteady?.();
    this.#cancelSteady = null;
    this.#attempts += 1;
    if (this.#attempts >= REJOIN.attempts) return 'over';
    this.#onTheWay = true;
    this.#cancelTry = this.#clock.after(pauseBefore(REJOIN, this.#attempts + 1), () => {
      this.#cancelTry = null;
      // `go` itself says `started` before the component starts: what that tells at once may have planned the next try by now.
      this.#go().catch((error: unknown) => {
        this.started();
        this.#failed(error);
      });
    });
    return 'planned';
  }

  /** The seat is taken and the component starts: what fails now is a failure of its own. */
  started(): void {
    this.#onTheWay = false;
  }

  /** In the room. */
  joined(): void {
    this.stop();
    this.#cancelSteady = this.#clock.after(STEADY_MS, () => {
      this.#cancelSteady = null;
      this.#attempts = 0;
    });
  }

  /** Nothing that is planned happens. */
  stop(): void {
    this.#cancelTry?.();
    this.#cancelTry = null;
    this.#cancelSteady?.();
    this.#cancelSteady = null;
    this.#onTheWay = false;
  }

  /** The user begins anew. */
  reset(): void {
    this.stop();
    this.#attempts = 0;
  }
}
