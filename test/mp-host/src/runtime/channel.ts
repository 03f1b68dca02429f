type Listener = (...values: unknown[]) => void;

/** `EventChannel`: what two pages, the opener and the opened, say to each other. */
export class EventChannel {
  readonly #listeners = new Map<string, { readonly run: Listener; readonly once: boolean }[]>();
  /** What was said before anybody listened; WeChat keeps it. */
  readonly #kept = new Map<string, unknown[][]>();

  on(name: string, run: Listener): void {
    this.#add(name, run, false);
  }

  once(name: string, run: Listener): void {
    this.#add(name, run, true);
  }

  off(name: string, run?: Listener): void {
    const list = this.#listeners.get(name) ?? [];
    this.#listeners.set(name, run === undefined ? [] : list.filter((one) => one.run !== run));
  }

  emit(name: string, ...values: unknown[]): void {
    const list = this.#listeners.get(name) ?? [];
    if (list.length === 0) this.#kept.set(name, [...(this.#kept.get(name) ?? []), values].slice(-100));
    for (const one of [...list]) {
      if (one.once) this.off(name, one.run);
      one.run(...values);
    }
  }

  #add(name: string, run: Listener, once: boolean): void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), { run, once }]);
    const kept = this.#kept.get(name) ?? [];
    this.#kept.delete(name);
    for (const values of kept) this.emit(name, ...values);
  }
}
