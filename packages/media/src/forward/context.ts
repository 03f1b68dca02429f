import type { PacketSlab } from '../transport/slab.ts';
import type { PeerIndex, Transport } from '../transport/types.ts';
import { DEFAULT_RTT_MS } from './constants.ts';
import { bindStream, unbindLayer } from './demux.ts';
import type { DownlinkHost, DownlinkState } from './downlink.ts';
import { FanOut } from './fan-out.ts';
import type { Layer } from './layer.ts';
import { PeerRecord } from './peer.ts';
import { RtcpWriter } from './rtcp-writer.ts';
import type { ForwarderLimits } from './types.ts';
import type { UplinkHost, UplinkState } from './uplink.ts';

export interface ForwarderOptions {
  readonly transport: Transport;
  /** Monotonic milliseconds: the transport's clock. */
  readonly clock: () => number;
  readonly limits: ForwarderLimits;
  /** Uniform in [0, 1); first sequence numbers, SSRCs and report times come from it. */
  readonly random: () => number;
}

const CNAME_LENGTH = 16;
const CNAME_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What the parts of one forwarder share: its peers, its output and its limits. */
export class ForwarderContext implements UplinkHost, DownlinkHost {
  readonly transport: Transport;
  readonly slab: PacketSlab;
  readonly limits: ForwarderLimits;
  readonly historyPackets: number;
  readonly out: FanOut;
  readonly writer = new RtcpWriter();
  /** By peer index. */
  readonly peers: (PeerRecord | undefined)[] = [];
  readonly uplinks = new Map<number, UplinkState>();
  /** SSRC under which feedback is sent, int32. */
  readonly ownSsrc: number;
  readonly clock: () => number;
  readonly random: () => number;

  constructor(options: ForwarderOptions) {
    this.transport = options.transport;
    this.slab = options.transport.slab;
    this.limits = options.limits;
    this.historyPackets = options.limits.historyPackets;
    this.clock = options.clock;
    this.random = options.random;
    this.out = new FanOut(options.transport);
    this.ownSsrc = (Math.floor(options.random() * 0xfffffffe) + 1) | 0;
  }

  peer(index: PeerIndex): PeerRecord {
    let peer = this.peers[index];
    if (peer === undefined) {
      peer = new PeerRecord(index, this.#cname());
      this.peers[index] = peer;
    }
    return peer;
  }

  /** Whether a peer's transport is up, asked anew. What was sent before is lost: its viewers begin with a keyframe. */
  refreshConnection(peer: PeerRecord): void {
    const state = this.transport.state(peer.index);
    const connected = state === 'connected' || state === 'disconnected';
    if (connected === peer.connected) return;
    peer.connected = connected;
    for (const downlink of peer.downlinks) {
      downlink.interrupt();
      downlink.retarget();
    }
  }

  announce(uplink: UplinkState): void {
    const { peer, ssrcs, layers } = uplink;
    peer.refreshExtensions();
    // With rids the extension tells the layer: the order of announced SSRCs need not be that of quality.
    if (uplink.rids.length > 0 || ssrcs.length !== layers.length) return;
    for (let i = 0; i < layers.length; i++) {
      const { ssrc, rtxSsrc } = ssrcs[i]!;
      bindStream(peer, ssrc | 0, uplink, layers[i]!, false, this.limits.maxStreamsPerPeer);
      if (rtxSsrc !== null) bindStream(peer, rtxSsrc | 0, uplink, layers[i]!, true, this.limits.maxStreamsPerPeer);
    }
  }

  unbind(uplink: UplinkState, layer: Layer | null): void {
    if (layer !== null) unbindLayer(uplink.peer, layer);
    else for (const each of uplink.layers) unbindLayer(uplink.peer, each);
  }

  closeUplink(uplink: UplinkState): void {
    this.unbind(uplink, null);
    this.uplinks.delete(uplink.id);
    remove(uplink.peer.uplinks, uplink);
    uplink.peer.refreshExtensions();
  }

  closeDownlink(downlink: DownlinkState): void {
    remove(downlink.uplink.downlinks, downlink);
    remove(downlink.peer.downlinks, downlink);
    downlink.peer.downlinksBySsrc.delete(downlink.ssrc);
    this.transport.releaseExtensions(downlink.extensions);
    if (downlink.packets === 0 || downlink.peer.closing) return;
    this.writer.bye(downlink.ssrc);
    this.flushRtcp(downlink.peer);
  }

  requestKeyframe(uplink: UplinkState, layer: Layer): void {
    layer.keyframes.want();
    this.sendKeyframeRequest(uplink, layer, this.clock());
  }

  /** Sends a PLI if one is wanted and due. */
  sendKeyframeRequest(uplink: UplinkState, layer: Layer, now: number): void {
    if (!layer.bound || uplink.peer.closing || uplink.kind !== 'video' || uplink.muted || !layer.keyframes.due(now))
      return;
    this.writer.pli(this.ownSsrc, layer.ssrc);
    this.flushRtcp(uplink.peer);
  }

  /** Sends the missing packets' numbers that are due. */
  sendNacks(uplink: UplinkState, layer: Layer, now: number): void {
    if (!layer.bound) return;
    const rtt = uplink.peer.rttMs;
    const count = layer.nacks.collect(now, rtt ?? DEFAULT_RTT_MS);
    if (count === 0) return;
    this.writer.nack(this.ownSsrc, layer.ssrc, layer.nacks.due, count);
    this.flushRtcp(uplink.peer);
  }

  /** Sends what the RTCP writer holds. */
  flushRtcp(peer: PeerRecord): void {
    if (this.writer.length === 0) return;
    this.transport.sendRtcp(peer.index, this.writer.packet());
    this.writer.reset();
  }

  #cname(): Uint8Array {
    const cname = new Uint8Array(CNAME_LENGTH);
    for (let i = 0; i < CNAME_LENGTH; i++) {
      cname[i] = CNAME_LETTERS.charCodeAt(Math.floor(this.random() * CNAME_LETTERS.length));
    }
    return cname;
  }
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index !== -1) list.splice(index, 1);
}
