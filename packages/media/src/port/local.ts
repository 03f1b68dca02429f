/**
 * The engine's end of a local link: each session on the port is a participant that came in by the ordinary admission, on
 * a local connection instead of a WebRTC one.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import { LocalConnection, type LocalOutput } from '../connection/local.ts';
import type { ConnectionSink, DataChannelKind } from '../connection/types.ts';
import type { Forwarder } from '../forward/types.ts';
import {
  DEFAULT_LOCAL_LIMITS,
  LocalChannel,
  type LocalChannelLimits,
  type LocalChannelSink,
} from '../local/channel.ts';
import type { ToEngine, ToLink } from '../local/messages.ts';
import type { ConnectionFactory } from '../room/context.ts';
import type { LocalTransport } from '../transport/local.ts';
import type { SignalAdmission, SignalConnection } from './types.ts';

export interface LocalPortOptions {
  readonly transport: LocalTransport;
  readonly forwarder: Forwarder;
  readonly clock: () => number;
  readonly log: Logger;
  /** Streams that one participant may publish. */
  readonly maxUplinks: number;
  /** Sessions of one port. */
  readonly maxSessions: number;
  readonly limits?: LocalChannelLimits;
  /** The ordinary admission; the factory is asked for the participant's connection. */
  readonly admit: (token: string, join: Uint8Array, createConnection: ConnectionFactory) => Promise<SignalAdmission>;
}

/** The link's end of the channel said this session; its participant comes with the admission. */
class LocalSession {
  readonly id: number;
  readonly uplinks = new Set<number>();
  signal: SignalConnection | null = null;
  media: LocalConnection | null = null;
  over = false;

  constructor(id: number) {
    this.id = id;
  }
}

/** Streams are SSRCs, too; nobody uses up so many on one port. */
const MAX_STREAM = 2 ** 31;

export class LocalPort implements LocalChannelSink<ToEngine> {
  readonly #options: LocalPortOptions;
  readonly #channel: LocalChannel<ToLink, ToEngine>;
  readonly #sessions = new Map<number, LocalSession>();
  /** Streams that the link publishes. */
  readonly #uplinks = new Map<number, LocalConnection>();
  readonly #onEnd: (port: LocalPort) => void;
  #nextStream = 1;

  constructor(port: MessagePort, options: LocalPortOptions, onEnd: (port: LocalPort) => void) {
    this.#options = options;
    this.#onEnd = onEnd;
    this.#channel = new LocalChannel<ToLink, ToEngine>(port, this, options.limits ?? DEFAULT_LOCAL_LIMITS);
  }

  /** Packets to the link that were dropped because it was too slow. */
  get dropped(): number {
    return this.#channel.dropped;
  }

  /** Ends the port; the sessions on it are the rooms' to end before. */
  close(): void {
    this.#channel.close();
    this.#ended('closed');
  }

  onMessage(message: ToEngine): void {
    this.#guarded(() => this.#take(message));
  }

  onClosed(reason: string): void {
    this.#ended(reason);
  }

  onRtp(
    stream: number,
    _payloadType: number,
    marker: boolean,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    level: number,
  ): void {
    const media = this.#uplinks.get(stream);
    if (media === undefined) return;
    try {
      media.receiveRtp(stream, marker, sequence, timestamp, bytes, from, length, level);
    } catch (error) {
      // Whatever a packet managed to break is its own participant's.
      this.#options.log.error({ err: error }, 'a packet of the local link failed');
      media.lost();
    }
  }

  onReport(stream: number, ntpMs: number, timestamp: number): void {
    this.#uplinks.get(stream)?.receiveReport(stream, ntpMs, timestamp);
  }

  #take(message: ToEngine): void {
    if (message.type === 'taken') return;
    if (message.type === 'open') {
      this.#open(message.session, message.token, message.join);
      return;
    }
    const session = this.#sessions.get(message.session);
    if (session === undefined) return;
    const { media } = session;
    switch (message.type) {
      case 'frame':
        session.signal?.receive(message.frame);
        return;
      case 'closed':
        this.#sessions.delete(session.id);
        this.#lose(session, 'given-up');
        return;
      case 'publish':
        if (media === null || this.#uplinks.has(message.stream) || !isStream(message.stream)) return;
        session.uplinks.add(message.stream);
        this.#uplinks.set(message.stream, media);
        media.publish(message.stream, message.kind, message.cid);
        return;
      case 'unpublish':
        if (!session.uplinks.delete(message.stream)) return;
        this.#uplinks.delete(message.stream);
        media?.unpublish(message.stream);
        return;
      case 'nack':
        media?.nack(message.stream, message.sequences);
        return;
      case 'keyframe':
        media?.requestKeyframe(message.stream);
        return;
      case 'data':
        media?.receiveData(message.kind, message.bytes);
    }
  }

