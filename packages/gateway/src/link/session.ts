/** One participant of a room: signalling and media of the present connection, and all that outlives it. */
import { randomUUID } from 'node:crypto';
import {
  ConnectionQuality,
  DisconnectReason,
  type JoinResponse,
  LeaveRequest,
  LeaveRequest_Action,
  MuteTrackRequest,
  Ping,
  type TrackInfo,
} from '@livekit/protocol';
import type { ChatMessage } from '../room/chat-message.ts';
import { ChatStreams } from './chat.ts';
import { MediaConnection } from './connection.ts';
import type { LinkLimits } from './limits.ts';
import { Publication } from './publication.ts';
import {
  addTrack,
  joinRequest,
  offerMessage,
  resumeRequest,
  subscribeMessages,
  syncState,
  unsubscribeMessage,
} from './requests.ts';
import { Roster } from './roster.ts';
import { RtpSender } from './sender.ts';
import { type SignalIn, type SignalOut, SignalSocket } from './signal.ts';
import { Subscription } from './subscription.ts';
import type { Impairment } from './transport.ts';
import {
  type JoinOptions,
  type LinkEnd,
  type LinkPublication,
  type LinkQuality,
  LinkRefused,
  type LinkSession,
  type LinkSink,
  type LinkSubscription,
  type PublicationOptions,
  type PublicationSink,
  type SubscriptionSink,
} from './types.ts';

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

const QUALITIES: Readonly<Record<ConnectionQuality, LinkQuality>> = {
  [ConnectionQuality.EXCELLENT]: 'excellent',
  [ConnectionQuality.GOOD]: 'good',
  [ConnectionQuality.POOR]: 'poor',
  [ConnectionQuality.LOST]: 'lost',
};

/** The server says goodbye while a connection is being made. */
class TurnedAway extends Error {
  readonly leave: LeaveRequest;

  constructor(leave: LeaveRequest) {
    super(`the media server said: ${DisconnectReason[leave.reason] ?? leave.reason}`);
    this.leave = leave;
  }
}

/** Resumes in a row that may fail before everything is made anew. */
const MAX_RESUMES = 3;
/** A goodbye that was on its way when media ended is here by then. */
const GOODBYE_MS = 1_000;

export class Session implements LinkSession {
  readonly #context: SessionContext;
  readonly #options: JoinOptions;
  readonly #sink: LinkSink;
  readonly #roster: Roster;
  readonly #chat: ChatStreams;
  readonly #publications = new Map<Publication, PublicationSink>();
  readonly #subscriptions = new Map<string, Subscription>();
  /** By cid: publications that the server has not confirmed. */
  readonly #requests = new Map<string, PromiseWithResolvers<TrackInfo>>();
  readonly #cname = randomUUID() as string;
  #token: string;
  #self = { identity: '', sid: '', room: '' };
  #signal: SignalSocket | null = null;
  #connection: MediaConnection | null = null;
  #first: PromiseWithResolvers<void> | null = null;
  #media: PromiseWithResolvers<void> | null = null;
  #ping: NodeJS.Timeout | null = null;
  #grace: NodeJS.Timeout | null = null;
  #heardAt = 0;
  #recovering = false;
  #full = false;
  #shutdown = false;
  #ended = false;
  #started = false;
  #wake: (() => void) | null = null;

