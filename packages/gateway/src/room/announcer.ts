import type { LeaveReason, PhoneUrls, Roster } from '@lianmai/protocol';
import type { Logger } from 'pino';
import { phoneUrls, playUrls, type UrlHolder } from '../doors/urls.ts';
import type { Phone } from '../phones/phone.ts';
import { TokenBucket } from '../phones/token-bucket.ts';
import { difference, entry, type StreamState, sameRoster } from './roster.ts';

export interface AnnouncerParts {
  readonly sdkAppId: number;
  readonly roomId: string;
  readonly ticketKey: Uint8Array;
  readonly ticketSeconds: number;
  readonly clock: () => number;
  readonly wallClock: () => number;
  readonly log: Logger;
  readonly phones: () => Iterable<Phone>;
  /** Everybody's streams as they are now. */
  readonly states: () => readonly StreamState[];
}

/** Why somebody left is remembered so long: the media room tells that he is gone a little later. */
const REASON_MS = 5_000;

/**
 * Entries of lists, over all phones, that one room tells in a second (each costs a signature). A room of a few never comes
 * near; in a full one somebody who switches his camera on and off must not cost the others theirs.
 */
const ENTRIES_PER_SECOND = 20_000;

/** URLs of which so much life is left are given again to whoever asks for fresh ones. */
const FRESH_LIFE = 0.9;

/** Tells phones who is there: one list with a version that only grows, each phone's own URLs in it, and why people left. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #reasons = new Map<string, { readonly reason: LeaveReason; readonly at: number }>();
  #version: number;
  #told: readonly StreamState[] = [];
  readonly #entries: TokenBucket;
  #waiting = false;
  #closed = false;
  /** Expiry of everybody's URLs, Unix seconds: the same list gives the same URLs until they are renewed. */
  #expiresAt: number;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
    // Versions keep growing over a restart: a phone that comes back must not take the new list for an old one.
    this.#version = parts.wallClock();
    this.#expiresAt = this.#freshExpiry();
    this.#entries = new TokenBucket(ENTRIES_PER_SECOND, ENTRIES_PER_SECOND, parts.clock);
  }

  /** Something changed. Changes of one moment make one list; when lists have cost much lately, it comes a little later. */
  changed(): void {
    if (this.#waiting || this.#closed) return;
    this.#waiting = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    if (!this.#waiting || this.#closed || !this.#entries.open) return;
    this.#waiting = false;
    try {
      this.announce();
    } catch (error) {
      // Nobody stands above who could catch it.
      this.#parts.log.error({ err: error }, 'a roster could not be told');
    }
  }

  /**
   * Tells the list now, when it says anything new.
   * @param newcomer a phone that is about to be welcomed with it, and must hear nothing before.
   */
  announce(newcomer: Phone | null = null): void {
    const states = ordered(this.#parts.states());
    const before = this.#told;
    if (sameRoster(before, states)) return;
    this.#told = states;
    this.#version++;
    const { joined, left } = difference(before, states);
    const gone = left.map((userid) => ({ userid, reason: this.#reasons.get(userid)?.reason ?? ('left' as const) }));
    for (const phone of this.#parts.phones()) {
      const others = (list: readonly StreamState[]) => list.filter((stream) => stream.userId !== phone.userId);
      if (phone === newcomer || sameRoster(others(before), others(states))) continue;
      this.#entries.owe(states.length);
      phone.send({
        type: 'roster',
        roster: this.roster(phone),
        renewed: false,
        joined: joined.filter((userid) => userid !== phone.userId),
        left: gone.filter(({ userid }) => userid !== phone.userId),
      });
    }
  }

  /** The list as told last, for one phone: everybody else, with this phone's URLs. */
  roster(phone: Phone): Roster {
    const holder = this.#holder(phone);
    const { ticketKey } = this.#parts;
    const userlist = this.#told
      .filter((stream) => stream.userId !== phone.userId)
      .map((stream) =>
        entry(stream, phone.privileges, (tracks) =>
          holder === null
            ? { playurl: '', flvurl: '' }
            : playUrls(ticketKey, holder, { userId: stream.userId, streamType: stream.streamType, tracks }),
        ),
      );
    return { version: this.#version, userlist };
  }

  urls(phone: Phone): PhoneUrls {
    const holder = this.#holder(phone);
    if (holder === null) return { pushUrl: '', signalUrl: '', expiresAt: 0 };
    return phoneUrls(this.#parts.ticketKey, holder);
  }

  /** Fresh URLs for every phone; players that run need no restart. */
  renew(): void {
    this.#expiresAt = this.#freshExpiry();
    this.#version++;
    for (const phone of this.#parts.phones()) this.#tellUrls(phone);
  }

  /** For a phone that asks: everybody's are renewed, unless they are nearly new; then it alone gets its own again. */
  renewFor(phone: Phone): void {
    const left = this.#expiresAt - this.#parts.wallClock() / 1000;
    if (left < this.#parts.ticketSeconds * FRESH_LIFE) this.renew();
    else this.#tellUrls(phone);
  }

  #tellUrls(phone: Phone): void {
    this.#entries.owe(this.#told.length);
    phone.send({ type: 'urls', urls: this.urls(phone) });
    phone.send({ type: 'roster', roster: this.roster(phone), renewed: true, joined: [], left: [] });
  }

  /** Why somebody is about to be gone; the first word stands. */
  remember(userId: string, reason: LeaveReason): void {
    if (!this.#reasons.has(userId)) this.#reasons.set(userId, { reason, at: this.#parts.clock() });
  }

  /** Somebody is here (again): an old reason is none of his. */
  forget(userId: string): void {
    this.#reasons.delete(userId);
  }

  tick(): void {
    this.#flush();
    const now = this.#parts.clock();
    for (const [user, { at }] of this.#reasons) if (now - at > REASON_MS) this.#reasons.delete(user);
    const left = this.#expiresAt - this.#parts.wallClock() / 1000;
    if (left < this.#parts.ticketSeconds / 3) this.renew();
  }

  close(): void {
    this.#closed = true;
  }

  #freshExpiry(): number {
    return Math.floor(this.#parts.wallClock() / 1000) + this.#parts.ticketSeconds;
  }

  #holder(phone: Phone): UrlHolder | null {
    const { bases, userId, privileges } = phone;
    if (bases === null) return null;
    const { sdkAppId, roomId } = this.#parts;
    return { sdkAppId, roomId, userId, privileges, bases, expiresAt: this.#expiresAt };
  }
}

/** By user, `main` before `aux`: the order must not depend on who was heard of first. */
function ordered(states: readonly StreamState[]): StreamState[] {
  const key = (state: StreamState) => `${state.userId}/${state.streamType === 'main' ? 0 : 1}`;
  return [...states].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
