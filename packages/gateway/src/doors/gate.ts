import { type PhoneCodeName, parseStreamName, STREAM_APP, type StreamName } from '@lianmai/protocol';
import { readStreamTicket, type StreamTicket, type StreamTicketRefusal, verifyStreamTicket } from '@lianmai/tickets';
import type { Admitted, DoorRequest, GatewayHost, Refused, RoomNotice } from '../host.ts';

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
      /** Who is told by signalling, since his phone shows no reason; null when nobody can be named. */
      readonly whom: Pick<StreamName, 'roomId' | 'userId'> | null;
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

/** A room in which every answer is out of date when it comes is left to another try. */
const MAX_QUESTIONS = 3;

/** A question to the room that is under way. */
interface Question {
  readonly roomId: string;
  readonly userId: string;
  /** Something happened to this user or room since it was asked. */
  stale: boolean;
}

/** Every door of the gateway: the name, then the ticket, then the room's own word, each time anew. */
export class Gate {
  readonly #sdkAppId: number;
  readonly #key: Uint8Array;
  readonly #host: GatewayHost;
  readonly #wallClock: () => number;
  readonly #patienceMs: number;
  readonly #onFailure: (error: unknown) => void;
  readonly #asked = new Set<Question>();

  /**
   * @param options.patienceMs longest wait for the room's answer to one guest, however often it must be asked anew.
   * @param options.onFailure the room did not answer a door.
   */
  constructor(options: {
    sdkAppId: number;
    key: Uint8Array;
    host: GatewayHost;
    wallClock: () => number;
    patienceMs: number;
    onFailure?: (error: unknown) => void;
  }) {
    this.#sdkAppId = options.sdkAppId;
    this.#key = options.key;
    this.#host = options.host;
    this.#wallClock = options.wallClock;
    this.#patienceMs = options.patienceMs;
    this.#onFailure = options.onFailure ?? (() => {});
  }

  /** What the room tells while it is asked overtakes its answer: somebody kicked meanwhile must not come in by an older yes. */
  notice(notice: RoomNotice): void {
    for (const question of this.#asked) {
      if (question.roomId !== notice.roomId) continue;
      if (!('userId' in notice) || question.userId === notice.userId) question.stale = true;
    }
  }

  /** An RTMP or FLV door. A room that does not answer is a refusal (`internal`). */
  async stream(direction: 'push' | 'play', app: string, stream: string, query: string): Promise<GateAnswer> {
    const name = app === STREAM_APP ? parseStreamName(stream) : null;
    if (name === null || name.sdkAppId !== this.#sdkAppId) return { kind: 'refused', code: 'badTicket', whom: null };
    const verified = verifyStreamTicket(this.#key, ticketOf(query), { direction, ...name }, this.#seconds());
    if (!verified.ok) {
      const whom = direction === 'push' ? name : this.#viewer(query, name);
      return { kind: 'refused', code: REASONS[verified.reason], whom };
    }
    const { roomId, viewerId: userId } = verified.ticket;
    try {
      return await this.#admit(verified.ticket, direction);
    } catch (error) {
      this.#onFailure(error);
      return { kind: 'refused', code: 'internal', whom: { roomId, userId } };
    }
  }

  /**
   * The signalling door: the ticket alone says who comes. Rejects when the room does not answer: his phone is not refused then,
   * it comes back.
   */
  async signal(text: string): Promise<GateAnswer> {
    const read = readStreamTicket(this.#key, ticketOf(text));
    if (!read.ok || read.ticket.sdkAppId !== this.#sdkAppId) return { kind: 'refused', code: 'badTicket', whom: null };
    const { sdkAppId, roomId, userId } = read.ticket;
    const name = { sdkAppId, roomId, userId };
    const verified = verifyStreamTicket(this.#key, ticketOf(text), { direction: 'signal', ...name }, this.#seconds());
    if (!verified.ok) return { kind: 'refused', code: REASONS[verified.reason], whom: null };
    return this.#admit(verified.ticket, 'signal');
  }

  /** Who held a play ticket of this stream that is good no more; a forged one names nobody. */
  #viewer(query: string, { roomId }: StreamName): Pick<StreamName, 'roomId' | 'userId'> | null {
    const read = readStreamTicket(this.#key, ticketOf(query));
    return read.ok && read.ticket.roomId === roomId ? { roomId, userId: read.ticket.viewerId } : null;
  }

  async #admit(ticket: StreamTicket, door: DoorRequest['door']): Promise<GateAnswer> {
    const { roomId, viewerId: userId } = ticket;
    const answer = await this.#ask({ door, roomId, userId, privileges: ticket.privileges });
    if (answer.kind === 'refused') return { kind: 'refused', code: answer.code, whom: { roomId, userId } };
    const { userName, ownerId, privileges } = answer;
    return { kind: 'admitted', guest: { ticket, roomId, userId, userName, ownerId, privileges } };
  }

  async #ask(request: DoorRequest): Promise<Admitted | Refused> {
    const { roomId, userId } = request;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('the room did not answer in time')), this.#patienceMs);
    try {
      for (let asked = 0; asked < MAX_QUESTIONS; asked++) {
        const question: Question = { roomId, userId, stale: false };
        this.#asked.add(question);
        try {
          const answer = await Promise.race([this.#host.admit(request), late.promise]);
          if (!question.stale) return answer;
        } finally {
          this.#asked.delete(question);
        }
      }
      return { kind: 'refused', code: 'busy' };
    } finally {
      clearTimeout(timer);
    }
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
