/** One participant of a room: signalling and media of the present connection, and all that outlives it. */
import { randomUUID } from 'node:crypto';
import {
  type ConnectionQualityInfo,
  DisconnectReason,
  type JoinResponse,
  LeaveRequest,
  LeaveRequest_Action,
  MuteTrackRequest,
  type TrackInfo,
} from '@livekit/protocol';
import type { ChatMessage } from '../room/chat-message.ts';
import { ChatStreams } from './chat.ts';
import { MediaConnection } from './connection.ts';
import { endOf, reasonOf, TurnedAway, wantsRejoin } from './goodbye.ts';
import type { LinkLimits } from './limits.ts';
import { listenerFailed, tell } from './listeners.ts';
import { Publication } from './publication.ts';
import { Recovery } from './recovery.ts';
import {
  addTrack,
  joinRequest,
  offerMessage,
  resumeRequest,
  subscribeMessages,
  subscriptionMessage,
  syncState,
} from './requests.ts';
import { qualityName, Roster } from './roster.ts';
import { RtpSender } from './sender.ts';
import type { SignalIn } from './signal.ts';
import { SignalLine } from './signal-line.ts';
import { Subscription } from './subscription.ts';
import type { Impairment } from './transport.ts';
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
} from './types.ts';
import { within } from './waiting.ts';

export interface SessionContext {
  readonly url: string;
  readonly loopback: boolean;
  readonly impairment: Impairment | null;
  readonly limits: LinkLimits;
  readonly clock: () => number;
  readonly warn: (what: string, detail: string) => void;
  /** The session ended; it is not used again. */
  readonly onGone: (session: Session) => void;
}

/** A participant over WebRTC. It outlives its connections: publications and subscriptions move to the next one. */
export class Session implements LinkSession {
  readonly #context: SessionContext;
  readonly #options: JoinOptions;
  readonly #sink: LinkSink;
  readonly #signal: SignalLine;
  readonly #recovery: Recovery;
  readonly #roster: Roster;
  readonly #chat: ChatStreams;
  readonly #publications = new Map<Publication, PublicationSink>();
  readonly #subscriptions = new Map<string, Subscription>();
  /** By cid: publications that the server has not confirmed. */
  readonly #requests = new Map<string, PromiseWithResolvers<TrackInfo>>();
  readonly #cname = randomUUID() as string;
  #token: string;
  #self = { identity: '', sid: '', room: '' };
  #connection: MediaConnection | null = null;
  /** A join that waits for media. */
  #joining: PromiseWithResolvers<void> | null = null;
  #ended = false;
  /** Why the server ended it, and when all of it is closed. */
  #goodbye: { readonly detail: string; readonly closed: Promise<void> } | null = null;
  /** The caller has the session: from now on it is told things. */
  #started = false;

