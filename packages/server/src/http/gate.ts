import { isIPv6 } from 'node:net';
import { LianmaiError } from '@lianmai/protocol';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/schema.ts';
import { type Caller, readCaller } from '../identity/caller.ts';
import type { ServerKeys } from '../identity/server-key.ts';
import { Sessions } from '../identity/sessions.ts';
import { RateLimiter } from './rate.ts';

/** Who may come in, and how often: credentials and rates, before anything is done for a request. */
export class Gate {
  readonly #sessions: Sessions;
  readonly #keys: ServerKeys;
  readonly #addresses: RateLimiter;
  readonly #users: RateLimiter;
  readonly #logins: RateLimiter;

  constructor(sessions: Sessions, keys: ServerKeys, limits: Config['limits']) {
    this.#sessions = sessions;
    this.#keys = keys;
    const maxKeys = limits.trackedClients;
    const rate = (perSecond: number, burst: number) => new RateLimiter({ perSecond, burst, maxKeys });
    this.#addresses = rate(limits.perAddressPerSecond, limits.perAddressPerSecond * 4);
    this.#users = rate(limits.perUserPerSecond, limits.perUserPerSecond * 4);
    this.#logins = rate(limits.loginsPerAddressPerMinute / 60, limits.loginsPerAddressPerMinute);
  }

  /**
   * The caller of a function that needs a session. A server key is not limited: it is the operator's own back end.
   * @throws LianmaiError notSignedIn or tooManyRequests.
   */
  async admit(request: FastifyRequest): Promise<Caller> {
    let caller: Caller | null;
    try {
      caller = await readCaller(request.headers.authorization, this.#sessions, this.#keys);
    } catch (error) {
      this.admitAddress(request);
      throw error;
    }
    if (caller?.kind === 'server') return caller;
    this.admitAddress(request);
    if (caller === null) throw new LianmaiError('notSignedIn');
    this.#users.take(caller.userId);
    return caller;
  }

  /** A login: limited by address, and with whatever session token came along. */
  admitLogin(request: FastifyRequest): { caller: null; bearer: string | null } {
    this.admitAddress(request);
    this.#logins.take(addressKey(request.ip));
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    const bearer =
      scheme?.toLowerCase() === 'bearer' && token !== undefined && Sessions.looksLike(token) ? token : null;
    return { caller: null, bearer };
  }

  /** Counts a request of this address. */
  admitAddress(request: FastifyRequest): void {
    this.#addresses.take(addressKey(request.ip));
  }

  /** Counts a request of a user who proved himself by a ticket. */
  admitUser(userId: string): void {
    this.#users.take(userId);
  }
}

/** One household has a whole IPv6 /64, so that counts as one address. */
export function addressKey(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
