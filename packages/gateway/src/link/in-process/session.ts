/** One participant of a room: what it is on the present port, and all that outlives it. */
import { randomUUID } from 'node:crypto';
import {
  DisconnectReason,
  type JoinResponse,
  LeaveRequest,
  LeaveRequest_Action,
  MuteTrackRequest,
  Ping,
  type TrackInfo,
} from '@livekit/protocol';
import type { ChatMessage } from '../../room/chat-message.ts';
import { ChatStreams } from '../chat.ts';
import { endOf, reasonOf, TurnedAway } from '../goodbye.ts';
import type { LinkLimits } from '../limits.ts';
import { listenerFailed, tell } from '../listeners.ts';
import { Recovery } from '../recovery.ts';
import { addTrack, joinRequest, subscriptionMessage } from '../requests.ts';
import { qualityName, Roster } from '../roster.ts';
import type { SignalIn, SignalOut } from '../signal.ts';
import {
  type JoinOptions,
  LinkAway,
  type LinkEnd,
  type LinkPublication,
  LinkRefused,
  type LinkSession,
  type LinkSink,
  type LinkSubscription,
  type PublicationOptions,
  type PublicationSink,
  type SubscriptionSink,
} from '../types.ts';
import { within } from '../waiting.ts';
import type { EnginePort, PortSessionSink } from './port.ts';
import { Publication } from './publication.ts';
import { Subscription } from './subscription.ts';

export interface SessionContext {
  /** The port in use, or the next one. */
  readonly port: () => Promise<EnginePort>;
  readonly limits: LinkLimits;
  readonly clock: () => number;
  readonly warn: (what: string, detail: string) => void;
  /** The session ended; it is not used again. */
  readonly onGone: (session: Session) => void;
}

/** The participant on one port, from its join to its end. */
interface Stay {
  readonly port: EnginePort;
  id: number;
  readonly first: PromiseWithResolvers<void>;
  joined: boolean;
}

/** The engine confirms a leave within this, or it is not waited for. */
const LEAVE_MS = 1_000;

/** A participant at the embedded engine. It outlives its ports: publications and subscriptions move to the next one. */
export class Session implements LinkSession {
  readonly #context: SessionContext;
  readonly #options: JoinOptions;
  readonly #sink: LinkSink;
  readonly #roster: Roster;
  readonly #chat: ChatStreams;
  readonly #recovery: Recovery;
  readonly #publications = new Set<Publication>();
  readonly #subscriptions = new Map<string, Subscription>();
  /** By cid: publications that the engine has not confirmed. */
  readonly #requests = new Map<string, PromiseWithResolvers<TrackInfo>>();
  #token: string;
  #self = { identity: '', sid: '', room: '' };
  #stay: Stay | null = null;
  #ping: NodeJS.Timeout | null = null;
  #heardAt = 0;
  #ended = false;
  #started = false;
  #confirmed: (() => void) | null = null;

