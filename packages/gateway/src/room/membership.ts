import type { Logger } from 'pino';
import {
  type Link,
  type LinkEnd,
  type LinkQuality,
  LinkRefused,
  type LinkSession,
  type RemoteParticipant,
} from '../link/types.ts';
import type { ChatMessage } from './chat-message.ts';

export interface MembershipParts {
  readonly link: Link;
  readonly token: () => Promise<string>;
  readonly log: Logger;
  /** Ends after which it does not come back by itself. */
  readonly isFinal: (end: LinkEnd) => boolean;
  /** A session to work with, or null while there is none. */
  readonly onSession: (session: LinkSession | null) => void;
  /** The session is the same and media flows again. */
  readonly onResumed?: () => void;
  /** It is over for good. */
  readonly onOver: (end: LinkEnd) => void;
  readonly onParticipants?: (participants: readonly RemoteParticipant[]) => void;
  readonly onChat?: (message: ChatMessage) => void;
  readonly onQuality?: (identity: string, quality: LinkQuality) => void;
}

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 8_000;

/** Keeps one participant in the media room: joins, comes back with growing pauses, until stopped or told otherwise. */
export class Membership {
  readonly #parts: MembershipParts;
  #session: LinkSession | null = null;
  #lastSid: string | null = null;
  #over = false;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** The participant as the media room knows it, or knew it last. */
  get sid(): string | null {
    return this.#session?.sid ?? this.#lastSid;
  }

  start(): void {
    this.#enter();
  }

  /** Leaves the room. Nothing is told afterwards. */
  async stop(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const session = this.#session;
    this.#lastSid = this.sid;
    this.#session = null;
    try {
      await session?.leave();
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'a participant could not leave properly');
    }
  }

  #enter(): void {
    this.#join().catch((error: unknown) => this.#parts.log.error({ err: error }, 'the end of a stay failed'));
  }

  async #join(): Promise<void> {
    const parts = this.#parts;
    // What a session that is over still says is nobody's business.
    let current = true;
    const live = () => current && !this.#over;
    const ended = (end: LinkEnd, detail: string) => {
      if (!live()) return;
      current = false;
      this.#ended(end, detail);
    };
    try {
      const session = await parts.link.join(
        { token: await parts.token(), renewToken: parts.token },
        {
          onParticipants: (participants) => live() && parts.onParticipants?.(participants),
          onChat: (message) => live() && parts.onChat?.(message),
          onQuality: (identity, quality) => live() && parts.onQuality?.(identity, quality),
          onReconnecting: () => {},
          onReconnected: () => live() && parts.onResumed?.(),
          onEnd: ended,
        },
      );
      if (!live()) {
        await session.leave();
        return;
      }
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#session = session;
      parts.onSession(session);
    } catch (error) {
      if (error instanceof LinkRefused) ended('refused', error.message);
      else ended('lost', error instanceof Error ? error.message : String(error));
    }
  }

  #ended(end: LinkEnd, detail: string): void {
    const { log, isFinal, onSession, onOver } = this.#parts;
    const had = this.#session !== null;
    this.#lastSid = this.sid;
    this.#session = null;
    if (had) onSession(null);
    if (isFinal(end)) {
      this.#over = true;
      onOver(end);
      return;
    }
    // Once for each time it is away: with many phones every try would drown the log.
    const level = this.#pauseMs === FIRST_PAUSE_MS ? 'warn' : 'debug';
    log[level]({ end, detail }, 'the media room is out of reach; it is tried again');
    const pause = this.#pauseMs * (0.75 + Math.random() / 2);
    this.#pauseMs = Math.min(MAX_PAUSE_MS, this.#pauseMs * 2);
    this.#timer = setTimeout(() => this.#enter(), pause);
  }
}