  #open(id: number, token: string, join: Uint8Array): void {
    if (this.#sessions.has(id)) return;
    const refuse = (status: number, reason: string) => {
      this.#sessions.delete(id);
      this.#channel.post({ type: 'refused', session: id, status, reason });
    };
    if (this.#sessions.size >= this.#options.maxSessions) {
      refuse(503, 'the server is full');
      return;
    }
    const session = new LocalSession(id);
    this.#sessions.set(id, session);
    this.#options
      .admit(token, join, (_role, sink) => this.#connection(session, sink))
      .then(
        (admission) => this.#guarded(() => this.#admitted(session, admission, refuse)),
        (error: unknown) => {
          this.#options.log.error({ err: error }, 'a local join failed');
          refuse(500, 'the join failed');
        },
      );
  }

  #admitted(session: LocalSession, admission: SignalAdmission, refuse: (status: number, reason: string) => void): void {
    const { id } = session;
    if (admission.kind === 'refused') {
      const { status, body } = admission.answer;
      refuse(status, typeof body === 'string' ? body : Buffer.from(body).toString());
      return;
    }
    const { connection } = admission;
    session.signal = connection;
    if (session.over) {
      // Given up while the token was being checked.
      this.#lose(session, 'given-up');
      return;
    }
    this.#channel.post({ type: 'accepted', session: id });
    connection.onFrame((frame) => this.#channel.post({ type: 'frame', session: id, frame: exact(frame) }));
    connection.onClose((code, reason) => {
      this.#sessions.delete(id);
      this.#forget(session);
      session.media?.lost();
      this.#channel.post({ type: 'close', session: id, code, reason });
    });
    session.media?.connected();
  }

  #connection(session: LocalSession, sink: ConnectionSink): LocalConnection {
    const { transport, forwarder, clock, maxUplinks } = this.#options;
    const media = new LocalConnection({ transport, forwarder, clock, maxUplinks, sink, output: this.#output(session) });
    session.media = media;
    return media;
  }

  #output(session: LocalSession): LocalOutput {
    const channel = this.#channel;
    const { id } = session;
    return {
      rtp: (stream, payloadType, marker, sequence, timestamp, bytes, from, length) => {
        channel.room()?.rtp(stream, payloadType, marker, sequence, timestamp, bytes, from, length);
      },
      report: (stream, ntpMs, timestamp) => channel.room()?.report(stream, ntpMs, timestamp),
      subscribed: (stream, trackSid, mimeType) =>
        channel.post({ type: 'subscribed', session: id, stream, trackSid, mimeType }),
      unsubscribed: (stream) => channel.post({ type: 'unsubscribed', session: id, stream }),
      keyframe: (stream) => channel.post({ type: 'keyframe', session: id, stream }),
      data: (kind: DataChannelKind, bytes) => {
        if (kind === 'data_track') return false;
        channel.post({ type: 'data', session: id, kind, bytes: exact(bytes) });
        return !channel.closed;
      },
      backlog: () => channel.backlog,
      nextStream: () => {
        const stream = this.#nextStream++;
        if (stream >= MAX_STREAM) throw new Error('the local port has no stream left');
        return stream;
      },
    };
  }

  /**
   * The link's end of a session is gone. Given up: its participant leaves as after a closed page. Broken off, with a thread
   * that died: he is waited for as after a lost network, and keeps his seat meanwhile.
   */
  #lose(session: LocalSession, how: 'given-up' | 'broken'): void {
    session.over = true;
    this.#forget(session);
    if (how === 'broken') session.media?.broke();
    else session.media?.lost();
    session.signal?.closed();
  }

  #forget(session: LocalSession): void {
    for (const stream of session.uplinks) this.#uplinks.delete(stream);
    session.uplinks.clear();
  }

  #ended(reason: string): void {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#uplinks.clear();
    if (sessions.length > 0) this.#options.log.warn({ sessions: sessions.length, reason }, 'a local link ended');
    for (const session of sessions) this.#guarded(() => this.#lose(session, 'broken'));
    this.#onEnd(this);
  }

  /** What one message breaks is its own session's matter. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error({ err: error }, 'a message of the local link failed');
    }
  }
}

function isStream(stream: number): boolean {
  return Number.isInteger(stream) && stream > 0 && stream < MAX_STREAM;
}

/** A cloned view takes its whole buffer along: only views of buffers of their own may be posted. */
function exact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
