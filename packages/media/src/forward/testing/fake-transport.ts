import { PacketSlab } from '../../transport/slab.ts';
import {
  COLUMN,
  type ExtensionMap,
  type PeerIndex,
  type PeerState,
  ROW,
  type SendBatch,
  type Transport,
  type TransportStats,
} from '../../transport/types.ts';

/** One row as it was sent, with the packet's bytes at that moment. */
export interface SentRow {
  readonly peer: number;
  readonly payloadType: number;
  readonly marker: number;
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly extensions: number;
  readonly rtxOriginal: number;
  readonly vp8PictureId: number;
  readonly vp8Tl0: number;
  readonly stale: boolean;
  readonly packet: Uint8Array;
}

export interface SentRtcp {
  readonly peer: number;
  readonly packet: Uint8Array;
}

/** Records what the forwarder sends; stands in for a transport of which every peer is connected. */
export class FakeTransport implements Transport {
  readonly slab: PacketSlab;
  readonly port = 0;
  readonly fingerprint = { algorithm: 'sha-256', value: '' };
  readonly rows: SentRow[] = [];
  readonly rtcp: SentRtcp[] = [];
  readonly extensionMaps = new Map<number, ExtensionMap>();
  /** Peers in another state than `connected`. */
  readonly states = new Map<PeerIndex, PeerState>();
  #nextExtensions = 0;

  constructor(slots = 4096) {
    this.slab = new PacketSlab(slots);
  }

  send(batch: SendBatch): void {
    const { rows, count } = batch;
    for (let i = 0; i < count; i++) {
      const column = (name: keyof typeof COLUMN) => rows[i * ROW + COLUMN[name]]!;
      const slot = column('slot');
      const at = this.slab.offset(slot);
      this.rows.push({
        peer: column('peer'),
        payloadType: column('payloadType'),
        marker: column('marker'),
        ssrc: column('ssrc') >>> 0,
        sequence: column('sequence'),
        timestamp: column('timestamp') >>> 0,
        extensions: column('extensions'),
        rtxOriginal: column('rtxOriginal'),
        vp8PictureId: column('vp8PictureId'),
        vp8Tl0: column('vp8Tl0'),
        stale: (this.slab.generations[slot]! | 0) !== column('generation') || this.slab.lengths[slot] === 0,
        packet: Uint8Array.from(this.slab.bytes.subarray(at, at + this.slab.lengths[slot]!)),
      });
    }
  }

  sendRtcp(peer: PeerIndex, packet: Uint8Array): void {
    this.rtcp.push({ peer, packet: Uint8Array.from(packet) });
  }

  defineExtensions(_peer: PeerIndex, map: ExtensionMap): number {
    this.extensionMaps.set(this.#nextExtensions, map);
    return this.#nextExtensions++;
  }

  releaseExtensions(index: number): void {
    if (!this.extensionMaps.delete(index)) throw new Error('Released twice.');
  }

  candidates() {
    return [];
  }

  createPeer(): PeerIndex {
    return 0;
  }

  localIce() {
    return { usernameFragment: '', password: '' };
  }

  restartIce() {
    return this.localIce();
  }

  setRemote(): void {}

  state(peer: PeerIndex): PeerState {
    return this.states.get(peer) ?? 'connected';
  }

  sendData(): void {}

  closePeer(): void {}

  stats(): TransportStats {
    const dropped = { unknownAddress: 0, authentication: 0, replay: 0, malformed: 0, noSlot: 0 };
    return { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0, dropped };
  }

  async close(): Promise<void> {}
}
