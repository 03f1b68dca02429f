/** Stand-ins for what a connection stands on, which remember what they were told. */
import type { Downlink, DownlinkOptions, Forwarder, MediaKind, Uplink, UplinkOptions } from '../../forward/types.ts';
import type { ChannelId, DataChannelsOptions, DataChannelsPort } from '../../sctp/types.ts';
import { PacketSlab } from '../../transport/slab.ts';
import type {
  IceParameters,
  PeerIndex,
  PeerSink,
  PeerState,
  RemoteParameters,
  Transport,
  TransportStats,
} from '../../transport/types.ts';
import { createConnection } from '../connection.ts';
import type { SetTimer } from '../gatherer.ts';
import type { ConnectionLimits } from '../limits.ts';
import type {
  CodecPolicy,
  Connection,
  ConnectionRole,
  ConnectionSink,
  DataChannelKind,
  PublishPreferences,
  Subscription,
  UplinkSection,
} from '../types.ts';

export class FakeTransport implements Transport {
  readonly slab = new PacketSlab(4);
  readonly port = 40_000;
  readonly fingerprint = { algorithm: 'sha-256', value: Array(32).fill('0A').join(':') };
  readonly sinks: PeerSink[] = [];
  readonly remotes: RemoteParameters[] = [];
  readonly closed: PeerIndex[] = [];
  readonly sent: Uint8Array[] = [];
  #restarts = 0;

  candidates() {
    return [
      { protocol: 'udp' as const, address: '192.0.2.1', port: this.port, priority: 2_130_706_431, foundation: '1' },
      { protocol: 'tcp' as const, address: '2001:db8::1', port: this.port, priority: 1_671_430_143, foundation: '2' },
    ];
  }
  createPeer(sink: PeerSink): PeerIndex {
    return this.sinks.push(sink) - 1;
  }
  localIce(): IceParameters {
    return { usernameFragment: `w0local${this.#restarts}`, password: 'p'.repeat(24) };
  }
  restartIce(): IceParameters {
    this.#restarts += 1;
    return this.localIce();
  }
  setRemote(_peer: PeerIndex, remote: RemoteParameters): void {
    this.remotes.push(remote);
  }
  state(): PeerState {
    return 'new';
  }
  defineExtensions(): number {
    return 0;
  }
  releaseExtensions(): void {}
  send(): void {}
  sendRtcp(): void {}
  sendData(_peer: PeerIndex, data: Uint8Array): void {
    this.sent.push(data);
  }
  closePeer(peer: PeerIndex): void {
    this.closed.push(peer);
  }
  stats(): TransportStats {
    const dropped = { unknownAddress: 0, authentication: 0, replay: 0, malformed: 0, noSlot: 0 };
    return { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0, dropped };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export class FakeUplink implements Uplink {
  readonly id: number;
  readonly kind: MediaKind;
  mimeType: string | null = null;
  readonly options: UplinkOptions;
  readonly updates: Omit<UplinkOptions, 'sink' | 'peer'>[] = [];
  closed = false;

  constructor(id: number, options: UplinkOptions) {
    this.id = id;
    this.kind = options.kind;
    this.options = options;
  }
  activeLayers() {
    return [];
  }
  update(options: Omit<UplinkOptions, 'sink' | 'peer'>): void {
    this.updates.push(options);
  }
  setMuted(): void {}
  takeAudioLevel(): number {
    return 0;
  }
  stats() {
    const nothing = { packets: 0, bytes: 0, lossRate: 0, lossBeforeRepair: 0, jitterMs: 0, bitrate: 0 };
    return { ...nothing, rttMs: null, layers: [] };
  }
  close(): void {
    this.closed = true;
  }
}

export class FakeDownlink implements Downlink {
  readonly id = 0;
  readonly options: DownlinkOptions;
  maxLayer = -1;
  paused: boolean | null = null;
  closed = false;

  constructor(options: DownlinkOptions) {
    this.options = options;
  }
  setMaxLayer(layer: number): void {
    this.maxLayer = layer;
  }
  setPaused(paused: boolean): void {
    this.paused = paused;
  }
  currentLayer(): number {
    return -1;
  }
  stats() {
    return { packets: 0, bytes: 0, lossRate: 0, rttMs: null, jitterMs: 0, nacks: 0, plis: 0 };
  }
  close(): void {
    this.closed = true;
  }
}

export class FakeForwarder implements Forwarder {
  readonly uplinks: FakeUplink[] = [];
  readonly downlinks: FakeDownlink[] = [];
  readonly closedPeers: PeerIndex[] = [];

  createUplink(options: UplinkOptions): Uplink {
    const uplink = new FakeUplink(this.uplinks.length + 1, options);
    this.uplinks.push(uplink);
    return uplink;
  }
  createDownlink(options: DownlinkOptions): Downlink {
    if ((options.uplink as FakeUplink).closed) throw new Error('The uplink is closed.');
    const downlink = new FakeDownlink(options);
    this.downlinks.push(downlink);
    return downlink;
  }
  handleRtp(): void {}
  handleRtcp(): void {}
  tick(): void {}
  closePeer(peer: PeerIndex): void {
    this.closedPeers.push(peer);
  }
}

export class FakeChannels implements DataChannelsPort {
  readonly options: DataChannelsOptions;
  readonly created: { label: string; ordered: boolean; maxRetransmits: number | null }[] = [];
  readonly sent: { id: ChannelId; data: Uint8Array | string }[] = [];
  readonly closedChannels: ChannelId[] = [];
  readonly received: Uint8Array[] = [];
  started = false;
  closed = false;
  backlog = 0;

  constructor(options: DataChannelsOptions) {
    this.options = options;
  }
  start(): void {
    this.started = true;
  }
  receive(packet: Uint8Array): void {
    this.received.push(packet);
  }
  create(label: string, options: { ordered: boolean; maxRetransmits: number | null }): ChannelId {
    this.created.push({ label, ...options });
    return this.created.length * 2 - 1;
  }
  send(id: ChannelId, data: Uint8Array | string): boolean {
    this.sent.push({ id, data });
    return true;
  }
  buffered(): number {
    return this.backlog;
  }
  closeChannel(id: ChannelId): void {
    this.closedChannels.push(id);
  }
  close(): void {
    this.closed = true;
  }
  /** The other end opens a channel. */
  open(id: ChannelId, label: string): void {
    this.options.sink.onOpen({ id, label, protocol: '', ordered: true, maxRetransmits: null, origin: 'remote' });
  }
}

/** Timers that fire when the test says so. */
export class FakeTimers {
  #now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  readonly set: SetTimer = (callback, ms) => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = due.at;
      due.callback();
    }
    this.#now = end;
  }
}

