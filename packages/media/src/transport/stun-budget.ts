/** Addresses remembered per second; when more come, all unknown ones wait for the next second. */
const MAX_ADDRESSES = 4096;

/**
 * How many STUN requests of a known name, but with a wrong password, an address may send in a second. It costs an honest client nothing, and it keeps guessing
 * and flooding cheap for us. Requests from validated addresses are not counted.
 */
export class StunBudget {
  readonly #limit: number;
  readonly #failures = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether requests of this address are looked at now. */
  allows(address: string): boolean {
    const failures = this.#failures.get(address);
    if (failures === undefined) return this.#failures.size < MAX_ADDRESSES;
    return failures < this.#limit;
  }

  /** Counts a request whose integrity had to be checked and was wrong. */
  charge(address: string): void {
    this.#failures.set(address, (this.#failures.get(address) ?? 0) + 1);
  }

  /** A new second begins. */
  reset(): void {
    this.#failures.clear();
  }
}
