import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { EXIT, ExitError } from '../cli/exit.ts';

/** Which addresses are proxies whose X-Forwarded headers are believed. */
export interface TrustedProxies {
  readonly any: boolean;
  trusts(address: string): boolean;
  /** Address of the client behind trusted proxies: the rightmost of X-Forwarded-For that is not a proxy itself. */
  clientAddress(request: IncomingMessage): string;
}

/** @throws ExitError on an entry that is neither an address nor a network. */
export function createTrustedProxies(entries: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const entry of entries) addEntry(list, entry);
  const trusts = (address: string) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
  return {
    any: entries.length > 0,
    trusts,
    clientAddress(request) {
      let address = request.socket.remoteAddress ?? '';
      const forwarded = String(request.headers['x-forwarded-for'] ?? '')
        .split(',')
        .map((part) => part.trim());
      while (trusts(address)) {
        const next = forwarded.pop();
        if (next === undefined || isIP(next) === 0) break;
        address = next;
      }
      return address;
    },
  };
}

function addEntry(list: BlockList, entry: string): void {
  const slash = entry.indexOf('/');
  const address = slash < 0 ? entry : entry.slice(0, slash);
  const family = isIP(address);
  const bits = slash < 0 ? (family === 6 ? 128 : 32) : Number(entry.slice(slash + 1));
  const widest = family === 6 ? 128 : 32;
  if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > widest) {
    throw new ExitError(
      EXIT.config,
      `The setting http.trustedProxies: "${entry}" is neither an address nor a network.`,
    );
  }
  list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
}