  constructor(context: SessionContext, options: JoinOptions, sink: LinkSink) {
    this.#context = context;
    this.#options = options;
    this.#sink = sink;
    this.#token = options.token;
    this.#roster = new Roster(context.limits);
    this.#chat = new ChatStreams(context.limits, context.clock);
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
      if (error instanceof TurnedAway) throw new LinkRefused(error.message);
      throw error;
    }
    if (this.#ended) throw new Error('the link was closed');
    this.#started = true;
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
          await this.#settled();
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
      {
        onRtp: (packet, now) => this.#tell(() => sink.onRtp(packet, now)),
        onSenderReport: (ntpMs, rtpTimestamp, now) => this.#tell(() => sink.onSenderReport(ntpMs, rtpTimestamp, now)),
      },
      {
        requestKeyframe: (receiver) => this.#connection?.requestKeyframe(receiver),
        nack: (receiver, sequences) => this.#connection?.nack(receiver, sequences),
        unsubscribe: ({ trackSid: sid }) => {
          this.#subscriptions.delete(sid);
          this.#connection?.removeReceiver(sid);
          this.#send(unsubscribeMessage(sid));
        },
      },
      { clock, keyframeIntervalMs: limits.keyframeIntervalMs },
    );
    this.#subscriptions.set(trackSid, subscription);
    this.#connection?.addReceiver(trackSid, subscription.receiver);
    for (const message of subscribeMessages([trackSid])) this.#send(message);
    return subscription;
  }

  sendChat(message: ChatMessage): void {
    const packets = this.#chat.encode(message);
    const connection = this.#connection;
    if (connection === null || connection.dataBacklog > this.#context.limits.maxDataBacklogBytes) return;
    for (const packet of packets) connection.sendData(packet);
  }

  async leave(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#send({
      case: 'leave',
      value: new LeaveRequest({ reason: DisconnectReason.CLIENT_INITIATED, action: LeaveRequest_Action.DISCONNECT }),
    });
    await this.#dispose();
  }

  // --- joining ---

  async #join(): Promise<void> {
    const { limits, clock, loopback, impairment } = this.#context;
    const media = Promise.withResolvers<void>();
    media.promise.catch(() => {});
    this.#media = media;
    const connection = await MediaConnection.open(
      { limits, clock, loopback, impairment, cname: this.#cname },
      {
        sendOffer: (sdp, id) => {
          if (this.#connection === connection) this.#send(offerMessage(sdp, id));
        },
        onConnected: () => media.resolve(),
        onFailed: (reason) => {
          media.reject(new Error(`media: ${reason}`));
          if (this.#connection === connection && this.#media === null) this.#mediaLost(reason);
        },
        onData: (message) => {
          if (this.#connection === connection) this.#onData(message);
        },
      },
    );
    this.#connection = connection;
    if (this.#ended) throw new Error('the link was closed');
    for (const [sid, { receiver }] of this.#subscriptions) connection.addReceiver(sid, receiver);
    await this.#enter(joinRequest(connection.firstOffer()));
    if (this.#subscriptions.size > 0) {
      for (const message of subscribeMessages([...this.#subscriptions.keys()])) this.#send(message);
    }
    await within(media.promise, limits.mediaTimeoutMs, 'media did not connect');
    this.#media = null;
  }

  /** Opens the signal and waits for its first message. */
  async #enter(request: ReturnType<typeof joinRequest>): Promise<void> {
    const { limits, url } = this.#context;
    const first = Promise.withResolvers<void>();
    this.#first = first;
    const signal: SignalSocket = new SignalSocket(
      { url, token: this.#token, request, limits },
      {
        onMessage: (message) => {
          if (this.#signal !== signal || this.#ended) return;
          this.#heardAt = this.#context.clock();
          try {
            this.#onMessage(message);
          } catch (error) {
            // One broken message must not end the session.
            this.#context.warn(`a message of the media server was not understood: ${message.case}`, String(error));
          }
        },
        onClosed: (problem) => {
          if (this.#signal !== signal) return;
          this.#signal = null;
          if (this.#first === first) first.reject(problem);
          else this.#lost(false, problem.message);
        },
      },
    );
    this.#signal = signal;
    try {
      await within(first.promise, limits.signalTimeoutMs, 'the media server did not answer');
    } catch (error) {
      if (this.#signal === signal) this.#signal = null;
      void signal.close();
      throw error;
    } finally {
      this.#first = null;
    }
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

  #startPing(intervalSeconds: number, timeoutSeconds: number): void {
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#ping = null;
    if (intervalSeconds <= 0 || timeoutSeconds <= 0) return;
    this.#ping = setInterval(() => {
      if (this.#context.clock() - this.#heardAt > timeoutSeconds * 1_000) {
        this.#signal?.drop();
        return;
      }
      this.#send({ case: 'pingReq', value: new Ping({ timestamp: BigInt(Date.now()) }) });
    }, intervalSeconds * 1_000);
    this.#ping.unref();
  }

  // --- messages ---

  #onMessage(message: SignalIn): void {
    const first = this.#first;
    if (first !== null) {
      if (message.case === 'join') this.#onJoin(message.value);
      if (message.case === 'join' || message.case === 'reconnect') {
        this.#first = null;
        first.resolve();
      } else if (message.case === 'leave') first.reject(new TurnedAway(message.value));
      return;
    }
    switch (message.case) {
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
        for (const { participantSid, quality } of message.value.updates) {
          const identity = this.#roster.identityOf(participantSid);
          if (identity !== null) this.#tell(() => this.#sink.onQuality(identity, QUALITIES[quality] ?? 'poor'));
        }
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
      this.#end(end, DisconnectReason[leave.reason] ?? String(leave.reason));
      return;
    }
    this.#shutdown = leave.reason === DisconnectReason.SERVER_SHUTDOWN;
    this.#lost(leave.action !== LeaveRequest_Action.RESUME, DisconnectReason[leave.reason] ?? 'leave');
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
      if (!this.#send(addTrack(publication))) throw new Error('the signal is away');
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
    if (sid !== '') this.#send({ case: 'mute', value: new MuteTrackRequest({ sid, muted }) });
  }

  // --- coming back ---

  /** A server that sends somebody away may end his media before its goodbye is here: coming back then would be wrong. */
  #mediaLost(reason: string): void {
    if (this.#ended || this.#grace !== null) return;
    if (this.#signal?.open !== true) {
      this.#lost(true, reason);
      return;
    }
    this.#grace = setTimeout(() => {
      this.#grace = null;
      this.#lost(true, reason);
    }, GOODBYE_MS);
  }

  #lost(full: boolean, reason: string): void {
    if (this.#ended || !this.#started) return;
    if (this.#grace !== null) clearTimeout(this.#grace);
    this.#grace = null;
    if (full) this.#full = true;
    if (this.#recovering) return;
    this.#context.warn('the link to the media server is being brought back', reason);
    this.#recovering = true;
    void this.#recover();
  }

  async #recover(): Promise<void> {
    const { limits, clock } = this.#context;
    const begun = clock();
    let told = false;
    let resumes = 0;
    for (let attempt = 0; !this.#ended; attempt++) {
      if (attempt > 0) await this.#pause(backOff(attempt, limits));
      if (this.#ended) return;
      if (clock() - begun > limits.giveUpMs) {
        this.#end(this.#shutdown ? 'server-shutdown' : 'lost', 'the media server did not come back');
        return;
      }
      try {
        if (!this.#full && resumes < MAX_RESUMES && this.#connection?.connected === true) {
          resumes += 1;
          await this.#resume();
        } else {
          if (!told) this.#tell(() => this.#sink.onReconnecting());
          told = true;
          await this.#rejoin();
        }
      } catch (error) {
        if (this.#ended) return;
        if (this.#isFinal(error, told)) return;
        continue;
      }
      if (this.#full || this.#signal === null) continue;
      break;
    }
    if (this.#ended) return;
    this.#recovering = false;
    this.#shutdown = false;
    const settled = this.#wake;
    this.#wake = null;
    settled?.();
    if (told) this.#tell(() => this.#sink.onReconnected());
  }

  /** True when the session has ended by it. */
  #isFinal(error: unknown, rejoining: boolean): boolean {
    if (error instanceof TurnedAway) {
      const end = endOf(error.leave);
      if (end === null) {
        this.#full = true;
        return false;
      }
      this.#end(end, error.message);
      return true;
    }
    if (error instanceof LinkRefused) {
      // A resume that is refused says nothing about a fresh token.
      if (!rejoining) {
        this.#full = true;
        return false;
      }
      this.#end('refused', error.message);
      return true;
    }
    this.#context.warn('the media server is not back yet', String(error));
    return false;
  }

  async #resume(): Promise<void> {
    const connection = this.#connection!;
    await this.#enter(resumeRequest(this.#self.sid));
    const sids = [...this.#subscriptions.keys()];
    const publications = [...this.#publications.keys()].filter(({ info }) => info !== null);
    this.#send(syncState(connection.descriptions, sids, publications));
    for (const publication of publications) this.#sendMute(publication);
    if (sids.length > 0) for (const message of subscribeMessages(sids)) this.#send(message);
    connection.renegotiate();
  }

  async #rejoin(): Promise<void> {
    this.#full = false;
    const old = this.#signal;
    this.#signal = null;
    await Promise.all([this.#connection?.close(), old?.close()]);
    this.#connection = null;
    if (this.#ended) return;
    this.#token = await this.#options.renewToken();
    if (this.#ended) return;
    try {
      await this.#join();
    } catch (error) {
      const connection = this.#connection as MediaConnection | null;
      this.#connection = null;
      await connection?.close();
      throw error;
    }
    const publications = [...this.#publications.keys()];
    const results = await Promise.allSettled(publications.map((publication) => this.#establish(publication)));
    for (const result of results) {
      if (result.status === 'rejected') this.#context.warn('a track was not published again', String(result.reason));
    }
  }

  /** Waits out the recovery under way. */
  #settled(): Promise<void> {
    if (!this.#recovering) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#wake;
      this.#wake = () => {
        before?.();
        resolve();
      };
    });
  }

  #pauseEnd: (() => void) | null = null;

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#pauseEnd?.(), ms);
      this.#pauseEnd = () => {
        clearTimeout(timer);
        this.#pauseEnd = null;
        resolve();
      };
    });
  }

  // --- ending ---

  #end(end: LinkEnd, detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#dispose().then(() => {
      try {
        this.#sink.onEnd(end, detail);
      } catch (error) {
        this.#context.warn('a listener failed', String(error));
      }
    });
  }

  async #dispose(): Promise<void> {
    this.#ended = true;
    if (this.#ping !== null) clearInterval(this.#ping);
    if (this.#grace !== null) clearTimeout(this.#grace);
    this.#pauseEnd?.();
    this.#wake?.();
    this.#first?.reject(new Error('the link was closed'));
    for (const request of this.#requests.values()) request.reject(new Error('the session has ended'));
    const [signal, connection] = [this.#signal, this.#connection];
    this.#signal = null;
    this.#connection = null;
    await Promise.all([signal?.close(), connection?.close()]);
    this.#context.onGone(this);
  }

  #send(message: SignalOut): boolean {
    return this.#signal?.send(message) ?? false;
  }

  #tellRoster(): void {
    if (this.#started) this.#tell(() => this.#sink.onParticipants(this.#roster.list()));
  }

  /** A listener that throws must not harm the link, and nothing is told after the end. */
  #tell(call: () => void): void {
    if (this.#ended) return;
    try {
      call();
    } catch (error) {
      this.#context.warn('a listener failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
}

/** Why it is over, or null when the link comes back by itself. */
function endOf(leave: LeaveRequest): LinkEnd | null {
  switch (leave.reason) {
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'duplicate-identity';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'removed';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'room-deleted';
    case DisconnectReason.CLIENT_INITIATED:
      return 'left';
    default:
      return null;
  }
}

function backOff(attempt: number, { retryMs, maxRetryMs }: LinkLimits): number {
  const full = Math.min(maxRetryMs, retryMs * 2 ** Math.min(attempt - 1, 16));
  // Half of it at random: clients of one server must not come back in step.
  return full / 2 + Math.random() * (full / 2);
}

async function within<T>(promise: Promise<T>, ms: number, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(problem)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
