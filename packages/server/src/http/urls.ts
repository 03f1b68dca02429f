import type { IncomingMessage } from 'node:http';
import { LianmaiError } from '@lianmai/protocol';
import type { TrustedProxies } from './proxies.ts';

/** A host name, IPv4 or bracketed IPv6 address with an optional port: nothing that could bend a URL made of it. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** Addresses of this server as clients reach it. */
export interface PublicUrls {
  /** `https://host[:port][/path]`, no slash at the end. */
  base(request: IncomingMessage): string;
  /** The same with `ws` or `wss`. */
  signal(request: IncomingMessage): string;
}

/** @param publicUrl the setting; empty: derived from each request (and from X-Forwarded headers of trusted proxies). */
export function createPublicUrls(publicUrl: string, proxies: TrustedProxies): PublicUrls {
  function base(request: IncomingMessage): string {
    if (publicUrl !== '') return publicUrl;
    const trusted = proxies.trusts(request.socket.remoteAddress ?? '');
    const host = (trusted ? lastOf(request.headers['x-forwarded-host']) : null) ?? request.headers.host ?? '';
    if (!HOST.test(host)) throw new LianmaiError('invalidArgument', 'The Host header is not a host name.');
    const own = 'encrypted' in request.socket && request.socket.encrypted === true ? 'https' : 'http';
    const scheme = (trusted ? lastOf(request.headers['x-forwarded-proto']) : null) ?? own;
    return `${scheme === 'https' || scheme === 'wss' ? 'https' : 'http'}://${host}`;
  }
  return { base, signal: (request) => base(request).replace(/^http/, 'ws') };
}

/** The last of a header's values: what the nearest proxy wrote. */
function lastOf(header: string | string[] | undefined): string | null {
  const last = String(header ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return last === undefined || last === '' ? null : last;
}
