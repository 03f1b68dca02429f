/**
 * A connection to a link in this process: the same publications and subscriptions as over WebRTC, with payload types and
 * SSRCs known beforehand instead of descriptions, and without the network. A stream's number is its SSRC.
 */

import { type RtcpVisitor, readRtcp } from '../forward/rtcp-reader.ts';
import { RtcpWriter } from '../forward/rtcp-writer.ts';
import { ntpToMs } from '../forward/sender-clock.ts';
import type { Downlink, Forwarder, MediaKind, Uplink } from '../forward/types.ts';
import { LOCAL_AUDIO_LEVEL, LOCAL_H264, LOCAL_OPUS } from '../local/codecs.ts';
import { copyBytes } from '../local/records.ts';
import { binding, type Codec, matchCodecs, offeredCodecs } from '../sdp/codecs.ts';
import type { LocalPeerSink, LocalTransport } from '../transport/local.ts';
import { RTP_FIXED_HEADER } from '../transport/rtp.ts';
import { SLOT_BYTES, SLOT_HEADROOM } from '../transport/slab.ts';
import type { PeerIndex, PeerState } from '../transport/types.ts';
import { publicationOf, setPublication } from './publications.ts';
import {
  type Connection,
  type ConnectionSink,
  type DataChannelKind,
  NegotiationError,
  type SessionDescription,
  type Subscription,
  type SubscriptionOptions,
} from './types.ts';

/** Where a local connection's output goes. */
export interface LocalOutput extends LocalStreamOutput {
  subscribed(stream: number, trackSid: string, mimeType: string): void;
  unsubscribed(stream: number): void;
  /** Somebody needs a keyframe of a published stream. */
  keyframe(stream: number): void;
  /** False when it could not be taken. */
  data(kind: DataChannelKind, bytes: Uint8Array): boolean;
  backlog(): number;
  /** A number no other stream of this port has or had. */
  nextStream(): number;
}

/** Packets and reports of subscribed streams. */
export interface LocalStreamOutput {
  rtp: LocalPeerSink['onRtp'];
  report(stream: number, ntpMs: number, timestamp: number): void;
}

export interface LocalConnectionOptions {
  readonly transport: LocalTransport;
  readonly forwarder: Forwarder;
  readonly sink: ConnectionSink;
  readonly output: LocalOutput;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  /** Streams that may be published at once. */
  readonly maxUplinks: number;
}

interface Publication {
  readonly kind: MediaKind;
  readonly uplink: Uplink;
  readonly payloadType: number;
}

/** Profile, length and the one element, filled up to four bytes. */
const LEVEL_EXTENSION = 8;
const SLOT_ROOM = SLOT_BYTES - SLOT_HEADROOM - RTP_FIXED_HEADER - LEVEL_EXTENSION;
/** RFC 8285 §4.2: the one-byte form, and how many words of it follow. */
const ONE_WORD_OF_EXTENSIONS = 0xbede_0001;
/** Numbers in one NACK packet of ours. */
const MAX_NACKS = 256;

/** A packet never gets lost on the way, so none is asked for again. */
const OPUS = withoutRepair(offeredCodecs('audio'), LOCAL_OPUS);
const H264 = withoutRepair(offeredCodecs('video'), LOCAL_H264);

export class LocalConnection implements Connection, LocalPeerSink, RtcpVisitor {
  readonly role = 'single';
  readonly #transport: LocalTransport;
  readonly #forwarder: Forwarder;
  readonly #sink: ConnectionSink;
  readonly #output: LocalOutput;
  readonly #clock: () => number;
  readonly #maxUplinks: number;
  readonly #peer: PeerIndex;
  readonly #publications = new Map<number, Publication>();
  readonly #subscriptions = new Map<number, LocalSubscription>();
  readonly #rtcp = new RtcpWriter();
  readonly #sequences = new Uint16Array(MAX_NACKS);
  #state: PeerState = 'new';
  #closed = false;

  /** @throws {Error} when the transport has no peer left. */
  constructor(options: LocalConnectionOptions) {
    this.#transport = options.transport;
    this.#forwarder = options.forwarder;
    this.#sink = options.sink;
    this.#output = options.output;
    this.#clock = options.clock;
    this.#maxUplinks = options.maxUplinks;
    this.#peer = this.#transport.openLocalPeer(this);
  }

  get state(): PeerState {
    return this.#state;
  }

  // --- what the link says ---

