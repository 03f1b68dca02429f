/** A media service in memory for tests of rooms and phones: a roster, chat, and sessions that end as they are told to. */
import type {
  JoinOptions,
  Link,
  LinkEnd,
  LinkPublication,
  LinkSession,
  LinkSink,
  RemoteParticipant,
  RemoteTrack,
} from '../../link/types.ts';
import { LinkAway, LinkRefused } from '../../link/types.ts';
import type { ChatMessage } from '../chat-message.ts';

/** What the fake host signs: who joins. */
export interface FakeToken {
  readonly identity: string;
  readonly name: string;
  readonly hidden: boolean;
}

interface Member {
  readonly sid: string;
  readonly token: FakeToken;
  readonly sink: LinkSink;
  tracks: readonly RemoteTrack[];
}

/** One media room. Everything is told in microtasks, as a network never answers within the call. */
export class FakeLink implements Link {
  readonly members = new Map<string, Member>();
  readonly said: ChatMessage[] = [];
  /** Joins that are refused from now on. */
  refusing = false;
  /** Joins that fail as if the service were away. */
  away = false;
  joins = 0;
  /** Words that cannot be sent. */
  mute = false;
  /** Sessions that are being brought back: nothing carries their words. */
  interrupted = false;
  /** A participant who leaves is told of until somebody else comes or goes. */
  slowToForget = false;
  #sids = 0;

  async join(options: JoinOptions, sink: LinkSink): Promise<LinkSession> {
    this.joins++;
    await Promise.resolve();
    if (this.refusing) throw new LinkRefused('refused');
    if (this.away) throw new Error('away');
    const token: FakeToken = JSON.parse(options.token);
    this.end(token.identity, 'duplicate-identity');
    const sid = this.#sid();
    this.members.set(token.identity, { sid, token, sink, tracks: [] });
    this.#tell();
    const { identity } = token;
    const publication: LinkPublication = {
      sid: `TR_${identity}`,
      send: () => {},
      report: () => {},
      setMuted: () => {},
      unpublish: () => {},
    };
    return {
      identity,
      sid,
      room: 'room',
      publish: async () => publication,
      subscribe: (trackSid) => ({
        trackSid,
        mimeType: null,
        requestKeyframe: () => {},
        nack: () => {},
        close: () => {},
      }),
      sendChat: (message) => {
        if (this.interrupted) throw new LinkAway('by the test');
        if (this.mute) throw new Error('the message cannot be sent');
        this.said.push(message);
        for (const [other, member] of this.members) if (other !== identity) member.sink.onChat(message);
      },
      leave: async () => {
        if (this.slowToForget || this.members.get(identity)?.sink !== sink) return;
        this.members.delete(identity);
        this.#tell();
      },
    };
  }

  async close(): Promise<void> {}

  /** A browser with these tracks comes, or changes what it publishes. */
  browser(identity: string, tracks: readonly RemoteTrack[], name = identity): void {
    const sink: LinkSink = {
      onParticipants: () => {},
      onChat: () => {},
      onQuality: () => {},
      onReconnecting: () => {},
      onReconnected: () => {},
      onEnd: () => {},
    };
    const sid = this.members.get(identity)?.sid ?? this.#sid();
    this.members.set(identity, { sid, token: { identity, name, hidden: false }, sink, tracks });
    this.#tell();
  }

  leave(identity: string): void {
    this.members.delete(identity);
    this.#tell();
  }

  end(identity: string, end: LinkEnd): void {
    const member = this.members.get(identity);
    if (member === undefined) return;
    this.members.delete(identity);
    member.sink.onEnd(end, 'by the test');
    this.#tell();
  }

  chat(message: ChatMessage): void {
    for (const [identity, member] of this.members) if (identity !== message.from) member.sink.onChat(message);
  }

  #sid(): string {
    return `PA_${++this.#sids}`;
  }

  /** A browser takes the place of a participant of the same name. */
  takeOver(identity: string): void {
    const before = this.members.get(identity);
    this.members.delete(identity);
    this.browser(identity, []);
    before?.sink.onEnd('duplicate-identity', 'by the test');
  }

  #tell(): void {
    const all: RemoteParticipant[] = [...this.members.values()]
      .filter(({ token }) => !token.hidden)
      .map(({ sid, token, tracks }) => ({
        identity: token.identity,
        sid,
        name: token.name,
        attributes: {},
        tracks,
      }));
    for (const [identity, { sink }] of this.members) {
      sink.onParticipants(all.filter((participant) => participant.identity !== identity));
    }
  }
}

/** A camera or microphone track. */
export function track(sid: string, kind: 'audio' | 'video', more: Partial<RemoteTrack> = {}): RemoteTrack {
  return {
    sid,
    kind,
    source: kind === 'video' ? 'camera' : 'microphone',
    muted: false,
    mimeType: kind === 'video' ? 'video/h264' : 'audio/opus',
    encrypted: false,
    width: 0,
    height: 0,
    ...more,
  };
}
