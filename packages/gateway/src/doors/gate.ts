import { type PhoneCodeName, parseStreamName, STREAM_APP, type StreamName } from '@lianmai/protocol';
import { readStreamTicket, type StreamTicket, type StreamTicketRefusal, verifyStreamTicket } from '@lianmai/tickets';
import type { GatewayHost } from '../host.ts';

/** Somebody who showed a good ticket and whom the room takes. */
export interface Guest {
  readonly ticket: StreamTicket;
  readonly roomId: string;
  /** Who stands at the door: the viewer of a play URL, the phone itself otherwise. */
  readonly userId: string;
  readonly userName: string;
  readonly ownerId: string;
  /** The ticket's privileges, narrowed by the room's as they are now. */
  readonly privileges: number;
}

export type GateAnswer =
  | { readonly kind: 'admitted'; readonly guest: Guest }
  | {
      readonly kind: 'refused';
      readonly code: PhoneCodeName;
      /** Whose stream it was meant for, when the name could be read: he is told by signalling. */
      readonly name: StreamName | null;
    };

const REASONS: Readonly<Record<StreamTicketRefusal, PhoneCodeName>> = {
  malformed: 'badTicket',
  'wrong-key': 'badTicket',
  'other-stream': 'badTicket',
  'other-direction': 'badTicket',
  expired: 'ticketExpired',
};

/** Longest ticket that is looked at, in characters; what comes before and after it in a query is not ours. */
const MAX_QUERY_CHARS = 1_024;

/** Every door of the gateway: the name, then the ticket, then the room's own word, each time anew. */
export class Gate {
  readonly #sdkAppId: number;
  readonly #key: Uint8Array;
  readonly #host: GatewayHost;
  readonly #wallClock: () => number;

  constructor(options: { sdkAppId: number; key: Uint8Array; host: GatewayHost; wallClock: () => number }) {
    this.#sdkAppId = options.sdkAppId;
    this.#key = options.key;
    this.#host = options.host;
    this.#wallClock = options.wallClock;
  }

  /** An RTMP or FLV door. */
  async stream(direction: 'push' | 'play', app: string, stream: string, query: string): Promise<GateAnswer> {
    const name = app === STREAM_APP ? parseStreamName(stream) : null;
    if (name === null || name.sdkAppId !== this.#sdkAppId) return { kind: 'refused', code: 'badTicket', name: null };
    const verified = verifyStreamTicket(this.#key, ticketOf(query), { direction, ...name }, this.#seconds());
    if (!verified.ok) return { kind: 'refused', code: REASONS[verified.reason], name };
    return this.#admit(verified.ticket, direction, name);
  }

  /** The signalling door: the ticket alone says who comes. */
  async signal(text: string): Promise<GateAnswer> {
    const read = readStreamTicket(this.#key, ticketOf(text));
    if (!read.ok || read.ticket.sdkAppId !== this.#sdkAppId) return { kind: 'refused', code: 'badTicket', name: null };
    const { sdkAppId, roomId, userId } = read.ticket;
    const name = { sdkAppId, roomId, userId };
    const verified = verifyStreamTicket(this.#key, ticketOf(text), { direction: 'signal', ...name }, this.#seconds());
    if (!verified.ok) return { kind: 'refused', code: REASONS[verified.reason], name };
    return this.#admit(verified.ticket, 'signal', name);
  }

  async #admit(ticket: StreamTicket, door: 'push' | 'play' | 'signal', name: StreamName): Promise<GateAnswer> {
    const { roomId, viewerId: userId } = ticket;
    const answer = await this.#host.admit({ door, roomId, userId, privileges: ticket.privileges });
    if (answer.kind === 'refused') return { kind: 'refused', code: answer.code, name };
    const { userName, ownerId, privileges } = answer;
    return { kind: 'admitted', guest: { ticket, roomId, userId, userName, ownerId, privileges } };
  }

  #seconds(): number {
    return Math.floor(this.#wallClock() / 1000);
  }
}

/** Some clients add parameters of their own behind the ticket (`&tx_time=…` forces WeChat to push the same URL again). */
function ticketOf(query: string): string {
  if (query.length > MAX_QUERY_CHARS) return '';
  const end = query.indexOf('&');
  return end === -1 ? query : query.slice(0, end);
}
