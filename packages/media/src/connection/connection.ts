/**
 * One WebRTC connection: descriptions in and out, one table of sections, uplinks and downlinks at the forwarder, data
 * channels. What a description says is checked whole before anything is changed.
 */
import { randomInt } from 'node:crypto';
import type { Downlink, DownlinkOptions, Forwarder, MediaKind } from '../forward/types.ts';
import { DataChannels } from '../sctp/channels.ts';
import { matchCodecs, offeredCodecs } from '../sdp/codecs.ts';
import { downlinkIds, mirrorExtensions, OFFERED_EXTENSIONS } from '../sdp/extensions.ts';
import { type MediaSection, parseDescription, type RemoteDescription, type Section } from '../sdp/parse.ts';
import { writeDescription } from '../sdp/write.ts';
import type { DtlsRole, IceParameters, PeerIndex, PeerSink, PeerState, Transport } from '../transport/types.ts';
import { Channels, type DataChannelsFactory } from './channels.ts';
import { describe } from './describe.ts';
import { NegotiationGatherer, type SetTimer, systemTimer } from './gatherer.ts';
import { type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from './limits.ts';
import { publicationOf } from './publications.ts';
import { RemotePeer } from './remote-peer.ts';
import {
  checkContinues,
  isDraining,
  isFree,
  type MediaState,
  newMediaState,
  publishing,
  type SectionState,
} from './sections.ts';
import { ViewerSubscription } from './subscription.ts';
import { checkExtensions, turnSections } from './turning.ts';
import {
  type CodecPolicy,
  type Connection,
  type ConnectionRole,
  type ConnectionSink,
  type DataChannelKind,
  NegotiationError,
  type SessionDescription,
  type Subscription,
  type SubscriptionOptions,
} from './types.ts';
import type { UplinkContext } from './uplinks.ts';

export interface ConnectionOptions {
  readonly role: ConnectionRole;
  readonly transport: Transport;
  readonly forwarder: Forwarder;
  readonly sink: ConnectionSink;
  readonly codecPolicy?: CodecPolicy;
  readonly limits?: Partial<ConnectionLimits>;
  /** For tests; the process's timers by default. */
  readonly setTimer?: SetTimer;
  /** For tests; {@link DataChannels} by default. */
  readonly createDataChannels?: DataChannelsFactory;
}

/**
 * Opens a connection with a transport peer of its own.
 *
 * @throws {Error} when the transport has no peer left.
 */
export function createConnection(options: ConnectionOptions): Connection {
  return new MediaConnection(options);
}

class MediaConnection implements Connection {
  readonly role: ConnectionRole;
  readonly #transport: Transport;
  readonly #forwarder: Forwarder;
  readonly #sink: ConnectionSink;
  readonly #limits: ConnectionLimits;
  readonly #setTimer: SetTimer;
  readonly #peer: PeerIndex;
  readonly #remote: RemotePeer;
  readonly #uplinks: UplinkContext;
  readonly #channels: Channels;
  readonly #gatherer: NegotiationGatherer;
  readonly #sections: SectionState[] = [];
  readonly #subscriptions = new Set<ViewerSubscription>();
  readonly #ssrcs = new Set<number>();
  readonly #sessionId = String(randomInt(2 ** 47));
  #version = 0;
  #state: PeerState = 'new';
  #closed = false;
  /** An offer of ours without an answer yet. */
  #offer: { readonly id: number; readonly ice: IceParameters; readonly cancelRetry: () => void } | null = null;
  #offerId = 0;
  #changedSinceOffer = false;

  constructor(options: ConnectionOptions) {
    const { role, transport, forwarder, sink } = options;
    this.role = role;
    this.#transport = transport;
    this.#forwarder = forwarder;
    this.#sink = sink;
    this.#limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.limits };
    this.#setTimer = options.setTimer ?? systemTimer;
    this.#channels = new Channels(
      role,
      options.createDataChannels ?? ((channels) => new DataChannels(channels)),
      this.#limits,
      {
        sendPacket: (packet) => {
          if (!this.#closed) transport.sendData(this.#peer, packet);
        },
        onOpen: (kind) => sink.onDataChannelOpen(kind),
        onData: (kind, data) => sink.onData(kind, data),
      },
    );
    this.#gatherer = new NegotiationGatherer({
      gatherMs: this.#limits.gatherMs,
      retryMs: this.#limits.retryMs,
      setTimer: this.#setTimer,
      missing: (kind) => this.#missing(kind),
      useful: () => this.#isOfferUseful(),
      tell: (needed) => sink.onNegotiationNeeded(needed),
    });
    this.#peer = transport.createPeer(this.#peerSink());
    this.#remote = new RemotePeer(transport, this.#peer);
    const policy = options.codecPolicy ?? { publish: [] };
    this.#uplinks = { forwarder, peer: this.#peer, policy, sink };
  }

  get state(): PeerState {
    return this.#state;
  }

  acceptOffer(sdp: string, id: number): SessionDescription {
    if (this.role === 'subscriber') throw new NegotiationError('this connection takes no offers');
    if (this.#closed) throw new NegotiationError('the connection is closed');
    const offer = parseDescription(sdp, this.#limits.sdp);
    checkContinues(this.#sections, offer, false);
    if (offer.sections.filter(publishing).length > this.#limits.maxUplinks) {
      throw new NegotiationError(`more than ${this.#limits.maxUplinks} published tracks`);
    }
    checkExtensions(this.#sections, offer);
    const dtlsRole = this.#remote.check(offer, 'offer');
    // From here on nothing refuses.
    const ice = this.#remote.apply(offer, dtlsRole);
    const { reusable, added } = turnSections(this.#uplinks, this.#sections, offer);
    this.#negotiateData(offer, dtlsRole);
    if (this.#closed) throw new NegotiationError('the connection was closed meanwhile');
    if (this.role === 'single') this.#assign(reusable);
    this.#gatherer.settled(added);
    // What this answer could not do yet needs another offer.
    if (this.#pending().length > 0) this.#gatherer.changed();
    const setup = dtlsRole === 'server' ? 'passive' : 'active';
    return this.#description('answer', id, describe(this.#sections, this.#limits), ice, setup);
  }

  createOffer(options: { readonly iceRestart?: boolean } = {}): SessionDescription | null {
    if (this.role !== 'subscriber' || this.#closed) return null;
    const iceRestart = options.iceRestart === true && this.#remote.known;
    if (this.#offer !== null && !iceRestart) {
      this.#changedSinceOffer = true;
      return null;
    }
    this.#offer?.cancelRetry();
    this.#gatherer.settled({ audio: this.#limits.sdp.maxSections, video: this.#limits.sdp.maxSections });
    const ice = iceRestart ? this.#transport.restartIce(this.#peer) : (this.#offer?.ice ?? this.#remote.localIce());
    if (this.#sections.length === 0) {
      this.#sections.push({ kind: 'application', mid: '0', protocol: 'UDP/DTLS/SCTP', rejected: false });
    }
    const draining = this.#sections.filter(isDraining);
    for (const subscription of this.#pending()) this.#place(subscription);
    for (const section of draining) if (section.kind !== 'application') section.direction = 'inactive';
    this.#offerId += 1;
    this.#changedSinceOffer = false;
    const cancelRetry = this.#setTimer(() => this.#offerLost(), this.#limits.retryMs);
    this.#offer = { id: this.#offerId, ice, cancelRetry };
    return this.#description('offer', this.#offerId, describe(this.#sections, this.#limits), ice, 'actpass');
  }

  acceptAnswer(sdp: string, id: number): void {
    const offer = this.#offer;
    // Rust clients do not number their answers: 0 stands for the offer under way.
    if (this.#closed || offer === null || (id !== 0 && id !== offer.id)) return;
    const answer = parseDescription(sdp, this.#limits.sdp);
    checkContinues(this.#sections, answer, true);
    const dtlsRole = this.#remote.check(answer, 'answer');
    offer.cancelRetry();
    this.#offer = null;
    this.#remote.apply(answer, dtlsRole, offer.ice);
    this.#negotiateData(answer, dtlsRole);
    for (let i = 0; i < this.#sections.length; i++) this.#takeAnswer(this.#sections[i]!, answer.sections[i]!);
    if (this.#changedSinceOffer || this.#sections.some(isDraining) || this.#pending().some((s) => this.#hasPlace(s))) {
      this.#changedSinceOffer = false;
      this.#gatherer.changed();
    }
  }

  subscribe(options: SubscriptionOptions): Subscription {
    if (this.role === 'publisher') throw new Error('a publisher connection has no subscriptions');
    const subscription = new ViewerSubscription(options, (closed) => this.#unsubscribed(closed));
    subscription.setConnected(this.#state === 'connected');
    this.#subscriptions.add(subscription);
    this.#changed();
    return subscription;
  }

  sendData(kind: DataChannelKind, data: Uint8Array): boolean {
    return !this.#closed && this.#channels.send(kind, data);
  }

  dataBacklog(kind: DataChannelKind): number {
    return this.#channels.backlog(kind);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#state = 'closed';
    this.#offer?.cancelRetry();
    this.#gatherer.stop();
    this.#channels.close();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#forwarder.closePeer(this.#peer);
    this.#transport.closePeer(this.#peer);
  }

  #peerSink(): PeerSink {
    const forwarder = this.#forwarder;
    return {
      onState: (_peer, state) => this.#onState(state),
      onRtp: (peer, slot, now) => forwarder.handleRtp(peer, slot, now),
      onRtcp: (peer, packet, now) => forwarder.handleRtcp(peer, packet, now),
      onData: (_peer, data) => this.#channels.receive(data),
    };
  }

  #onState(state: PeerState): void {
    if (this.#closed || state === this.#state) return;
    this.#state = state;
    const connected = state === 'connected';
    if (connected) this.#channels.start();
    // A short silence must not cost a keyframe: only what never was connected, or is lost for good, stays paused.
    if (connected || state === 'failed' || state === 'closed') {
      for (const subscription of this.#subscriptions) subscription.setConnected(connected);
    }
    this.#sink.onState(state);
  }

  // --- sections and subscriptions ---

  /** Gives waiting subscriptions the sections that are free, oldest first, in the order of the sections. */
  #assign(reusable: ReadonlySet<MediaState>): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.section !== null) continue;
      subscription.mismatch = false;
      for (const section of reusable) {
        if (!isFree(section, subscription.kind)) continue;
        this.#reserve(subscription, section);
        if (!this.#bind(subscription, section)) section.direction = 'inactive';
        break;
      }
    }
  }

  /** Puts a waiting subscription on a free section, or a new one. */
  #place(subscription: ViewerSubscription): void {
    const { kind } = subscription;
    let section = this.#sections.find((candidate) => isFree(candidate, kind)) as MediaState | undefined;
    if (section === undefined) {
      if (this.#sections.length >= this.#limits.sdp.maxSections) return;
      section = newMediaState(kind, String(this.#sections.length), 'UDP/TLS/RTP/SAVPF');
      section.receives = true;
      section.codecs = offeredCodecs(kind);
      section.extensions = OFFERED_EXTENSIONS[kind];
      this.#sections.push(section);
    }
    this.#reserve(subscription, section);
  }

  #hasPlace({ kind }: ViewerSubscription): boolean {
    return (
      this.#sections.length < this.#limits.sdp.maxSections || this.#sections.some((section) => isFree(section, kind))
    );
  }

  #takeAnswer(state: SectionState, remote: Section): void {
    if (remote.rejected) state.rejected = true;
    if (state.kind === 'application' || remote.kind === 'application') return;
    const { subscription } = state;
    if (subscription === null) return;
    const accepted = !remote.rejected && (remote.direction === 'recvonly' || remote.direction === 'sendrecv');
    if (!accepted) {
      // Not asked again: a viewer that refuses would be offered the same for ever.
      subscription.mismatch = true;
      subscription.detach();
    } else if (subscription.downlink === null) {
      this.#bind(subscription, state, remote);
    }
  }

  /** No answer came: the offer or its answer was lost with a WebSocket. */
  #offerLost(): void {
    if (this.#closed || this.#offer === null) return;
    this.#offer = null;
    this.#gatherer.changed();
  }

  // --- downlinks ---

  #reserve(subscription: ViewerSubscription, section: MediaState): void {
    section.subscription = subscription;
    section.direction = 'sendonly';
    subscription.section = section;
    this.#releaseSsrcs(subscription);
    subscription.ssrc = this.#newSsrc();
    subscription.rtxSsrc = section.codecs.some((codec) => codec.rtxPayloadType !== null) ? this.#newSsrc() : null;
  }

  /** Makes the downlink. False, and the subscription waits again, when there is no codec in common. */
  #bind(
    subscription: ViewerSubscription,
    section: MediaState,
    viewer: Pick<MediaSection, 'codecs' | 'extensions'> = section,
  ): boolean {
    const publication = publicationOf(subscription.uplink);
    const codecs = publication === undefined ? viewer.codecs : matchCodecs(publication.codecs, viewer.codecs);
    if (codecs.length === 0) {
      subscription.mismatch = true;
      subscription.detach();
      return false;
    }
    const options: DownlinkOptions = {
      uplink: subscription.uplink,
      peer: this.#peer,
      mid: section.mid,
      ssrc: subscription.ssrc,
      rtxSsrc: codecs.some((codec) => codec.rtxPayloadType !== null) ? subscription.rtxSsrc : null,
      codecs,
      extensions: downlinkIds(viewer === section ? section.extensions : mirrorExtensions(viewer.extensions)),
      uplinkExtensions: publication?.extensions ?? {},
    };
    let downlink: Downlink;
    try {
      downlink = this.#forwarder.createDownlink(options);
    } catch {
      // The publication ended meanwhile; the room closes the subscription, the description must not fail for it.
      subscription.mismatch = true;
      subscription.detach();
      return false;
    }
    subscription.attach(downlink, codecs);
    return true;
  }

  #unsubscribed(subscription: ViewerSubscription): void {
    this.#subscriptions.delete(subscription);
    this.#releaseSsrcs(subscription);
    if (!this.#closed && this.#sections.some(isDraining)) this.#changed();
  }

  #changed(): void {
    if (this.#offer !== null) this.#changedSinceOffer = true;
    // Before the client's first offer there is nothing to ask for: it comes by itself.
    else if (this.role === 'subscriber' || this.#sections.length > 0) this.#gatherer.changed();
  }

  #pending(): ViewerSubscription[] {
    return [...this.#subscriptions].filter((subscription) => subscription.section === null && !subscription.mismatch);
  }

  #missing(kind: MediaKind): number {
    if (this.role === 'subscriber') return 0;
    const waiting = this.#pending().filter((subscription) => subscription.kind === kind).length;
    const usable = this.#sections.filter(
      (section) => isFree(section, kind) || (isDraining(section) && section.kind === kind),
    ).length;
    return Math.max(0, waiting - usable);
  }

  /** Whether a new description would do something with the sections that exist. */
  #isOfferUseful(): boolean {
    if (this.role === 'subscriber' || this.#sections.some(isDraining)) return true;
    return this.#pending().some(({ kind }) => this.#sections.some((section) => isFree(section, kind)));
  }

  #releaseSsrcs(subscription: ViewerSubscription): void {
    this.#ssrcs.delete(subscription.ssrc);
    if (subscription.rtxSsrc !== null) this.#ssrcs.delete(subscription.rtxSsrc);
  }

  #newSsrc(): number {
    for (;;) {
      const ssrc = randomInt(1, 2 ** 32);
      if (this.#ssrcs.has(ssrc)) continue;
      this.#ssrcs.add(ssrc);
      return ssrc;
    }
  }

  // --- descriptions ---

  #negotiateData(remote: RemoteDescription, dtlsRole: DtlsRole): void {
    for (const section of remote.sections) {
      if (section.kind === 'application' && !section.rejected) this.#channels.negotiated(dtlsRole, section);
    }
    // The data section may come later than the connection.
    if (this.#state === 'connected') this.#channels.start();
  }

  #description(
    type: 'offer' | 'answer',
    id: number,
    sections: ReturnType<typeof describe>,
    ice: IceParameters,
    setup: 'actpass' | 'active' | 'passive',
  ): SessionDescription {
    this.#version += 1;
    const sdp = writeDescription({
      sessionId: this.#sessionId,
      version: this.#version,
      ice,
      fingerprint: this.#transport.fingerprint,
      setup,
      candidates: this.#transport.candidates(),
      sections,
    });
    return { type, sdp, id, midToTrackId: this.#midToTrackId() };
  }

  #midToTrackId(): Record<string, string> {
    const entries: [string, string][] = [];
    for (const section of this.#sections) {
      if (section.kind !== 'application' && section.subscription !== null) {
        entries.push([section.mid, section.subscription.trackSid]);
      }
    }
    return Object.fromEntries(entries);
  }
}
