/** Brings a session back: the signal alone while media flows, everything anew otherwise, with growing waits. */
import { endOf, TurnedAway } from './goodbye.ts';
import type { LinkLimits } from './limits.ts';
import { type LinkEnd, LinkRefused } from './types.ts';
import { backOff } from './waiting.ts';

export interface RecoveryHost {
  readonly limits: LinkLimits;
  readonly clock: () => number;
  warn(what: string, detail: string): void;
  ended(): boolean;
  signalOpen(): boolean;
  mediaFlows(): boolean;
  resume(): Promise<void>;
  rejoin(): Promise<void>;
  /** Media stands still from now on. */
  onReconnecting(): void;
  onReconnected(): void;
  end(end: LinkEnd, detail: string): void;
}

/** Resumes in a row that may fail before everything is made anew. */
const MAX_RESUMES = 3;
/** A goodbye that was on its way when media ended is here by then. */
const GOODBYE_MS = 1_000;

export class Recovery {
  readonly #host: RecoveryHost;
  #running = false;
  #full = false;
  #shutdown = false;
  #grace: NodeJS.Timeout | null = null;
  #endPause: (() => void) | null = null;
  #waiting: (() => void)[] = [];

  constructor(host: RecoveryHost) {
    this.#host = host;
  }

  /** @param full media must be made anew too. @param shutdown the server said that it stops. */
  lost(full: boolean, reason: string, shutdown = false): void {
    if (this.#host.ended()) return;
    this.#clearGrace();
    if (full) this.#full = true;
    if (shutdown) this.#shutdown = true;
    if (this.#running) return;
    this.#running = true;
    this.#host.warn('the link to the media server is being brought back', reason);
    void this.#run();
  }

  /** A server that sends somebody away may end his media before its goodbye is here: coming back then would be wrong. */
  mediaLost(reason: string): void {
    if (this.#host.ended() || this.#grace !== null) return;
    if (!this.#host.signalOpen()) {
      this.lost(true, reason);
      return;
    }
    this.#grace = setTimeout(() => this.lost(true, reason), GOODBYE_MS);
  }

  /** Waits out the recovery under way. */
  settled(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#clearGrace();
    this.#endPause?.();
    this.#settle();
  }

  async #run(): Promise<void> {
    const host = this.#host;
    const begun = host.clock();
    let told = false;
    let resumes = 0;
    for (let attempt = 0; !host.ended(); attempt++) {
      if (attempt > 0) await this.#pause(backOff(attempt, host.limits));
      if (host.ended()) return;
      if (host.clock() - begun > host.limits.giveUpMs) {
        host.end(this.#shutdown ? 'server-shutdown' : 'lost', 'the media server did not come back');
        return;
      }
      const resuming = !this.#full && resumes < MAX_RESUMES && host.mediaFlows();
      try {
        if (resuming) {
          resumes += 1;
          await host.resume();
        } else {
          if (!told) host.onReconnecting();
          told = true;
          this.#full = false;
          await host.rejoin();
        }
      } catch (error) {
        if (host.ended() || this.#isFinal(error, resuming)) return;
        continue;
      }
      // It may have broken again meanwhile.
      if (!this.#full && host.signalOpen() && host.mediaFlows()) break;
    }
    if (host.ended()) return;
    this.#running = false;
    this.#shutdown = false;
    this.#settle();
    if (told) host.onReconnected();
  }

  /** True when the session has ended by it. */
  #isFinal(error: unknown, resuming: boolean): boolean {
    const host = this.#host;
    host.warn('the media server is not back yet', String(error));
    if (error instanceof TurnedAway) {
      const end = endOf(error.leave);
      if (end !== null) host.end(end, error.message);
      else this.#full = true;
      return end !== null;
    }
    if (!(error instanceof LinkRefused)) return false;
    // A resume that is refused says nothing about a fresh token.
    if (resuming) this.#full = true;
    else host.end('refused', error.message);
    return !resuming;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#endPause = null;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#endPause = end;
    });
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #clearGrace(): void {
    if (this.#grace !== null) clearTimeout(this.#grace);
    this.#grace = null;
  }
}
