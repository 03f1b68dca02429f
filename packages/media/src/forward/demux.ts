import type { Layer } from './layer.ts';
import { findExtension, type RtpPacket } from './packet.ts';
import { type PeerRecord, Stream } from './peer.ts';
import type { UplinkState } from './uplink.ts';

/**
 * Finds what an SSRC heard for the first time belongs to: by its mid and rid (RFC 8843 section 9.2, RFC 8852), else by
 * payload type when only one section can be meant. SSRCs announced in SDP are known before any packet.
 */
export function resolveStream(
  bytes: Uint8Array,
  packet: RtpPacket,
  peer: PeerRecord,
  maxStreams: number,
): Stream | undefined {
  const uplink = findSection(bytes, packet, peer);
  if (uplink === undefined) return undefined;
  const repair = uplink.repairs[packet.payloadType] !== -1;
  if (!repair && uplink.codecOf[packet.payloadType] === 0) return undefined;
  const layer = findLayer(bytes, packet, peer, uplink, repair);
  return layer === undefined ? undefined : bindStream(peer, packet.ssrc, uplink, layer, repair, maxStreams);
}

/** Remembers an SSRC; the one that fed the layer before is forgotten. Undefined when the peer has too many. */
export function bindStream(
  peer: PeerRecord,
  ssrc: number,
  uplink: UplinkState,
  layer: Layer,
  repair: boolean,
  maxStreams: number,
): Stream | undefined {
  const known = peer.streams.get(ssrc);
  if (known !== undefined && known.layer === layer && known.repair === repair) return known;
  const replaces = repair ? layer.rtxBound : layer.bound;
  if (!replaces && known === undefined && peer.streams.size >= maxStreams) return undefined;
  if (known !== undefined) release(known);
  if (repair) {
    if (layer.rtxBound) peer.remove(layer.rtxSsrc);
    layer.rtxSsrc = ssrc;
    layer.rtxBound = true;
  } else {
    if (layer.bound) peer.remove(layer.ssrc);
    layer.bind(ssrc);
  }
  const stream = new Stream(ssrc, uplink, layer, repair);
  peer.add(stream);
  return stream;
}

/** Forgets the SSRCs of one layer. */
export function unbindLayer(peer: PeerRecord, layer: Layer): void {
  for (const stream of [...peer.streams.values()]) {
    if (stream.layer !== layer) continue;
    release(stream);
    peer.remove(stream.ssrc);
  }
}

function release(stream: Stream): void {
  if (stream.repair) stream.layer.rtxBound = false;
  else stream.layer.bound = false;
}

function findSection(bytes: Uint8Array, packet: RtpPacket, peer: PeerRecord): UplinkState | undefined {
  const at = findExtension(bytes, packet, peer.midId);
  if (at !== -1) {
    for (const uplink of peer.uplinks) if (matches(bytes, at, packet.foundLength, uplink.mid)) return uplink;
    return undefined;
  }
  let only: UplinkState | undefined;
  for (const uplink of peer.uplinks) {
    if (uplink.codecOf[packet.payloadType] === 0 && uplink.repairs[packet.payloadType] === -1) continue;
    if (only !== undefined) return undefined;
    only = uplink;
  }
  return only;
}

function findLayer(
  bytes: Uint8Array,
  packet: RtpPacket,
  peer: PeerRecord,
  uplink: UplinkState,
  repair: boolean,
): Layer | undefined {
  const at = findExtension(bytes, packet, repair ? peer.repairedRidId : peer.ridId);
  if (at !== -1 && uplink.rids.length > 0) {
    for (const layer of uplink.layers) {
      if (matches(bytes, at, packet.foundLength, uplink.rids[layer.index]!)) return layer;
    }
    return undefined;
  }
  // Without a rid only a section of one encoding is clear, or an SSRC that SDP put in line with the rids.
  if (uplink.layers.length === 1) return uplink.layers[0];
  if (uplink.ssrcs.length !== uplink.layers.length) return undefined;
  for (const layer of uplink.layers) {
    const announced = uplink.ssrcs[layer.index]!;
    if (((repair ? (announced.rtxSsrc ?? -1) : announced.ssrc) | 0) === packet.ssrc) return layer;
  }
  return undefined;
}

/** The extension's text, which may end in padding zeros. */
function matches(bytes: Uint8Array, at: number, length: number, value: Uint8Array): boolean {
  if (length < value.length) return false;
  for (let i = 0; i < value.length; i++) if (bytes[at + i] !== value[i]) return false;
  for (let i = value.length; i < length; i++) if (bytes[at + i] !== 0) return false;
  return true;
}