  constructor(context: SessionContext, options: JoinOptions, sink: LinkSink) {
    this.#context = context;
    this.#options = options;
    this.#sink = sink;
    this.#token = options.token;
    this.#roster = new Roster(context.limits);
    this.#chat = new ChatStreams(context.limits, context.clock);
    this.#signal = new SignalLine(context, {
      onMessage: (message) => this.#guarded(message),
      onClosed: (reason) => {
        if (this.#started) this.#recovery.lost(false, reason);
      },
    });
    this.#recovery = new Recovery({
      limits: context.limits,
      clock: context.clock,
      warn: context.warn,
      ended: () => this.#ended,
      signalOpen: () => this.#signal.open,
      mediaFlows: () => this.#connection?.connected === true,
      resume: () => this.#resume(),
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
    } catch (error) {
      await this.#dispose();
      await this.#goodbye?.closed;
      if (error instanceof TurnedAway && endOf(error.leave) !== null) throw new LinkRefused(error.message);
      if (this.#goodbye !== null) throw new LinkRefused(`the media server said: ${this.#goodbye.detail}`);
      throw error;
    }
    if (this.#ended) throw new Error('the link was closed');
    this.#started = true;
    // What broke while media came up.
    if (!this.#signal.open) this.#recovery.lost(false, 'the signal closed');
    // The caller holds the session before it hears of anything.
    setImmediate(() => this.#tell(() => this.#sink.onParticipants(this.#roster.list())));
  }

  async publish(options: PublicationOptions, sink: PublicationSink): Promise<LinkPublication> {
    if (this.#ended) throw new Error('the session has ended');
    if (this.#publications.size >= this.#context.limits.maxPublications) throw new Error('too many publications');
    const sender = new RtpSender(
      options.kind,
      this.#cname,
      { onKeyframeNeeded: () => this.#tell(() => sink.onKeyframeNeeded()) },
      this.#context,
    );
    const publication = new Publication(options, sender, {
      mute: (changed) => this.#sendMute(changed),
      unpublish: (gone) => {
        this.#publications.delete(gone);
        this.#connection?.removeSender(gone.sender);
      },
    });
    this.#publications.set(publication, sink);
    try {
      for (;;) {
        const connection = this.#connection;
        try {
          await this.#establish(publication);
          return publication;
        } catch (error) {
          // A connection that broke meanwhile is not an answer: whoever brings it back publishes too.
          if (error instanceof LinkRefused || this.#ended || connection === this.#connection) throw error;
          await this.#recovery.settled();
          if (publication.sender.attached) return publication;
        }
      }
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
      sink,
      {
        requestKeyframe: (receiver) => this.#connection?.requestKeyframe(receiver),
        nack: (receiver, sequences) => this.#connection?.nack(receiver, sequences),
        unsubscribe: ({ trackSid: sid }) => {
          this.#subscriptions.delete(sid);
          this.#connection?.removeReceiver(sid);
          this.#signal.send(subscriptionMessage([sid], false));
        },
      },
      {
        clock,
        keyframeIntervalMs: limits.keyframeIntervalMs,
        onProblem: (error) => listenerFailed(this.#context.warn, error),
      },
    );
    this.#subscriptions.set(trackSid, subscription);
    this.#connection?.addReceiver(trackSid, subscription.receiver);
    for (const message of subscribeMessages([trackSid])) this.#signal.send(message);
    return subscription;
  }

  sendChat(message: ChatMessage): void {
    if (this.#ended) return;
    const packets = this.#chat.encode(message);
    const connection = this.#connection;
    const backlog = connection?.dataBacklog ?? 0;
    if (backlog > this.#context.limits.maxDataBacklogBytes) throw new LinkAway('too much waits to be sent');
    for (const packet of packets) {
      if (connection?.sendData(packet) !== true) throw new LinkAway('the media server is out of reach');
    }
  }

  async leave(): Promise<void> {
    if (this.#ended) return this.#goodbye?.closed;
    this.#ended = true;
    this.#signal.send({
      case: 'leave',
      value: new LeaveRequest({ reason: DisconnectReason.CLIENT_INITIATED, action: LeaveRequest_Action.DISCONNECT }),
    });
    await this.#dispose();
  }

  // --- joining and coming back ---

  async #join(): Promise<void> {
    const { limits, clock, loopback, impairment } = this.#context;
    const media = Promise.withResolvers<void>();
    media.promise.catch(() => {});
    this.#joining = media;
    const connection = await MediaConnection.open(
      { limits, clock, loopback, impairment, cname: this.#cname },
      {
        sendOffer: (sdp, id) => {
          if (this.#connection === connection) this.#signal.send(offerMessage(sdp, id));
        },
        onConnected: () => media.resolve(),
        onFailed: (reason) => {
          media.reject(new Error(`media: ${reason}`));
          if (this.#connection === connection && this.#joining === null) this.#recovery.mediaLost(reason);
        },
        onData: (message) => {
          if (this.#connection === connection) this.#onData(message);
        },
      },
    );
    this.#connection = connection;
    if (this.#ended) throw new Error('the link was closed');
    for (const [sid, { receiver }] of this.#subscriptions) connection.addReceiver(sid, receiver);
    await this.#signal.enter(this.#token, joinRequest(connection.firstOffer()));
    this.#subscribeAll();
    await within(media.promise, limits.mediaTimeoutMs, 'media did not connect');
    this.#joining = null;
  }

  async #resume(): Promise<void> {
    const connection = this.#connection!;
    await this.#signal.enter(this.#token, resumeRequest(this.#self.sid));
    const publications = [...this.#publications.keys()].filter(({ info }) => info !== null);
    this.#signal.send(syncState(connection.descriptions, [...this.#subscriptions.keys()], publications));
    for (const publication of publications) this.#sendMute(publication);
    this.#subscribeAll();
    connection.renegotiate();
  }

  async #rejoin(): Promise<void> {
    await this.#closeConnection();
    await this.#signal.close();
    if (this.#ended) return;
    this.#token = await this.#options.renewToken();
    if (this.#ended) return;
    try {
      await this.#join();
    } catch (error) {
      await this.#closeConnection();
      throw error;
    }
    const publications = [...this.#publications.keys()];
    const results = await Promise.allSettled(publications.map((publication) => this.#establish(publication)));
    for (const result of results) {
      if (result.status === 'rejected') this.#context.warn('a track was not published again', String(result.reason));
    }
  }

  async #closeConnection(): Promise<void> {
    const connection = this.#connection;
    this.#connection = null;
    await connection?.close();
  }

  #subscribeAll(): void {
    const sids = [...this.#subscriptions.keys()];
    if (sids.length > 0) for (const message of subscribeMessages(sids)) this.#signal.send(message);
  }

  #onJoin(join: JoinResponse): void {
    const { participant, room } = join;
    if (participant === undefined) throw new Error('no participant in the join response');
    this.#self = { identity: participant.identity, sid: participant.sid, room: room?.name ?? '' };
    this.#chat.clear();
    if (this.#roster.restart(participant, join.otherParticipants)) this.#tellRoster();
    this.#signal.keepAlive(join.pingInterval, join.pingTimeout);
  }

  // --- messages ---

  #guarded(message: SignalIn): void {
    if (this.#ended) return;
    try {
      this.#onMessage(message);
    } catch (error) {
      // One broken message must not end the session.
      this.#context.warn(`a message of the media server was not understood: ${message.case}`, String(error));
    }
  }

  #onMessage(message: SignalIn): void {
    switch (message.case) {
      case 'join':
        this.#onJoin(message.value);
        return;
      case 'answer':
        this.#connection?.acceptAnswer(message.value);
        return;
      case 'trickle': {
        const { candidate } = JSON.parse(message.value.candidateInit) as { candidate?: unknown };
        if (typeof candidate === 'string') this.#connection?.addCandidate(candidate);
        return;
      }
      case 'update':
        if (this.#roster.apply(message.value.participants)) this.#tellRoster();
        return;
      case 'mediaSectionsRequirement':
        this.#connection?.addSlots(message.value.numAudios, message.value.numVideos);
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
        for (const update of message.value.updates) this.#onQuality(update);
        return;
      case 'refreshToken':
        this.#token = message.value;
        return;
      case 'subscriptionResponse':
        this.#context.warn('a track cannot be subscribed', message.value.trackSid);
        return;
      case 'leave':
        this.#onLeave(message.value);
    }
  }

  #onQuality({ participantSid, quality }: ConnectionQualityInfo): void {
    const identity = this.#roster.identityOf(participantSid);
    if (identity !== null) this.#tell(() => this.#sink.onQuality(identity, qualityName(quality)));
  }

  #onMute(sid: string, muted: boolean): void {
    for (const [publication, sink] of this.#publications) {
      if (publication.sid !== sid || publication.muted === muted) continue;
      publication.muted = muted;
      this.#tell(() => sink.onMutedByServer(muted));
    }
  }

  #onLeave(leave: LeaveRequest): void {
    const end = endOf(leave);
    if (end !== null) {
      this.#end(end, reasonOf(leave));
      return;
    }
    if (!this.#started) return;
    this.#recovery.lost(wantsRejoin(leave), reasonOf(leave), leave.reason === DisconnectReason.SERVER_SHUTDOWN);
  }

  #onData(bytes: Buffer): void {
    const message = this.#chat.receive(bytes);
    if (message !== null && message.from !== this.identity) this.#tell(() => this.#sink.onChat(message));
  }

  // --- publications ---

  async #establish(publication: Publication): Promise<void> {
    const connection = this.#connection;
    if (connection === null) throw new Error('not connected');
    publication.cid = randomUUID();
    const { cid, muted } = publication;
    const request = Promise.withResolvers<TrackInfo>();
    this.#requests.set(cid, request);
    try {
      if (!this.#signal.send(addTrack(publication))) throw new Error('the signal is away');
      const { requestTimeoutMs } = this.#context.limits;
      publication.info = await within(request.promise, requestTimeoutMs, 'the server did not confirm the publication');
      if (publication.ended) throw new Error('unpublished');
      await within(connection.addSender(publication.sender, cid), requestTimeoutMs, 'the offer was not answered');
      if (publication.muted !== muted) this.#sendMute(publication);
    } finally {
      this.#requests.delete(cid);
    }
  }

  #sendMute(publication: Publication): void {
    const { sid, muted } = publication;
    if (sid !== '') this.#signal.send({ case: 'mute', value: new MuteTrackRequest({ sid, muted }) });
  }

  // --- ending ---

  #end(end: LinkEnd, detail: string): void {
    if (this.#ended) return;
    // Told before the close is through: that may take seconds, and the other side's good will.
    this.#goodbye = { detail, closed: this.#dispose() };
    tell(this.#context.warn, () => this.#sink.onEnd(end, detail));
  }

  async #dispose(): Promise<void> {
    this.#ended = true;
    this.#recovery.close();
    for (const request of this.#requests.values()) request.reject(new Error('the session has ended'));
    this.#joining?.reject(new Error('the session has ended'));
    await Promise.all([this.#signal.close(), this.#closeConnection()]);
    this.#context.onGone(this);
  }

  #tellRoster(): void {
    if (this.#started) this.#tell(() => this.#sink.onParticipants(this.#roster.list()));
  }

  /** Nothing is told after the end. */
  #tell(call: () => void): void {
    if (!this.#ended) tell(this.#context.warn, call);
  }
}
