/** Places for connections at a door: so many in all, so many of one address. */
import { addressGroup } from './address.ts';

export interface SlotLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** Why there is none: all are taken, or this address has its share. */
export type SlotRefusal = 'full' | 'address-full';

/** Counts the connections of a door; IPv6 addresses of one /64 are one address. */
export class ConnectionSlots {
  readonly #limits: SlotLimits;
  readonly #perAddress = new Map<string, number>();
  #taken = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /** @returns how to give the place back (once; more often does nothing), or why there is none. */
  take(address: string): (() => void) | SlotRefusal {
    if (this.#taken >= this.#limits.maxConnections) return 'full';
    const group = addressGroup(address);
    const same = this.#perAddress.get(group) ?? 0;
    if (same >= this.#limits.maxConnectionsPerAddress) return 'address-full';
    this.#taken += 1;
    this.#perAddress.set(group, same + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken -= 1;
      const left = (this.#perAddress.get(group) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(group, left);
      else this.#perAddress.delete(group);
    };
  }
}