  /** The participant is in: media may flow. */
  connected(): void {
    this.#setState('connected');
    if (this.#closed) return;
    this.#sink.onDataChannelOpen('reliable');
    this.#sink.onDataChannelOpen('lossy');
  }

  /** The link is gone, as when a browser's page is closed. */
  lost(): void {
    this.#setState('closed');
  }

  /** The way to the link broke, as a network does: its participant may come back. */
  broke(): void {
    this.#setState('failed');
  }

  publish(stream: number, kind: MediaKind, cid: string): void {
    if (this.#closed || this.#publications.has(stream) || this.#publications.size >= this.#maxUplinks) return;
    const codec = kind === 'audio' ? OPUS : H264;
    const extensions = kind === 'audio' ? { audioLevel: LOCAL_AUDIO_LEVEL } : {};
    const mid = String(stream);
    const uplink = this.#forwarder.createUplink({
      peer: this.#peer,
      kind,
      mid,
      codecs: [binding(codec)],
      extensions,
      rids: [],
      ssrcs: [{ ssrc: stream, rtxSsrc: null }],
      sink: NO_LAYER_EVENTS,
    });
    setPublication(uplink, { codecs: [codec], extensions });
    this.#publications.set(stream, { kind, uplink, payloadType: codec.payloadType });
    this.#sink.onUplinkStarted({ mid, kind, trackId: cid, streamId: '', mimeType: codec.mimeType, uplink });
  }

