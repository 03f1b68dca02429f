import { Backoff, type RecoveryPolicy } from '../backoff.ts';
import { PUSHER } from '../codes.ts';
import type { Clock } from '../ports.ts';

export interface PushRecoveryHost {
  /** The push is over for the moment: stop live-pusher. */
  halt(): void;
  /** Get a fresh URL and push to it. */
  fresh(): void;
  /** Tried to the end. */
  gaveUp(code: number): void;
}

/** Codes after which live-pusher does not come back to the same URL, or should not. */
const BROKEN: ReadonlySet<number> = new Set([
  PUSHER.disconnected,
  PUSHER.serverClosed,
  PUSHER.badUrl,
  PUSHER.serverRefused,
]);

/**
 * Brings a broken push back with fresh URLs, after waits that grow, a bounded number of times. A push that has run for a
 * while has recovered; one that breaks at once each time has not, however often it connects.
 */
export class PushRecovery {
  readonly #clock: Clock;
  readonly #steadyMs: number;
  readonly #backoff: Backoff;
  readonly #host: PushRecoveryHost;
  #running = false;
  #cancel: (() => void) | null = null;
  #held = false;
  #waits = false;

  constructor(clock: Clock, policy: RecoveryPolicy, host: PushRecoveryHost) {
    this.#clock = clock;
    this.#steadyMs = policy.steadyMs;
    this.#backoff = new Backoff(policy.push, clock.random);
    this.#host = host;
  }

  /** A URL has been handed to live-pusher and it was told to start. */
  started(): void {
    this.#stopTimer();
    this.#waits = false;
    this.#running = true;
  }

  /** A code of live-pusher; whether it was one that recovery takes care of. */
  event(code: number): boolean {
    if (code === PUSHER.pushing && this.#running) {
      this.#stopTimer();
      this.#cancel = this.#clock.after(this.#steadyMs, () => {
        this.#cancel = null;
        this.#backoff.reset();
      });
      return false;
    }
    if (!BROKEN.has(code)) return false;
    // The same trouble is told by several codes (3004, then −1307): one of them counts.
    if (!this.#running) return true;
    this.#running = false;
    this.#stopTimer();
    const wait = this.#backoff.next();
    if (wait === null) {
      this.#host.gaveUp(code);
      return true;
    }
    this.#host.halt();
    this.#waits = true;
    this.#cancel = this.#clock.after(wait, () => {
      this.#cancel = null;
      this.#try();
    });
    return true;
  }

  /** The push is not wanted as it is: another one is on its way. */
  interrupt(): void {
    this.abandon();
    this.#host.halt();
  }

  /** While the page is hidden nothing is tried: the system would stop it again. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held && this.#waits && this.#cancel === null) this.#try();
  }

  /** What is sent is not taken: no more tries. */
  abandon(): void {
    this.#running = false;
    this.#waits = false;
    this.#stopTimer();
  }

  /** The user asks for another start of the push. */
  again(): void {
    if (this.#running || this.#waits) return;
    this.#backoff.reset();
    this.#waits = true;
    this.#try();
  }

  #try(): void {
    if (this.#held) return;
    this.#waits = false;
    this.#host.fresh();
  }

  #stopTimer(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
