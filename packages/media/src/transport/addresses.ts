import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { TransportCandidate } from './types.ts';

/** One local address that can be bound. */
export interface LocalAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly loopback: boolean;
}

/**
 * Every useful address of this machine: IPv4 and global or unique-local IPv6, loopback too. Link-local addresses are
 * left out: they need a scope that means nothing to the other end.
 */
export function usefulAddresses(): LocalAddress[] {
  const found: LocalAddress[] = [];
  for (const list of Object.values(networkInterfaces())) {
    for (const entry of list ?? []) {
      if (entry.address.startsWith('169.254.') || /^fe[89ab]/i.test(entry.address)) continue;
      found.push({ address: entry.address, family: entry.family === 'IPv6' ? 6 : 4, loopback: entry.internal });
    }
  }
  return found.sort((a, b) => Number(a.loopback) - Number(b.loopback) || a.family - b.family);
}

/** Reads configured addresses. Throws {@link Error} naming the first that is none. */
export function parseAddresses(addresses: readonly string[]): LocalAddress[] {
  return addresses.map((text) => {
    const family = isIP(text);
    if (family === 0) throw new Error(`Not an IP address: "${text}"`);
    return { address: text, family: family as 4 | 6, loopback: text === '::1' || text.startsWith('127.') };
  });
}

/** Host candidates for these addresses, each once, all on one port. The first found ranks highest. */
export function hostCandidates(addresses: readonly LocalAddress[], port: number): TransportCandidate[] {
  const candidates: TransportCandidate[] = [];
  for (const { address, loopback } of addresses) {
    if (candidates.some((candidate) => candidate.address === address)) continue;
    const index = candidates.length;
    const priority = candidatePriority(index, loopback);
    candidates.push({ protocol: 'udp', address, port, priority, foundation: String(index + 1) });
  }
  return candidates;
}

/**
 * Priority of a host candidate (RFC 8445 §5.1.2): those found first rank higher, loopback last, since browsers on other
 * machines would only lose time with it.
 */
function candidatePriority(index: number, loopback: boolean): number {
  const typePreference = 126;
  const localPreference = Math.max(0, (loopback ? 32767 : 65535) - index);
  return typePreference * 2 ** 24 + localPreference * 2 ** 8 + 255;
}
