import { LianmaiError } from '@lianmai/protocol';
import type { FastifyRequest } from 'fastify';

/** A host name, IPv4 or bracketed IPv6 address with an optional port: nothing that could bend a URL made of it. */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** Addresses of this server as clients reach it. */
export interface PublicUrls {
  /** `https://host[:port][/path]`, no slash at the end. */
  base(request: FastifyRequest): string;
  /** The same with `ws` or `wss`. */
  signal(request: FastifyRequest): string;
}

/** @param publicUrl the setting; empty: derived from each request (and from X-Forwarded headers of trusted proxies). */
export function createPublicUrls(publicUrl: string): PublicUrls {
  function base(request: FastifyRequest): string {
    if (publicUrl !== '') return publicUrl;
    const host = request.host;
    if (!HOST.test(host)) throw new LianmaiError('invalidArgument', 'The Host header is not a host name.');
    return `${request.protocol === 'https' ? 'https' : 'http'}://${host}`;
  }
  return { base, signal: (request) => base(request).replace(/^http/, 'ws') };
}
