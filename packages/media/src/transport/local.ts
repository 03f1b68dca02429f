/**
 * A transport with local peers besides its own: peers in this process, in another thread, that need neither ICE nor
 * encryption. The forwarder sees no difference. Ordinary peers are the inner transport's alone.
 */
import { headerLength, marker, paddingLength, RTP_FIXED_HEADER } from './rtp.ts';
import type { PacketSlab } from './slab.ts';
import {
  COLUMN,
  type DtlsFingerprint,
  type ExtensionMap,
  type IceParameters,
  type PeerIndex,
  type PeerSink,
  type PeerState,
  type RemoteParameters,
  ROW,
  type SendBatch,
  type Transport,
  type TransportCandidate,
  type TransportStats,
} from './types.ts';
import { patchVp8Descriptor } from './vp8.ts';

/** What a local peer gets instead of datagrams. Called synchronously: return quickly, do not throw. */
export interface LocalPeerSink {
  /** An RTP packet for the peer: its payload is `bytes[from, from + length)`, valid during the call only. */
  onRtp(
    ssrc: number,
    payloadType: number,
    marker: boolean,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    from: number,
    length: number,
  ): void;
  /** A compound RTCP packet, valid during the call only. */
  onRtcp(packet: Uint8Array): void;
}

/** The inner peer of a local one only holds its index: nothing ever comes to it. */
const SILENT: PeerSink = { onState() {}, onRtp() {}, onRtcp() {}, onData() {} };

export class LocalTransport implements Transport {
  readonly slab: PacketSlab;
  readonly #inner: Transport;
  readonly #local: (LocalPeerSink | undefined)[] = [];
  #count = 0;
  /** For payloads that are patched: a slot may be history of other streams. */
  #patched = new Uint8Array(2_048);

  constructor(inner: Transport) {
    this.#inner = inner;
    this.slab = inner.slab;
  }

  get port(): number {
    return this.#inner.port;
  }

  get fingerprint(): DtlsFingerprint {
    return this.#inner.fingerprint;
  }

  /**
   * A peer in this process, connected from the start until {@link closePeer}. It takes an index (and a place among
   * `maxPeers`) of the inner transport, so that indices stay small and dense.
   *
   * @throws {Error} when `maxPeers` are in use.
   */
  openLocalPeer(sink: LocalPeerSink): PeerIndex {
    const index = this.#inner.createPeer(SILENT);
    while (this.#local.length <= index) this.#local.push(undefined);
    this.#local[index] = sink;
    this.#count++;
    return index;
  }

  send(batch: SendBatch): void {
    this.#inner.send(batch);
    if (this.#count === 0) return;
    const { rows, count } = batch;
    const local = this.#local;
    for (let i = 0, at = 0; i < count; i++, at += ROW) {
      const sink = local[rows[at + COLUMN.peer]!];
      if (sink !== undefined) this.#hand(sink, rows, at);
    }
  }

  sendRtcp(peer: PeerIndex, packet: Uint8Array): void {
    const sink = this.#local[peer];
    if (sink === undefined) this.#inner.sendRtcp(peer, packet);
    else sink.onRtcp(packet);
  }

  state(peer: PeerIndex): PeerState {
    return this.#local[peer] === undefined ? this.#inner.state(peer) : 'connected';
  }

  closePeer(peer: PeerIndex): void {
    if (this.#local[peer] !== undefined) {
      this.#local[peer] = undefined;
      this.#count--;
    }
    this.#inner.closePeer(peer);
  }

  candidates(): readonly TransportCandidate[] {
    return this.#inner.candidates();
  }

  createPeer(sink: PeerSink): PeerIndex {
    return this.#inner.createPeer(sink);
  }

  localIce(peer: PeerIndex): IceParameters {
    return this.#inner.localIce(peer);
  }

  restartIce(peer: PeerIndex): IceParameters {
    return this.#inner.restartIce(peer);
  }

  setRemote(peer: PeerIndex, remote: RemoteParameters): void {
    this.#inner.setRemote(peer, remote);
  }

  defineExtensions(peer: PeerIndex, map: ExtensionMap): number {
    return this.#inner.defineExtensions(peer, map);
  }

  releaseExtensions(index: number): void {
    this.#inner.releaseExtensions(index);
  }

  sendData(peer: PeerIndex, data: Uint8Array): void {
    this.#inner.sendData(peer, data);
  }

  stats(): TransportStats {
    return this.#inner.stats();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** The packet of one row. Header extensions are left out, and repaired packets come under their own numbers. */
  #hand(sink: LocalPeerSink, rows: Int32Array, at: number): void {
    const slab = this.slab;
    const slot = rows[at + COLUMN.slot]!;
    if (slab.generations[slot]! >>> 0 !== rows[at + COLUMN.generation]! >>> 0) return;
    const start = slab.offset(slot);
    const size = slab.lengths[slot]!;
    if (size < RTP_FIXED_HEADER) return;
    const header = headerLength(slab.bytes, start);
    const length = size - header - paddingLength(slab.bytes, start, size);
    // Without payload it is a filler: left out, its number would look lost.
    if (length < 0) return;
    const kept = rows[at + COLUMN.marker]!;
    const pictureId = rows[at + COLUMN.vp8PictureId]!;
    const tl0 = rows[at + COLUMN.vp8Tl0]!;
    let bytes: Uint8Array = slab.bytes;
    let from = start + header;
    if (pictureId >= 0 || tl0 >= 0) {
      const patched = this.#patched;
      slab.bytes.copy(patched, 0, from, from + length);
      patchVp8Descriptor(patched, length, pictureId, tl0);
      bytes = patched;
      from = 0;
    }
    sink.onRtp(
      rows[at + COLUMN.ssrc]! >>> 0,
      rows[at + COLUMN.payloadType]! & 0x7f,
      kept < 0 ? marker(slab.bytes, start) : kept !== 0,
      rows[at + COLUMN.sequence]! & 0xffff,
      rows[at + COLUMN.timestamp]! >>> 0,
      bytes,
      from,
      length,
    );
  }
}
