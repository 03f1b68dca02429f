import { createForwarder } from '../forwarder.ts';
import type { CodecBinding, DownlinkOptions, ExtensionIds, Forwarder, Uplink, UplinkOptions } from '../types.ts';
import { FakeTransport, type SentRow } from './fake-transport.ts';

export const EXTENSIONS: ExtensionIds = {
  mid: 1,
  rid: 2,
  repairedRid: 3,
  transportCc: 4,
  absSendTime: 5,
  audioLevel: 6,
};
export const VIEWER_EXTENSIONS: ExtensionIds = { mid: 9, transportCc: 8, absSendTime: 7, audioLevel: 3 };

export function codec(
  payloadType: number,
  mimeType: string,
  rtxPayloadType: number | null = null,
  fmtp = '',
): CodecBinding {
  const video = mimeType.startsWith('video/');
  return { payloadType, mimeType, clockRate: video ? 90_000 : 48_000, fmtp, rtxPayloadType, nack: video, pli: video };
}

export const VP8 = codec(96, 'video/vp8', 97);
export const OPUS = codec(111, 'audio/opus');
export const VIEWER_VP8 = codec(100, 'video/vp8', 101);
export const VIEWER_OPUS = codec(109, 'audio/opus');

/** A small seeded generator (mulberry32), uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A forwarder over a fake transport, under a clock that the test moves. */
export class Scene {
  now = 10_000;
  readonly transport: FakeTransport;
  readonly forwarder: Forwarder;
  readonly slots: number;
  readonly startedLayers: number[] = [];
  readonly stoppedLayers: number[] = [];
  onStarted: (uplink: Uplink, layer: number) => void = () => {};
  #nextSsrc = 0x9000_0000;

  constructor(
    options: { slots?: number; history?: number; keyframeIntervalMs?: number; maxStreams?: number; seed?: number } = {},
  ) {
    this.slots = options.slots ?? 4096;
    this.transport = new FakeTransport(this.slots);
    this.forwarder = createForwarder({
      transport: this.transport,
      clock: () => this.now,
      random: seeded(options.seed ?? 1),
      limits: {
        historyPackets: options.history ?? 512,
        keyframeIntervalMs: options.keyframeIntervalMs ?? 500,
        maxStreamsPerPeer: options.maxStreams ?? 16,
      },
    });
  }

  uplink(options: Partial<UplinkOptions> = {}): Uplink {
    const kind = options.kind ?? 'video';
    return this.forwarder.createUplink({
      peer: 1,
      kind,
      mid: '0',
      codecs: kind === 'video' ? [VP8] : [OPUS],
      extensions: EXTENSIONS,
      rids: [],
      ssrcs: [],
      sink: {
        onLayerStarted: (uplink, layer) => {
          this.startedLayers.push(layer);
          this.onStarted(uplink, layer);
        },
        onLayerStopped: (_uplink, layer) => this.stoppedLayers.push(layer),
      },
      ...options,
    });
  }

  downlink(uplink: Uplink, options: Partial<DownlinkOptions> = {}) {
    const ssrc = this.#nextSsrc++;
    return Object.assign(
      this.forwarder.createDownlink({
        uplink,
        peer: 2,
        mid: '5',
        ssrc,
        rtxSsrc: uplink.kind === 'video' ? ssrc + 0x1000 : null,
        codecs: uplink.kind === 'video' ? [VIEWER_VP8] : [VIEWER_OPUS],
        extensions: VIEWER_EXTENSIONS,
        uplinkExtensions: EXTENSIONS,
        ...options,
      }),
      { outSsrc: options.ssrc ?? ssrc },
    );
  }

  /** Delivers an RTP packet; false when the slab is full, as the transport would drop it. */
  rtp(packet: Uint8Array, peer = 1): boolean {
    const { slab } = this.transport;
    const slot = slab.take();
    if (slot === -1) return false;
    slab.bytes.set(packet, slab.offset(slot));
    slab.lengths[slot] = packet.length;
    this.forwarder.handleRtp(peer, slot, this.now);
    return true;
  }

  rtcp(packet: Uint8Array, peer = 2): void {
    this.forwarder.handleRtcp(peer, packet, this.now);
  }

  /** Moves the clock in steps of the engine's tick. */
  run(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now = Math.min(end, this.now + 20);
      this.forwarder.tick(this.now);
    }
  }

  rows(ssrc: number): SentRow[] {
    return this.transport.rows.filter((row) => row.ssrc === ssrc >>> 0);
  }

  /** RTCP packets of one type (and format) sent to a peer, taken out of their compounds. */
  rtcpSent(peer: number, type: number, format?: number): DataView[] {
    const found: DataView[] = [];
    for (const sent of this.transport.rtcp) {
      if (sent.peer !== peer) continue;
      let at = 0;
      const view = new DataView(sent.packet.buffer);
      while (at + 4 <= view.byteLength) {
        const length = 4 * (view.getUint16(at + 2) + 1);
        if (view.getUint8(at + 1) === type && (format === undefined || (view.getUint8(at) & 0x1f) === format)) {
          found.push(new DataView(sent.packet.buffer, at, length));
        }
        at += length;
      }
    }
    return found;
  }

  get heldSlots(): number {
    return this.slots - this.transport.slab.available;
  }
}