/** One connection over fakes, with everything its sink was told. */
export class Harness {
  readonly transport = new FakeTransport();
  readonly forwarder: FakeForwarder;
  readonly timers = new FakeTimers();
  readonly states: PeerState[] = [];
  readonly started: UplinkSection[] = [];
  readonly stopped: string[] = [];
  readonly opened: DataChannelKind[] = [];
  readonly data: [DataChannelKind, Uint8Array][] = [];
  readonly needed: { audios: number; videos: number }[] = [];
  readonly associations: FakeChannels[] = [];
  wanted: ((trackId: string) => PublishPreferences | null) | null = null;
  readonly connection: Connection;

  constructor(
    role: ConnectionRole,
    options: { policy?: CodecPolicy; limits?: Partial<ConnectionLimits>; forwarder?: FakeForwarder } = {},
  ) {
    this.forwarder = options.forwarder ?? new FakeForwarder();
    const sink: ConnectionSink = {
      onState: (state) => this.states.push(state),
      onUplinkStarted: (section) => this.started.push(section),
      onUplinkStopped: (mid) => this.stopped.push(mid),
      onDataChannelOpen: (kind) => this.opened.push(kind),
      onData: (kind, data) => this.data.push([kind, data]),
      onNegotiationNeeded: (needed) => this.needed.push({ ...needed }),
      publishPreferences: (_kind, trackId) => this.wanted?.(trackId) ?? null,
    };
    this.connection = createConnection({
      role,
      transport: this.transport,
      forwarder: this.forwarder,
      sink,
      setTimer: this.timers.set,
      createDataChannels: (channels) => {
        const association = new FakeChannels(channels);
        this.associations.push(association);
        return association;
      },
      ...(options.policy === undefined ? {} : { codecPolicy: options.policy }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
  }

  get peer(): PeerSink {
    return this.transport.sinks[0]!;
  }

  get channels(): FakeChannels {
    return this.associations[0]!;
  }

  setState(state: PeerState): void {
    this.peer.onState(0, state);
  }

  subscribe(uplink: Uplink, trackSid = `TR_${uplink.id}`, participant = 'PA_x'): Subscription {
    return this.connection.subscribe({ uplink, kind: uplink.kind, trackSid, streamId: `${participant}|${trackSid}` });
  }
}