  constructor(context: SessionContext, options: JoinOptions, sink: LinkSink) {
    this.#context = context;
    this.#options = options;
    this.#sink = sink;
    this.#token = options.token;
    this.#roster = new Roster(context.limits);
    this.#chat = new ChatStreams(context.limits, context.clock);
    const stays = () => this.#stay?.joined === true;
    this.#recovery = new Recovery({
      limits: context.limits,
      clock: context.clock,
      warn: context.warn,
      ended: () => this.#ended,
      signalOpen: stays,
      mediaFlows: stays,
      // The port carries signal and media alike: there is nothing to resume without the other.
      resume: () => this.#rejoin(),
      rejoin: () => this.#rejoin(),
      onReconnecting: () => this.#tell(() => this.#sink.onReconnecting()),
      onReconnected: () => this.#tell(() => this.#sink.onReconnected()),
      end: (end, detail) => this.#end(end, detail),
    });
  }

  get identity(): string {
    return this.#self.identity;
  }

  get sid(): string {
    return this.#self.sid;
  }

  get room(): string {
    return this.#self.room;
  }

  /** The first join. @throws {LinkRefused} or another error; the session is of no use then. */
  async start(): Promise<void> {
    try {
      await this.#join();
      if (this.#ended) throw new Error('the link was closed');
    } catch (error) {
      this.#dispose();
      if (error instanceof TurnedAway && endOf(error.leave) !== null) throw new LinkRefused(error.message);
      throw error;
    }
    this.#started = true;
    // The caller holds the session before it hears of anything.
    setImmediate(() => this.#tell(() => this.#sink.onParticipants(this.#roster.list())));
  }

  async publish(options: PublicationOptions, sink: PublicationSink): Promise<LinkPublication> {
    const { limits, clock } = this.#context;
    if (this.#ended) throw new Error('the session has ended');
    if (this.#publications.size >= limits.maxPublications) throw new Error('too many publications');
    const publication = new Publication(
      options,
      {
        onKeyframeNeeded: () => this.#tell(() => sink.onKeyframeNeeded()),
        onMutedByServer: (muted) => this.#tell(() => sink.onMutedByServer(muted)),
      },
      { mute: (changed) => this.#sendMute(changed), unpublish: (gone) => this.#unpublish(gone) },
      { clock, maxPayloadBytes: limits.maxPayloadBytes, keyframeIntervalMs: limits.keyframeIntervalMs },
    );
    this.#publications.add(publication);
    try {
      while (!publication.attached) {
        const stay = this.#stay;
        try {
          await this.#establish(publication);
        } catch (error) {
          // A port that closed meanwhile is not an answer: whoever brings the session back publishes too.
          if (error instanceof LinkRefused || this.#ended || (stay !== null && stay === this.#stay)) throw error;
          await this.#recovery.settled();
        }
      }
      return publication;
    } catch (error) {
      publication.unpublish();
      throw error;
    }
  }

  subscribe(trackSid: string, sink: SubscriptionSink): LinkSubscription {
    const { limits, clock } = this.#context;
    if (this.#ended) throw new Error('the session has ended');
    if (this.#subscriptions.has(trackSid)) throw new Error('this track is subscribed already');
    if (this.#subscriptions.size >= limits.maxSubscriptions) throw new Error('too many subscriptions');
    const subscription = new Subscription(
      trackSid,
      {
        onRtp: (packet, now) => {
          if (this.#ended) return;
          // As #tell, without a closure for every packet.
          try {
            sink.onRtp(packet, now);
          } catch (error) {
            listenerFailed(this.#context.warn, error);
          }
        },
        onSenderReport: (ntpMs, rtpTimestamp, now) => this.#tell(() => sink.onSenderReport(ntpMs, rtpTimestamp, now)),
      },
      {
        requestKeyframe: (stream) => this.#stay?.port.requestKeyframe(this.#stay.id, stream),
        nack: (stream, sequences) => this.#stay?.port.nack(this.#stay.id, stream, sequences),
        unsubscribe: ({ trackSid: sid }) => {
          this.#subscriptions.delete(sid);
          this.#send(subscriptionMessage([sid], false));
        },
      },
      { clock, keyframeIntervalMs: limits.keyframeIntervalMs },
    );
    this.#subscriptions.set(trackSid, subscription);
    this.#send(subscriptionMessage([trackSid], true));
    return subscription;
  }

  sendChat(message: ChatMessage): void {
    if (this.#ended) return;
    const packets = this.#chat.encode(message);
    const stay = this.#stay;
    if (!stay?.joined || stay.port.closed) throw new LinkAway('the media engine is out of reach');
    for (const packet of packets) stay.port.sendData(stay.id, packet);
  }

  async leave(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const stay = this.#stay;
    if (stay?.joined) {
      const confirmed = new Promise<void>((resolve) => {
        this.#confirmed = resolve;
      });
      const { CLIENT_INITIATED: reason } = DisconnectReason;
      this.#send({ case: 'leave', value: new LeaveRequest({ reason, action: LeaveRequest_Action.DISCONNECT }) });
      await within(confirmed, LEAVE_MS, '').catch(() => {});
    }
    this.#dispose();
  }

  // --- joining ---

  async #join(): Promise<void> {
    const { limits } = this.#context;
    const port = await within(this.#context.port(), limits.signalTimeoutMs, 'the engine gave no port');
    if (this.#ended) throw new Error('the link was closed');
    const stay: Stay = { port, id: 0, first: Promise.withResolvers<void>(), joined: false };
    this.#stay = stay;
    stay.id = port.open(this.#token, joinRequest(null), this.#sinkOf(stay));
    try {
      await within(stay.first.promise, limits.signalTimeoutMs, 'the engine did not answer');
    } catch (error) {
      if (this.#stay === stay) this.#stay = null;
      port.drop(stay.id);
      throw error;
    }
    const wished = [...this.#subscriptions.keys()];
    if (wished.length > 0) this.#send(subscriptionMessage(wished, true));
  }

  #sinkOf(stay: Stay): PortSessionSink {
    const current = () => this.#stay === stay && !this.#ended;
    return {
      onSignal: (message) => {
        if (!current()) return;
        this.#heardAt = this.#context.clock();
        if (stay.joined) this.#onMessage(message);
        else if (message.case === 'join') {
          stay.joined = true;
          this.#onJoin(message.value);
          stay.first.resolve();
        } else if (message.case === 'leave') stay.first.reject(new TurnedAway(message.value));
      },
      onRefused: (problem) => stay.first.reject(problem),
      onClosed: (reason) => {
        this.#confirmed?.();
        stay.first.reject(new Error(reason || 'the engine ended the session'));
        if (current() && stay.joined) this.#lost(reason);
      },
      onSubscribed: (stream, trackSid, mimeType) => {
        const subscription = current() ? this.#subscriptions.get(trackSid) : undefined;
        subscription?.attach(stream, mimeType);
        return subscription ?? null;
      },
      onKeyframeNeeded: (stream) => {
        for (const publication of this.#publications) {
          if (publication.stream === stream && current()) publication.onKeyframeNeeded();
        }
      },
      onData: (bytes) => {
        const message = current() ? this.#chat.receive(bytes) : null;
        if (message !== null && message.from !== this.identity) this.#tell(() => this.#sink.onChat(message));
      },
    };
  }

  #onJoin(join: JoinResponse): void {
    const { participant, room } = join;
    if (participant === undefined) throw new Error('no participant in the join response');
    this.#self = { identity: participant.identity, sid: participant.sid, room: room?.name ?? '' };
    this.#chat.clear();
    const changed = this.#roster.restart(participant, join.otherParticipants);
    if (changed && this.#started) this.#tellRoster();
    this.#startPing(join.pingInterval, join.pingTimeout);
  }

  /** The engine takes a session that says nothing for lost; and an engine that says nothing hangs. */
  #startPing(intervalSeconds: number, timeoutSeconds: number): void {
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#ping = null;
    if (intervalSeconds <= 0 || timeoutSeconds <= 0) return;
    this.#ping = setInterval(() => {
      if (this.#stay?.joined && this.#context.clock() - this.#heardAt > timeoutSeconds * 1_000) {
        this.#lost('the engine does not answer');
        return;
      }
      this.#send({ case: 'pingReq', value: new Ping({ timestamp: BigInt(Date.now()) }) });
    }, intervalSeconds * 1_000);
    this.#ping.unref();
  }

  // --- messages ---

  #onMessage(message: SignalIn): void {
    switch (message.case) {
      case 'update':
        if (this.#roster.apply(message.value.participants)) this.#tellRoster();
        return;
      case 'trackPublished':
        if (message.value.track) this.#requests.get(message.value.cid)?.resolve(message.value.track);
        return;
      case 'requestResponse': {
        const { request, message: why } = message.value;
        if (request.case === 'addTrack') {
          this.#requests.get(request.value.cid)?.reject(new LinkRefused(`not published: ${why}`));
        }
        return;
      }
      case 'mute':
        this.#onMute(message.value.sid, message.value.muted);
        return;
      case 'connectionQuality':
        for (const { participantSid, quality } of message.value.updates) {
          const identity = this.#roster.identityOf(participantSid);
          if (identity !== null) this.#tell(() => this.#sink.onQuality(identity, qualityName(quality)));
        }
        return;
      case 'subscriptionResponse':
        this.#context.warn('a track cannot be subscribed', message.value.trackSid);
        return;
      case 'leave':
        this.#onLeave(message.value);
    }
  }

  #onMute(sid: string, muted: boolean): void {
    for (const publication of this.#publications) {
      if (publication.sid !== sid || publication.muted === muted) continue;
      publication.muted = muted;
      publication.sink.onMutedByServer(muted);
    }
  }

  #onLeave(leave: LeaveRequest): void {
    const end = endOf(leave);
    if (end !== null) this.#end(end, reasonOf(leave));
    else this.#lost(reasonOf(leave), leave.reason === DisconnectReason.SERVER_SHUTDOWN);
  }

  // --- publications ---

  async #establish(publication: Publication): Promise<void> {
    const stay = this.#stay;
    if (!stay?.joined) throw new Error('not connected');
    publication.cid = randomUUID();
    const { cid, muted, options } = publication;
    const request = Promise.withResolvers<TrackInfo>();
    this.#requests.set(cid, request);
    try {
      this.#send(addTrack(publication));
      const { requestTimeoutMs } = this.#context.limits;
      const info = await within(request.promise, requestTimeoutMs, 'the engine did not confirm the publication');
      if (this.#stay !== stay) throw new Error('the session was lost meanwhile');
      const stream = stay.port.publish(stay.id, options.kind, cid);
      if (publication.ended) {
        // What was promised to the engine is given back, or it would count for ever.
        stay.port.unpublish(stay.id, stream);
        throw new Error('unpublished');
      }
      publication.sid = info.sid;
      publication.attach(stay.port, stream);
      if (publication.muted !== muted) this.#sendMute(publication);
    } finally {
      this.#requests.delete(cid);
    }
  }

  #unpublish(publication: Publication): void {
    this.#publications.delete(publication);
    const stay = this.#stay;
    if (stay !== null && publication.attached) stay.port.unpublish(stay.id, publication.stream);
  }

  #sendMute({ sid, muted, attached }: Publication): void {
    if (attached) this.#send({ case: 'mute', value: new MuteTrackRequest({ sid, muted }) });
  }

  // --- coming back ---

  #lost(reason: string, shutdown = false): void {
    if (this.#ended || !this.#started) return;
    this.#leaveStay(new Error(reason));
    this.#recovery.lost(true, reason, shutdown);
  }

  async #rejoin(): Promise<void> {
    this.#token = await this.#options.renewToken();
    if (this.#ended) return;
    await this.#join();
    await this.#publishAgain();
  }

  async #publishAgain(): Promise<void> {
    const publications = [...this.#publications].filter((publication) => publication.sid !== '');
    const results = await Promise.allSettled(publications.map((publication) => this.#establish(publication)));
    for (const result of results) {
      if (result.status === 'rejected') this.#context.warn('a track was not published again', String(result.reason));
    }
  }

  /** What belonged to the present port goes nowhere any more. */
  #leaveStay(problem: Error): void {
    const stay = this.#stay;
    this.#stay = null;
    for (const publication of this.#publications) publication.detach();
    for (const subscription of this.#subscriptions.values()) subscription.detach();
    for (const request of this.#requests.values()) request.reject(problem);
    if (stay !== null) stay.port.drop(stay.id);
  }

  // --- ending ---

  #end(end: LinkEnd, detail: string): void {
    if (this.#ended) return;
    this.#dispose();
    tell(this.#context.warn, () => this.#sink.onEnd(end, detail));
  }

  #dispose(): void {
    this.#ended = true;
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#recovery.close();
    this.#leaveStay(new Error('the session has ended'));
    this.#context.onGone(this);
  }

  #send(message: SignalOut): void {
    const stay = this.#stay;
    if (stay?.joined) stay.port.send(stay.id, message);
  }

  #tellRoster(): void {
    if (this.#started) this.#tell(() => this.#sink.onParticipants(this.#roster.list()));
  }

  /** Nothing is told after the end. */
  #tell(call: () => void): void {
    if (!this.#ended) tell(this.#context.warn, call);
  }
}
