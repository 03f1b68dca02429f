/** A room of its own for each case: links of the kind under test, independent ones beside them, and the server's API. */
import { randomUUID } from 'node:crypto';
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';
import { expect } from 'vitest';
import type { ChatMessage } from '../../room/chat-message.ts';
import type { LinkLimits } from '../limits.ts';
import type { Impairment } from '../transport.ts';
import type {
  JoinOptions,
  Link,
  LinkEnd,
  LinkQuality,
  LinkSession,
  LinkSink,
  RemoteParticipant,
  RemoteTrack,
} from '../types.ts';

/** How long a condition may take to come true on a machine that is busy. Polling ends as soon as it is. */
export const PATIENCE = { timeout: 30_000, interval: 10 };

export interface LinkSettings {
  readonly limits?: Partial<LinkLimits>;
  /** Only where the carrier can lose. */
  readonly impairment?: Impairment;
}

/** A running server, and what a lab needs of it. */
export interface ContractServer {
  /** Where the server API (Twirp) answers. */
  readonly httpUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** A link of the kind under test. */
  makeLink(settings?: LinkSettings): Link;
  /** A link of another kind where there is one (over WebRTC), so that both ends are not the same code. */
  makePeer(settings?: LinkSettings): Link;
  /** Media can be lost on the way: `impairment` is heeded. */
  readonly lossy: boolean;
  /** Cuts all signal connections of the moment, media stays; absent when the carrier has none. */
  cutSignals?(): void;
  /** Ends the server without a word and starts it again at the same addresses. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Grants {
  readonly canPublish?: boolean;
  readonly hidden?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly secret?: string;
}

/** Remembers all that a session told. */
export class Recorder implements LinkSink {
  readonly rosters: (readonly RemoteParticipant[])[] = [];
  readonly chat: ChatMessage[] = [];
  readonly qualities = new Map<string, LinkQuality>();
  readonly ends: { readonly end: LinkEnd; readonly detail: string }[] = [];
  reconnecting = 0;
  reconnected = 0;
  /** Calls of any kind. */
  calls = 0;

  onParticipants(participants: readonly RemoteParticipant[]): void {
    this.calls += 1;
    this.rosters.push(participants);
  }
  onChat(message: ChatMessage): void {
    this.calls += 1;
    this.chat.push(message);
  }
  onQuality(identity: string, quality: LinkQuality): void {
    this.calls += 1;
    this.qualities.set(identity, quality);
  }
  onReconnecting(): void {
    this.calls += 1;
    this.reconnecting += 1;
  }
  onReconnected(): void {
    this.calls += 1;
    this.reconnected += 1;
  }
  onEnd(end: LinkEnd, detail: string): void {
    this.calls += 1;
    this.ends.push({ end, detail });
  }

  get roster(): readonly RemoteParticipant[] {
    return this.rosters.at(-1) ?? [];
  }

  get identities(): string[] {
    return this.roster.map(({ identity }) => identity).sort();
  }

  track(identity: string, kind: 'audio' | 'video'): RemoteTrack | undefined {
    const participant = this.roster.find((candidate) => candidate.identity === identity);
    return participant?.tracks.find((track) => track.kind === kind);
  }
}

export interface Member {
  readonly session: LinkSession;
  readonly told: Recorder;
}

export class Lab {
  readonly server: ContractServer;
  readonly room = `room-${randomUUID()}`;
  readonly #links: Link[] = [];
  #link: Link | null = null;
  #peer: Link | null = null;

  constructor(server: ContractServer) {
    this.server = server;
  }

  get api(): RoomServiceClient {
    return new RoomServiceClient(this.server.httpUrl, this.server.apiKey, this.server.apiSecret);
  }

  /** A link of the kind under test with settings of its own. */
  link(settings?: LinkSettings): Link {
    const link = this.server.makeLink(settings);
    this.#links.push(link);
    return link;
  }

  async token(identity: string, grants: Grants = {}): Promise<string> {
    const { apiKey, apiSecret } = this.server;
    const { name, attributes, secret = apiSecret, canPublish = true, hidden = false } = grants;
    const token = new AccessToken(apiKey, secret, {
      identity,
      ...(name === undefined ? {} : { name }),
      ...(attributes === undefined ? {} : { attributes: { ...attributes } }),
    });
    token.addGrant({ room: this.room, roomJoin: true, canPublish, canSubscribe: true, canPublishData: true, hidden });
    return token.toJwt();
  }

  async joinOptions(identity: string, grants: Grants = {}): Promise<JoinOptions> {
    return { token: await this.token(identity, grants), renewToken: () => this.token(identity, grants) };
  }

  /** Joins by the link under test. */
  async join(identity: string, grants: Grants = {}, link?: Link): Promise<Member> {
    this.#link ??= this.link();
    return this.#enter(link ?? this.#link, identity, grants);
  }

  /** Joins by an independent link. */
  async joinPeer(identity: string, grants: Grants = {}, settings?: LinkSettings): Promise<Member> {
    if (settings !== undefined || this.#peer === null) {
      const link = this.server.makePeer(settings);
      this.#links.push(link);
      if (settings !== undefined) return this.#enter(link, identity, grants);
      this.#peer = link;
    }
    return this.#enter(this.#peer, identity, grants);
  }

  async #enter(link: Link, identity: string, grants: Grants): Promise<Member> {
    const told = new Recorder();
    const session = await link.join(await this.joinOptions(identity, grants), told);
    return { session, told };
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }
}

/** Waits until a value is as expected. */
export async function eventually<T>(read: () => T, check: (value: T) => void, timeout?: number): Promise<void> {
  await expect
    .poll(
      () => {
        check(read());
        return true;
      },
      { ...PATIENCE, ...(timeout === undefined ? {} : { timeout }) },
    )
    .toBe(true);
}

/** Waits until a condition holds. */
export async function until(what: string, holds: () => boolean, timeout?: number): Promise<void> {
  await expect.poll(holds, { ...PATIENCE, ...(timeout === undefined ? {} : { timeout }), message: what }).toBe(true);
}
