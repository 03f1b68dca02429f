import type { Clock } from './ports.ts';

/** What the functions answered as `signInfo`, as far as it ages. */
export interface Tickets {
  readonly userSig: string;
  readonly privateMapKey: string;
  /** Unix ms; 0 when nobody said. */
  readonly expiresAt: number;
}

/** Why the page is asked for fresh tickets. */
export type TicketReason = 'expiring' | 'expired' | 'refused';

/** A ticket that runs out within this time is not worth sending, ms. */
const MARGIN = 5_000;
/** Sooner than this nobody is asked again: what is needed in the end is asked for when it is needed, ms. */
const MIN_REPEAT = 5_000;
/** Timers of phones count in 32 bits. */
const MAX_TIMER = 2_000_000_000;

/**
 * The tickets of one component. They age (300 s in the original) while a call goes on, so they are asked for anew by
 * `expiresAt`: in good time while somebody is in the room, and at the latest when they are needed and have run out.
 */
export class TicketHolder {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #ask: (reason: TicketReason, expiresAt: number) => void;
  #tickets: Tickets = { userSig: '', privateMapKey: '', expiresAt: 0 };
  #refused = false;
  #active = false;
  #cancelRenewal: (() => void) | null = null;
  #waiting: ((tickets: Tickets | null) => void)[] = [];
  #cancelWait: (() => void) | null = null;

  constructor(clock: Clock, waitMs: number, ask: (reason: TicketReason, expiresAt: number) => void) {
    this.#clock = clock;
    this.#waitMs = waitMs;
    this.#ask = ask;
  }

  /** Takes what the page handed in; whoever waits goes on with it. */
  set(tickets: Tickets): void {
    const before = this.#tickets;
    this.#tickets = tickets;
    // The same ones again, perhaps with an end that was not known, are no answer to a refusal.
    if (before.userSig !== tickets.userSig || before.privateMapKey !== tickets.privateMapKey) this.#refused = false;
    this.#schedule();
    if (this.#waiting.length === 0) return;
    // Properties may come one by one: only together are they tickets.
    void Promise.resolve().then(() => {
      if (this.#usable()) this.#settle(this.#tickets);
    });
  }

  /** Tickets that can be sent now; asks for fresh ones when these cannot. `null`: none came in time. */
  get(): Promise<Tickets | null> {
    if (this.#usable()) return Promise.resolve(this.#tickets);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length > 1) return;
      this.#cancelWait = this.#clock.after(this.#waitMs, () => this.#settle(null));
      this.#ask(this.#refused ? 'refused' : 'expired', this.#tickets.expiresAt);
    });
  }

  /** The server did not take these: the next `get` asks, whatever their end says. */
  refuse(): void {
    this.#refused = true;
  }

  /** While active, fresh tickets are asked for before the old ones run out. */
  activate(active: boolean): void {
    this.#active = active;
    this.#schedule();
    if (!active) this.#settle(null);
  }

  #usable(): boolean {
    const { userSig, expiresAt } = this.#tickets;
    return userSig !== '' && !this.#refused && (expiresAt === 0 || expiresAt - this.#clock.now() > MARGIN);
  }

  #settle(tickets: Tickets | null): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(tickets);
  }

  /** @param least no timer shorter than this, ms */
  #schedule(least = 0): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = null;
    const { expiresAt } = this.#tickets;
    if (!this.#active || expiresAt === 0) return;
    // Two thirds through what is left, again and again: the page's own request may fail.
    const wait = ((expiresAt - this.#clock.now() - MARGIN) * 2) / 3;
    if (wait <= least) return;
    this.#cancelRenewal = this.#clock.after(Math.min(MAX_TIMER, wait), () => {
      this.#ask('expiring', expiresAt);
      this.#schedule(MIN_REPEAT);
    });
  }
}