  unpublish(stream: number): void {
    const publication = this.#publications.get(stream);
    if (this.#closed || publication === undefined) return;
    this.#publications.delete(stream);
    this.#sink.onUplinkStopped(String(stream));
    publication.uplink.close();
  }

  /**
   * A packet of a published stream, into a slot of the slab as if it had come from the network.
   *
   * @param level the byte of RFC 6464 §3, below 0 when it is not known. It stands in the header as browsers write it, so
   * that it is counted and handed on like theirs.
   */
  receiveRtp(
    stream: number,
    marker: boolean,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    from: number,
    length: number,
    level: number,
  ): void {
    const publication = this.#publications.get(stream);
    if (this.#closed || publication === undefined || length > SLOT_ROOM) return;
    const { slab } = this.#transport;
    const slot = slab.take();
    if (slot < 0) return;
    const packet = slab.bytes;
    const at = slab.offset(slot);
    const leveled = level >= 0 && publication.kind === 'audio';
    packet[at] = leveled ? 0x90 : 0x80;
    packet[at + 1] = (marker ? 0x80 : 0) | publication.payloadType;
    packet.writeUInt16BE(sequence & 0xffff, at + 2);
    packet.writeUInt32BE(timestamp >>> 0, at + 4);
    packet.writeUInt32BE(stream >>> 0, at + 8);
    let header = RTP_FIXED_HEADER;
    if (leveled) {
      packet.writeUInt32BE(ONE_WORD_OF_EXTENSIONS, at + header);
      packet.writeUInt32BE(((LOCAL_AUDIO_LEVEL << 28) | ((level & 0xff) << 16)) >>> 0, at + header + 4);
      header += LEVEL_EXTENSION;
    }
    copyBytes(bytes, from, length, packet, at + header);
    slab.lengths[slot] = header + length;
    this.#forwarder.handleRtp(this.#peer, slot, this.#clock());
  }

  /** The publisher's clock of a published stream. */
  receiveReport(stream: number, ntpMs: number, timestamp: number): void {
    if (this.#closed || !this.#publications.has(stream) || !(ntpMs >= 0)) return;
    const seconds = Math.floor(ntpMs / 1000);
    const fraction = Math.floor((ntpMs / 1000 - seconds) * 2 ** 32);
    this.#rtcp.reset();
    this.#rtcp.senderReport(stream, seconds, fraction, timestamp, 0, 0, NO_NAME);
    this.#control();
  }

  nack(stream: number, sequences: readonly number[]): void {
    if (this.#closed || !this.#subscriptions.has(stream)) return;
    const count = Math.min(sequences.length, MAX_NACKS);
    if (count === 0) return;
    for (let i = 0; i < count; i++) this.#sequences[i] = sequences[i]!;
    this.#rtcp.reset();
    this.#rtcp.nack(0, stream, this.#sequences, count);
    this.#control();
  }

  requestKeyframe(stream: number): void {
    if (this.#closed || !this.#subscriptions.has(stream)) return;
    this.#rtcp.reset();
    this.#rtcp.pli(0, stream);
    this.#control();
  }

  receiveData(kind: DataChannelKind, bytes: Uint8Array): void {
    if (!this.#closed) this.#sink.onData(kind, bytes);
  }

  // --- Connection ---

  acceptOffer(): SessionDescription {
    throw new NegotiationError('a local connection has no descriptions');
  }

  createOffer(): null {
    return null;
  }

  acceptAnswer(): void {}

  subscribe(options: SubscriptionOptions): Subscription {
    const { uplink, trackSid } = options;
    const stream = this.#output.nextStream();
    const subscription = new LocalSubscription(trackSid, String(stream), uplink, () => {
      if (this.#subscriptions.delete(stream) && !this.#closed) this.#output.unsubscribed(stream);
    });
    const publication = publicationOf(uplink);
    const codecs = publication === undefined ? [] : matchCodecs(publication.codecs, offeredCodecs(options.kind));
    if (this.#closed || publication === undefined || codecs.length === 0) return subscription;
    try {
      const downlink = this.#forwarder.createDownlink({
        uplink,
        peer: this.#peer,
        mid: String(stream),
        ssrc: stream,
        rtxSsrc: null,
        codecs,
        extensions: {},
        uplinkExtensions: publication.extensions,
      });
      subscription.attach(downlink, new Set(codecs.map(({ mimeType }) => mimeType)));
    } catch {
      // The publication ended meanwhile; the room closes the subscription.
      return subscription;
    }
    this.#subscriptions.set(stream, subscription);
    this.#output.subscribed(stream, trackSid, uplink.mimeType ?? codecs[0]!.mimeType);
    return subscription;
  }

  sendData(kind: DataChannelKind, data: Uint8Array): boolean {
    return !this.#closed && this.#output.data(kind, data);
  }

  dataBacklog(): number {
    return this.#output.backlog();
  }

  close(): void {
    if (this.#closed) return;
    for (const subscription of [...this.#subscriptions.values()]) subscription.close();
    this.#closed = true;
    this.#state = 'closed';
    this.#publications.clear();
    this.#forwarder.closePeer(this.#peer);
    this.#transport.closePeer(this.#peer);
  }

  // --- LocalPeerSink: what the forwarder sends ---

  onRtp(
    ssrc: number,
    payloadType: number,
    marker: boolean,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    from: number,
    length: number,
  ): void {
    this.#output.rtp(ssrc, payloadType, marker, sequence, timestamp, bytes, from, length);
  }

  onRtcp(packet: Uint8Array): void {
    readRtcp(packet, this);
  }

  // --- RtcpVisitor ---

  onSenderReport(ssrc: number, ntpHigh: number, ntpLow: number, timestamp: number): void {
    this.#output.report(ssrc >>> 0, ntpToMs(ntpHigh, ntpLow), timestamp >>> 0);
  }

  onKeyframeRequest(ssrc: number): void {
    if (this.#publications.has(ssrc >>> 0)) this.#output.keyframe(ssrc >>> 0);
  }

  onReportBlock(): void {}

  onNack(): void {}

  onBye(): void {}

  onDelay(): void {}

  #control(): void {
    this.#forwarder.handleRtcp(this.#peer, this.#rtcp.packet(), this.#clock());
  }

  #setState(state: PeerState): void {
    if (this.#closed || this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#sink.onState(state);
  }
}

class LocalSubscription implements Subscription {
  readonly trackSid: string;
  readonly mid: string;
  readonly #uplink: Uplink;
  readonly #onClose: () => void;
  #downlink: Downlink | null = null;
  #mimeTypes: ReadonlySet<string> = new Set();
  #closed = false;

  constructor(trackSid: string, mid: string, uplink: Uplink, onClose: () => void) {
    this.trackSid = trackSid;
    this.mid = mid;
    this.#uplink = uplink;
    this.#onClose = onClose;
  }

  get downlink(): Downlink | null {
    return this.#downlink;
  }

  get codecMismatch(): boolean {
    const { mimeType } = this.#uplink;
    return this.#downlink === null || (mimeType !== null && !this.#mimeTypes.has(mimeType));
  }

  attach(downlink: Downlink, mimeTypes: ReadonlySet<string>): void {
    this.#downlink = downlink;
    this.#mimeTypes = mimeTypes;
  }

  setMaxLayer(layer: number): void {
    this.#downlink?.setMaxLayer(layer);
  }

  setPaused(paused: boolean): void {
    this.#downlink?.setPaused(paused);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#downlink?.close();
    this.#downlink = null;
    this.#onClose();
  }
}

/** Layers are heard through {@link Uplink.activeLayers}; nobody waits for their start. */
const NO_LAYER_EVENTS = { onLayerStarted() {}, onLayerStopped() {} };
const NO_NAME = new Uint8Array(0);

function withoutRepair(codecs: readonly Codec[], payloadType: number): Codec {
  const codec = codecs.find((candidate) => candidate.payloadType === payloadType);
  if (codec === undefined) throw new Error(`no codec is offered as ${payloadType}`);
  return { ...codec, nack: false, rtxPayloadType: null };
}
