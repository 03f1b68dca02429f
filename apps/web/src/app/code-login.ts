import { ClientError, type Session } from '@lianmai/client-core';
import { signedInByCode } from './signed-in.ts';

/** What became of the one-time code that the address brought along. */
export type CodeLoginState =
  /** There was none, or it made this client its user. */
  | { readonly step: 'settled' }
  | { readonly step: 'redeeming' }
  /** Wrong, used or too old: the server does not say which. */
  | { readonly step: 'spent' }
  /** No answer, so it may still be good. */
  | { readonly step: 'failed' };

/** As much of a window as is needed. */
export interface AddressBar {
  readonly location: Pick<Location, 'pathname' | 'search' | 'hash'>;
  readonly history: Pick<History, 'state' | 'replaceState'>;
  addEventListener(type: 'hashchange', listener: () => void): void;
}

/**
 * The code in a fragment, `#code=…`; null when there is none, empty when it is none that a server hands out. What stands behind
 * it is passed over: clients are known to add their own.
 */
export function readLoginCode(hash: string): string | null {
  const value = /^#(?:.*&)?code=([^&?]*)/.exec(hash)?.[1];
  if (value === undefined) return null;
  return /^[A-Za-z0-9_-]{1,128}$/.test(value) ? value : '';
}

/**
 * Signs in by the code in the address. A mini program opens this page with it, so that its user is the same here. It comes in
 * the fragment, which is sent to nobody: no log and no Referer has it. WeChat loads a changed fragment anew or tells it
 * to the page as it is, depending on the version, so both count.
 */
export class CodeLogin {
  readonly #session: Pick<Session, 'redeem' | 'current'>;
  readonly #window: AddressBar;
  readonly #listeners = new Set<() => void>();
  #state: CodeLoginState = { step: 'settled' };
  readonly #now: () => number;
  #code = '';
  #holds = 0;
  #waiting = false;

  /** @param now Unix milliseconds. */
  constructor(session: Pick<Session, 'redeem' | 'current'>, window: AddressBar, now: () => number = Date.now) {
    this.#session = session;
    this.#window = window;
    this.#now = now;
  }

  readonly getState = (): CodeLoginState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Looks at the address now, and whenever its fragment changes. */
  start(): void {
    this.#take();
    this.#window.addEventListener('hashchange', () => this.#take());
  }

  /** Shows the same code again, after `failed`. */
  readonly retry = (): void => this.#show();

  /** Until the returned function is called, codes wait: nobody becomes another user in the middle of a call. */
  hold(): () => void {
    this.#holds += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      if (this.#waiting) this.#show();
    };
  }

  #take(): void {
    const { location, history } = this.#window;
    const code = readLoginCode(location.hash);
    if (code === null) return;
    // First of all: nobody copies, shares or bookmarks an address that signs in.
    history.replaceState(history.state, '', location.pathname + location.search);
    this.#code = code;
    this.#show();
  }

  #show(): void {
    this.#waiting = this.#holds > 0;
    if (this.#waiting) return;
    if (this.#code === '') this.#set(this.#afterRefusal());
    else void this.#redeem();
  }

  async #redeem(): Promise<void> {
    const code = this.#code;
    this.#set({ step: 'redeeming' });
    let state: CodeLoginState = { step: 'settled' };
    try {
      await this.#session.redeem(code);
    } catch (error) {
      const refused = error instanceof ClientError && error.reason === 'sign-in';
      state = refused ? this.#afterRefusal() : { step: 'failed' };
    }
    // A newer code tells its own outcome.
    if (this.#code === code) this.#set(state);
  }

  /** WeChat may bring a page back with the address it began with: who is signed in by code stays so, while that lasts. */
  #afterRefusal(): CodeLoginState {
    return { step: signedInByCode(this.#session.current, this.#now()) === null ? 'spent' : 'settled' };
  }

  #set(state: CodeLoginState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
