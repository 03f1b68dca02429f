import type { PacketSlab } from '../transport/slab.ts';
import { AudioLevel } from './audio-level.ts';
import { CODEC, codecOf } from './codec.ts';
import { AUDIO_HISTORY_PACKETS, MAX_LAYERS, STOPPED_AFTER_MS } from './constants.ts';
import type { DownlinkState } from './downlink.ts';
import { Layer } from './layer.ts';
import type { PeerRecord } from './peer.ts';
import type {
  CodecBinding,
  ExtensionIds,
  ForwarderLimits,
  Uplink,
  UplinkOptions,
  UplinkSink,
  UplinkStats,
} from './types.ts';

/** What an uplink needs of the forwarder around it. */
export interface UplinkHost {
  readonly slab: PacketSlab;
  readonly limits: ForwarderLimits;
  clock(): number;
  /** The uplink's SSRCs are not to be recognised any more (all of them, or those of one layer). */
  unbind(uplink: UplinkState, layer: Layer | null): void;
  /** Announces SSRCs from SDP. */
  announce(uplink: UplinkState): void;
  closeUplink(uplink: UplinkState): void;
  requestKeyframe(uplink: UplinkState, layer: Layer): void;
}

const encoder = new TextEncoder();

/** One published track: its layers, its payload types and its subscribers. */
export class UplinkState implements Uplink {
  readonly id: number;
  readonly kind: UplinkOptions['kind'];
  readonly peer: PeerRecord;
  readonly downlinks: DownlinkState[] = [];
  readonly level = new AudioLevel();
  readonly sink: UplinkSink;
  layers: Layer[] = [];
  codecs: readonly CodecBinding[] = [];
  extensions: ExtensionIds = {};
  ssrcs: UplinkOptions['ssrcs'] = [];
  mid: Uint8Array = new Uint8Array(0);
  rids: readonly Uint8Array[] = [];
  muted = false;
  closed = false;
  /** By payload type: the codec's number, 0 when it is not this section's. */
  readonly codecOf = new Uint8Array(128);
  /** By RTX payload type: the payload type that it repeats, −1 otherwise. */
  readonly repairs = new Int16Array(128);
  readonly clockRates = new Int32Array(128);
  readonly wantsRepair = new Uint8Array(128);
  readonly #mimeTypes: string[] = [];
  readonly #host: UplinkHost;
  #lastPayloadType = -1;

  constructor(id: number, peer: PeerRecord, options: UplinkOptions, host: UplinkHost) {
    this.id = id;
    this.kind = options.kind;
    this.peer = peer;
    this.sink = options.sink;
    this.#host = host;
    this.#apply(options);
  }

  get mimeType(): string | null {
    return this.#mimeTypes[this.#lastPayloadType] ?? null;
  }

  /** Notes the payload type in use; true when it changed. */
  use(payloadType: number): boolean {
    if (this.#lastPayloadType === payloadType) return false;
    this.#lastPayloadType = payloadType;
    return true;
  }

  activeLayers(): readonly number[] {
    const now = this.#host.clock();
    return this.layers.filter((layer) => layer.active(now)).map((layer) => layer.index);
  }

  update(options: Omit<UplinkOptions, 'sink' | 'peer'>): void {
    if (this.closed) return;
    this.#apply(options);
    this.#host.announce(this);
    for (const downlink of this.downlinks) downlink.remap();
  }

  setMuted(muted: boolean): void {
    if (this.muted === muted || this.closed) return;
    this.muted = muted;
    for (const downlink of this.downlinks) downlink.interrupt();
    if (!muted) for (const layer of this.layers) if (layer.running) this.#host.requestKeyframe(this, layer);
  }

  takeAudioLevel(): number {
    return this.level.take();
  }

  stats(now: number): UplinkStats {
    let packets = 0;
    let bytes = 0;
    let bitrate = 0;
    let jitterMs = 0;
    let expected = 0;
    let before = 0;
    let after = 0;
    for (const layer of this.layers) {
      packets += layer.packets;
      bytes += layer.bytes;
      layer.rate.review(now);
      bitrate += layer.rate.bitrate;
      if (layer.active(now)) jitterMs = Math.max(jitterMs, (layer.reception.jitter * 1000) / layer.clockRate);
      const loss = layer.reception.takeLoss();
      expected += loss.expected;
      before += loss.beforeRepair * loss.expected;
      after += loss.afterRepair * loss.expected;
    }
    return {
      packets,
      bytes,
      lossRate: expected === 0 ? 0 : after / expected,
      lossBeforeRepair: expected === 0 ? 0 : before / expected,
      jitterMs,
      bitrate,
      rttMs: this.peer.rttMs,
      layers: this.layers.map((layer) => ({
        layer: layer.index,
        bitrate: layer.rate.bitrate,
        active: layer.active(now),
      })),
    };
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const downlink of [...this.downlinks]) downlink.close();
    for (const layer of this.layers) layer.history.clear();
    this.#host.closeUplink(this);
  }

  /** A layer's packet came: tells the sink when it is the first after a silence. */
  started(layer: Layer): void {
    layer.running = true;
    this.sink.onLayerStarted(this, layer.index);
  }

  /** Ends a layer: said by BYE, or by its silence. */
  stop(layer: Layer): void {
    if (!layer.running) return;
    layer.running = false;
    // Not `clear`: late duplicates of what was sent must not be sent again.
    layer.history.drop();
    layer.nacks.clear();
    this.sink.onLayerStopped(this, layer.index);
  }

  review(now: number): void {
    for (const layer of this.layers) {
      layer.rate.review(now);
      if (layer.running && now - layer.lastPacketAt > STOPPED_AFTER_MS) this.stop(layer);
    }
  }

  #apply(options: Omit<UplinkOptions, 'sink' | 'peer'>): void {
    this.codecs = options.codecs;
    this.extensions = options.extensions;
    this.ssrcs = options.ssrcs;
    this.mid = encoder.encode(options.mid);
    const rids = options.rids.slice(0, MAX_LAYERS);
    this.#applyLayers(rids, Math.min(MAX_LAYERS, Math.max(1, rids.length === 0 ? options.ssrcs.length : rids.length)));
    this.rids = rids.map((rid) => encoder.encode(rid));
    this.codecOf.fill(CODEC.none);
    this.repairs.fill(-1);
    this.wantsRepair.fill(0);
    this.#mimeTypes.length = 0;
    for (const codec of options.codecs) {
      const payloadType = codec.payloadType & 0x7f;
      this.codecOf[payloadType] = codecOf(codec.mimeType);
      this.clockRates[payloadType] = codec.clockRate;
      this.wantsRepair[payloadType] = codec.nack ? 1 : 0;
      this.#mimeTypes[payloadType] = codec.mimeType;
      if (codec.rtxPayloadType !== null) this.repairs[codec.rtxPayloadType & 0x7f] = payloadType;
    }
  }

  /** Keeps the layers when they are the same, else begins anew. */
  #applyLayers(rids: readonly string[], count: number): void {
    if (this.layers.length === count && this.layers.every((layer, i) => layer.rid === (rids[i] ?? ''))) return;
    for (const layer of this.layers) {
      layer.history.clear();
      this.#host.unbind(this, layer);
    }
    const { slab, limits } = this.#host;
    const packets =
      this.kind === 'audio' ? Math.min(AUDIO_HISTORY_PACKETS, limits.historyPackets) : limits.historyPackets;
    this.layers = Array.from(
      { length: count },
      (_, i) => new Layer(i, rids[i] ?? '', slab, packets, limits.keyframeIntervalMs),
    );
    for (const downlink of this.downlinks) downlink.forgetSource();
  }
}
