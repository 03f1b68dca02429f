/** Typed stand-ins for connections and uplinks, so that the control plane is tested without media. */
import type {
  Connection,
  ConnectionRole,
  ConnectionSink,
  DataChannelKind,
  SessionDescription,
  Subscription,
  SubscriptionOptions,
  UplinkSection,
} from '../../connection/types.ts';
import { NegotiationError } from '../../connection/types.ts';
import type { Downlink, MediaKind, Uplink } from '../../forward/types.ts';
import type { PeerState } from '../../transport/types.ts';

export class FakeUplink implements Uplink {
  readonly id: number;
  readonly kind: MediaKind;
  mimeType: string | null = null;
  muted = false;
  level = 0;
  lossRate = 0;
  bitrate = 100_000;

  constructor(id: number, kind: MediaKind) {
    this.id = id;
    this.kind = kind;
  }

  activeLayers(): readonly number[] {
    return [0];
  }
  update(): void {}
  setMuted(muted: boolean): void {
    this.muted = muted;
  }
  takeAudioLevel(): number {
    const { level } = this;
    return level;
  }
  stats() {
    return {
      packets: 1,
      bytes: 1,
      lossRate: this.lossRate,
      lossBeforeRepair: this.lossRate,
      jitterMs: 0,
      bitrate: this.bitrate,
      rttMs: null,
      layers: [],
    };
  }
  close(): void {}
}

export class FakeDownlink implements Downlink {
  readonly id = 0;
  setMaxLayer(): void {}
  setPaused(): void {}
  currentLayer(): number {
    return 0;
  }
  stats() {
    return { packets: 1, bytes: 1, lossRate: 0, rttMs: null, jitterMs: 0, nacks: 0, plis: 0 };
  }
  close(): void {}
}

export class FakeSubscription implements Subscription {
  readonly options: SubscriptionOptions;
  mid: string | null = null;
  downlink: Downlink | null = null;
  codecMismatch = false;
  maxLayer: number | null = null;
  paused = false;
  closed = false;

  constructor(options: SubscriptionOptions) {
    this.options = options;
  }

  get trackSid(): string {
    return this.options.trackSid;
  }
  setMaxLayer(layer: number): void {
    this.maxLayer = layer;
  }
  setPaused(paused: boolean): void {
    this.paused = paused;
  }
  close(): void {
    this.closed = true;
  }
}

let nextUplink = 1;

/**
 * An "SDP" here is a list of lines `mid kind cid`, one for each section that sends; the word `bad` is refused. Answers
 * bind every open subscription.
 */
export class FakeConnection implements Connection {
  readonly role: ConnectionRole;
  readonly sink: ConnectionSink;
  state: PeerState = 'new';
  closed = false;
  readonly subscriptions: FakeSubscription[] = [];
  readonly sent: { readonly kind: DataChannelKind; readonly data: Uint8Array }[] = [];
  readonly offers: { readonly iceRestart: boolean }[] = [];
  readonly uplinks = new Map<string, FakeUplink>();
  /** What {@link sendData} answers. */
  accepting = true;
  mismatch = false;
  broken = false;
  #sections = new Map<string, string>();

  constructor(role: ConnectionRole, sink: ConnectionSink) {
    this.role = role;
    this.sink = sink;
  }

  setState(state: PeerState): void {
    this.state = state;
    this.sink.onState(state);
  }

  /** Media flows and the data channels are open. */
  connect(): void {
    this.setState('connected');
    this.sink.onDataChannelOpen('reliable');
    this.sink.onDataChannelOpen('lossy');
  }

  acceptOffer(sdp: string, id: number): SessionDescription {
    if (this.broken) throw new TypeError('broken by the test');
    if (sdp.includes('bad')) throw new NegotiationError('refused by the test');
    const sections = new Map<string, string>();
    for (const line of sdp.split('\n')) {
      const [mid, kind, cid] = line.trim().split(' ');
      if (mid && kind) sections.set(mid, `${kind} ${cid ?? ''}`);
    }
    for (const mid of this.#sections.keys()) if (!sections.has(mid)) this.sink.onUplinkStopped(mid);
    for (const [mid, section] of sections) {
      if (this.#sections.get(mid) !== section) this.sink.onUplinkStarted(this.#start(mid, section));
    }
    this.#sections = sections;
    this.#bind();
    return { type: 'answer', sdp: `answer ${id}`, id, midToTrackId: this.#midToTrackId() };
  }

  createOffer(options: { readonly iceRestart?: boolean } = {}): SessionDescription {
    this.offers.push({ iceRestart: options.iceRestart ?? false });
    return { type: 'offer', sdp: 'offer', id: this.offers.length, midToTrackId: {} };
  }

  acceptAnswer(): void {
    this.#bind();
  }

  subscribe(options: SubscriptionOptions): Subscription {
    const subscription = new FakeSubscription(options);
    this.subscriptions.push(subscription);
    return subscription;
  }

  sendData(kind: DataChannelKind, data: Uint8Array): boolean {
    if (this.accepting) this.sent.push({ kind, data });
    return this.accepting;
  }

  dataBacklog(): number {
    return 0;
  }

  close(): void {
    this.closed = true;
  }

  open(trackSid: string): FakeSubscription | undefined {
    return this.subscriptions.find((subscription) => subscription.trackSid === trackSid && !subscription.closed);
  }

  #start(mid: string, section: string): UplinkSection {
    const [kind, cid] = section.split(' ');
    const media: MediaKind = kind === 'audio' ? 'audio' : 'video';
    const uplink = new FakeUplink(nextUplink++, media);
    this.uplinks.set(mid, uplink);
    return {
      mid,
      kind: media,
      trackId: cid ?? '',
      streamId: 'stream',
      mimeType: media === 'audio' ? 'audio/opus' : 'video/vp8',
      uplink,
    };
  }

  #bind(): void {
    for (const [index, subscription] of this.subscriptions.entries()) {
      if (subscription.closed) continue;
      subscription.codecMismatch = this.mismatch;
      if (this.mismatch) continue;
      subscription.mid = `d${index}`;
      subscription.downlink ??= new FakeDownlink();
    }
  }

  #midToTrackId(): Record<string, string> {
    const map: Record<string, string> = {};
    for (const subscription of this.subscriptions) {
      if (!subscription.closed && subscription.mid) map[subscription.mid] = subscription.trackSid;
    }
    return map;
  }
}
