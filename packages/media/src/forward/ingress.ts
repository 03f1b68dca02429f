import type { PeerIndex } from '../transport/types.ts';
import { CODEC, describePayload } from './codec.ts';
import type { ForwarderContext } from './context.ts';
import { resolveStream } from './demux.ts';
import type { DownlinkState } from './downlink.ts';
import { type Layer, VERDICT } from './layer.ts';
import { findExtension, RtpPacket, readRtp, unwrapRtx } from './packet.ts';
import type { PeerRecord, Stream } from './peer.ts';
import type { UplinkState } from './uplink.ts';

/** The path of an RTP packet: from its slot to the rows of every viewer. Nothing is allocated on it. */
export class Ingress {
  readonly #context: ForwarderContext;
  readonly #packet = new RtpPacket();
  readonly #replayed = new RtpPacket();

  constructor(context: ForwarderContext) {
    this.#context = context;
  }

  /** Takes the slot over: a history keeps it, or it is released before this returns. */
  handle(index: PeerIndex, slot: number, now: number): void {
    const { slab } = this.#context;
    const peer = this.#context.peers[index];
    const packet = this.#packet;
    if (peer === undefined || !readRtp(slab, slot, packet)) {
      slab.release(slot);
      return;
    }
    if (peer.transportCcId !== 0) {
      const at = findExtension(slab.bytes, packet, peer.transportCcId);
      if (at !== -1 && packet.foundLength === 2) {
        peer.arrivals.record((slab.bytes[at]! << 8) | slab.bytes[at + 1]!, now);
      }
    }
    const stream =
      peer.find(packet.ssrc) ?? resolveStream(slab.bytes, packet, peer, this.#context.limits.maxStreamsPerPeer);
    if (stream === undefined || !this.#accept(peer, stream, packet, now)) slab.release(slot);
  }

  /** True when the history has the slot. */
  #accept(peer: PeerRecord, stream: Stream, packet: RtpPacket, now: number): boolean {
    const { slab } = this.#context;
    const { uplink, layer } = stream;
    if (stream.repair) {
      const original = uplink.repairs[packet.payloadType]!;
      if (original === -1 || !layer.bound) return false;
      if (!unwrapRtx(slab, packet, layer.ssrc, original)) return false;
    } else {
      peer.mediaSsrc = packet.ssrc;
    }
    const codec = uplink.codecOf[packet.payloadType]!;
    if (codec === CODEC.none) return false;
    layer.clockRate = uplink.clockRates[packet.payloadType]!;
    const wantsRepair = uplink.wantsRepair[packet.payloadType] === 1;
    const verdict = layer.receive(packet, now, stream.repair, wantsRepair, !uplink.muted);
    if (verdict !== VERDICT.forward) {
      if (verdict === VERDICT.padding && !uplink.muted) this.#fanOutPadding(uplink, layer, packet);
      return false;
    }
    if (layer.nacks.size > 0) this.#repair(peer, uplink, layer, packet, stream.repair, now);
    if (codec === CODEC.audio) this.#hear(uplink, packet);
    describePayload(slab.bytes, packet, codec, uplink.extensions.dependencyDescriptor ?? 0);
    uplink.use(packet.payloadType);
    const begins = !layer.running;
    if (begins) {
      // The owner may subscribe viewers, or close the track, right here.
      uplink.started(layer);
      if (uplink.closed || !layer.running) return true;
    }
    const keyframe = packet.keyframe === 1 || (packet.keyframe === 2 && layer.beginsPicture(packet));
    if (keyframe) layer.keyframes.arrived();
    this.#fanOut(uplink, layer, packet, keyframe);
    this.#context.out.flush();
    if (begins) for (const downlink of uplink.downlinks) downlink.retarget();
    return true;
  }

  #fanOut(uplink: UplinkState, layer: Layer, packet: RtpPacket, keyframe: boolean): void {
    const { downlinks } = uplink;
    for (let i = 0; i < downlinks.length; i++) {
      const downlink = downlinks[i]!;
      if (downlink.anchored && downlink.current === layer.index && downlink.epoch === layer.epoch) {
        downlink.forward(packet);
      } else if (downlink.startsWith(layer, keyframe)) {
        downlink.anchor(packet, layer);
        downlink.forward(packet);
        if (packet.extended !== layer.reception.highest) this.#replay(uplink, layer, packet, downlink);
      }
    }
  }

  /** A keyframe's first packet came late: what followed it is in the history already and goes out behind it. */
  #replay(uplink: UplinkState, layer: Layer, first: RtpPacket, downlink: DownlinkState): void {
    const { slab } = this.#context;
    const packet = this.#replayed;
    const last = layer.reception.highest;
    for (let at = (first.extended + 1) | 0; ((at - last) | 0) <= 0; at = (at + 1) | 0) {
      const slot = layer.history.slotOf(at);
      if (slot === -1) {
        if (layer.history.seen(at)) downlink.leaveOut(at);
        continue;
      }
      if (!readRtp(slab, slot, packet)) continue;
      packet.extended = at;
      packet.arrival = first.arrival;
      const codec = uplink.codecOf[packet.payloadType]!;
      describePayload(slab.bytes, packet, codec, uplink.extensions.dependencyDescriptor ?? 0);
      downlink.forward(packet);
    }
  }

  #fanOutPadding(uplink: UplinkState, layer: Layer, packet: RtpPacket): void {
    const { downlinks } = uplink;
    for (let i = 0; i < downlinks.length; i++) {
      const downlink = downlinks[i]!;
      if (downlink.anchored && downlink.current === layer.index && downlink.epoch === layer.epoch) {
        downlink.forwardPadding(packet);
      }
    }
    this.#context.out.flush();
  }

  #repair(
    peer: PeerRecord,
    uplink: UplinkState,
    layer: Layer,
    packet: RtpPacket,
    repaired: boolean,
    now: number,
  ): void {
    if (packet.extended !== layer.reception.highest) {
      const roundTrip = layer.nacks.arrived(packet.extended, repaired, now);
      if (roundTrip !== -1 && peer.rttMs === null) peer.measuredRtt(roundTrip);
    } else this.#context.sendNacks(uplink, layer, now);
  }

  #hear(uplink: UplinkState, packet: RtpPacket): void {
    const id = uplink.extensions.audioLevel;
    if (id === undefined) return;
    const { bytes } = this.#context.slab;
    const at = findExtension(bytes, packet, id);
    if (at !== -1) uplink.level.add(bytes[at]!);
  }
}
