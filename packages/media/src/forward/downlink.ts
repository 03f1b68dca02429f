import type { PacketSlab } from '../transport/slab.ts';
import { COLUMN } from '../transport/types.ts';
import { mapPayloadTypes, type PayloadTypeMap } from './codec-map.ts';
import {
  AUDIO_HISTORY_PACKETS,
  DEFAULT_RTT_MS,
  MAX_RESENDS_PER_SECOND,
  MAX_SENT_PACKETS,
  MIN_RETRY_MS,
} from './constants.ts';
import type { FanOut } from './fan-out.ts';
import type { Layer } from './layer.ts';
import { chooseLayer } from './layer-choice.ts';
import type { RtpPacket } from './packet.ts';
import type { PeerRecord } from './peer.ts';
import { ResendRing, SENT } from './resend-ring.ts';
import { SenderReports } from './sender-reports.ts';
import { distance, extendSequence } from './sequence.ts';
import { NO_PLACE, SequenceMap } from './sequence-map.ts';
import { alignTimestamp } from './timestamp-align.ts';
import type { CodecBinding, Downlink, DownlinkOptions, DownlinkStats } from './types.ts';
import type { UplinkState } from './uplink.ts';
import { ViewerReports } from './viewer-reports.ts';

/** What a downlink needs of the forwarder around it. */
export interface DownlinkHost {
  readonly slab: PacketSlab;
  readonly out: FanOut;
  readonly historyPackets: number;
  clock(): number;
  random(): number;
  closeDownlink(downlink: DownlinkState): void;
  requestKeyframe(uplink: UplinkState, layer: Layer): void;
}

/** One subscription: chooses the layer and rewrites its packets into one continuous stream for one viewer. */
export class DownlinkState implements Downlink {
  readonly id: number;
  readonly uplink: UplinkState;
  readonly peer: PeerRecord;
  /** int32. */
  readonly ssrc: number;
  readonly extensions: number;
  readonly reports = new SenderReports();
  readonly viewer = new ViewerReports();
  closed = false;
  paused = false;
  /** Layer being sent and layer wanted, −1 for none. */
  current = -1;
  target = -1;
  /** Packets of {@link current} may flow: its numbering is tied to ours. */
  anchored = false;
  /** Epoch of {@link current} to which the offsets belong. */
  epoch = -1;
  packets = 0;
  bytes = 0;
  payloadBytes = 0;
  nacks = 0;
  plis = 0;
  #codecs: readonly CodecBinding[];
  #types: PayloadTypeMap;
  #maxLayer = Number.MAX_SAFE_INTEGER;
  readonly #host: DownlinkHost;
  readonly #video: boolean;
  readonly #rtxSsrc: number;
  readonly #hasRtx: boolean;
  readonly #sequences: SequenceMap;
  #sent: ResendRing | null = null;
  #rtxSequence: number;
  #source: Layer | null = null;
  #started = false;
  #timestampOffset = 0;
  #lastTimestamp = 0;
  #lastAt = 0;
  #pictureOffset = 0;
  #lastPicture = -1;
  #tl0Offset = 0;
  #lastTl0 = -1;
  #resendBudget = MAX_RESENDS_PER_SECOND;
  #resendRefillAt = 0;

  constructor(
    id: number,
    uplink: UplinkState,
    peer: PeerRecord,
    options: DownlinkOptions,
    extensions: number,
    host: DownlinkHost,
  ) {
    this.id = id;
    this.uplink = uplink;
    this.peer = peer;
    this.ssrc = options.ssrc | 0;
    this.extensions = extensions;
    this.#host = host;
    this.#video = uplink.kind === 'video';
    this.#hasRtx = options.rtxSsrc !== null;
    this.#rtxSsrc = (options.rtxSsrc ?? 0) | 0;
    this.#codecs = options.codecs;
    this.#types = mapPayloadTypes(uplink.codecs, options.codecs);
    // In the lower half: a receiver that misses the first packets must not guess a wrap (RFC 3711 section 3.3.1).
    this.#sequences = new SequenceMap(Math.floor(host.random() * 0x7fff) + 1);
    this.#rtxSequence = Math.floor(host.random() * 0x7fff);
    this.#timestampOffset = Math.floor(host.random() * 0x7fffffff) | 0;
    this.retarget();
  }

  setMaxLayer(layer: number): void {
    this.#maxLayer = Math.max(0, Math.trunc(layer) || 0);
    this.retarget();
  }

  setPaused(paused: boolean): void {
    if (this.paused === paused || this.closed) return;
    this.paused = paused;
    this.interrupt();
    this.retarget();
  }

  currentLayer(): number {
    return this.anchored ? this.current : -1;
  }

  stats(): DownlinkStats {
    const { packets, bytes, nacks, plis } = this;
    return {
      packets,
      bytes,
      lossRate: this.viewer.takeLoss(),
      rttMs: this.viewer.rttMs ?? this.peer.rttMs,
      jitterMs: this.#source === null ? 0 : (this.viewer.jitter * 1000) / this.#source.clockRate,
      nacks,
      plis,
    };
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#host.closeDownlink(this);
  }

  /** The source layer and its offsets, for sender reports; null while nothing flows. */
  get source(): Layer | null {
    return this.anchored ? this.#source : null;
  }

  get timestampOffset(): number {
    return this.#timestampOffset;
  }

  /** What is sent stops; the next packet (video: the next keyframe) continues without a gap. */
  interrupt(): void {
    this.anchored = false;
  }

  /** The uplink's layers were replaced. */
  forgetSource(): void {
    this.anchored = false;
    this.current = -1;
    this.target = -1;
  }

  /** The publisher's payload types changed. */
  remap(): void {
    this.#types = mapPayloadTypes(this.uplink.codecs, this.#codecs);
    this.retarget();
  }

  /** Chooses the layer anew and asks for its keyframe where one is needed. Cheap enough to call often. */
  retarget(): void {
    if (this.paused || this.closed || this.uplink.muted || !this.peer.connected) return;
    const { layers } = this.uplink;
    this.target = chooseLayer(layers, this.#maxLayer, this.#host.clock());
    if (this.target === -1 || !this.#video) return;
    if (!this.anchored || this.current !== this.target) this.#host.requestKeyframe(this.uplink, layers[this.target]!);
  }

  /**
   * Whether a layer's packet starts, or restarts, what this viewer gets: audio at once, video at a keyframe of the wanted
   * layer, or of any layer allowed while there is no picture at all.
   */
  startsWith(layer: Layer, keyframe: boolean): boolean {
    if (this.paused || !this.peer.connected) return false;
    if (this.anchored) {
      if (this.current === layer.index) return this.epoch !== layer.epoch && this.#restart(keyframe);
      // A better layer than the one being sent is taken at once, even before it became the target.
      return keyframe && (layer.index === this.target || (layer.index > this.current && layer.index <= this.#maxLayer));
    }
    if (!this.#video) return true;
    return keyframe && (layer.index === this.target || layer.index <= this.#maxLayer);
  }

  /** Ties a layer's numbering, timestamps and picture ids to what was sent so far; its packet continues it. */
  anchor(packet: RtpPacket, layer: Layer): void {
    this.#sequences.anchor(packet.extended);
    const sameSource = this.#source === layer && this.epoch === layer.epoch;
    if (this.#started && !sameSource) {
      const from = this.#source !== null && this.epoch === this.#source.epoch ? this.#source.clock : null;
      const state = { offset: this.#timestampOffset, last: this.#lastTimestamp, lastAt: this.#lastAt };
      this.#timestampOffset = alignTimestamp(
        state,
        from,
        layer.clock,
        packet.timestamp,
        packet.arrival,
        layer.clockRate,
      );
      this.reports.soon();
    } else if (!this.#started) {
      this.#lastTimestamp = (packet.timestamp + this.#timestampOffset - 1) | 0;
    }
    this.#pictureOffset =
      this.#lastPicture === -1 || packet.pictureId === -1 ? 0 : this.#lastPicture + 1 - packet.pictureId;
    this.#tl0Offset = this.#lastTl0 === -1 || packet.tl0 === -1 ? 0 : this.#lastTl0 + 1 - packet.tl0;
    this.#started = true;
    this.#source = layer;
    this.epoch = layer.epoch;
    this.current = layer.index;
    this.anchored = true;
    this.#sent ??= new ResendRing(
      Math.min(this.#video ? MAX_SENT_PACKETS : AUDIO_HISTORY_PACKETS, this.#host.historyPackets),
    );
  }

  /** Writes the row that sends a packet of the current layer. Called for every packet and every viewer. */
  forward(packet: RtpPacket): void {
    const payloadType = this.#types.payloadTypes[packet.payloadType]!;
    if (payloadType === -1) {
      this.#sequences.skip(packet.extended);
      return;
    }
    const out = this.#sequences.map(packet.extended);
    if (out === NO_PLACE) return;
    const timestamp = (packet.timestamp + this.#timestampOffset) | 0;
    if (distance(timestamp, this.#lastTimestamp) > 0) {
      this.#lastTimestamp = timestamp;
      this.#lastAt = packet.arrival;
    }
    let pictureId = -1;
    let tl0 = -1;
    if (packet.pictureId !== -1) {
      const picture = (packet.pictureId + this.#pictureOffset) & packet.pictureIdMask;
      if (this.#lastPicture === -1 || isAhead(picture, this.#lastPicture, packet.pictureIdMask))
        this.#lastPicture = picture;
      if (picture !== packet.pictureId) pictureId = picture;
    }
    if (packet.tl0 !== -1) {
      const mapped = (packet.tl0 + this.#tl0Offset) & 0xff;
      if (this.#lastTl0 === -1 || isAhead(mapped, this.#lastTl0, 0xff)) this.#lastTl0 = mapped;
      if (mapped !== packet.tl0) tl0 = mapped;
    }
    const { rows } = this.#host.out;
    const at = this.#host.out.next();
    rows[at + COLUMN.slot] = packet.slot;
    rows[at + COLUMN.peer] = this.peer.index;
    rows[at + COLUMN.payloadType] = payloadType;
    rows[at + COLUMN.marker] = -1;
    rows[at + COLUMN.ssrc] = this.ssrc;
    rows[at + COLUMN.sequence] = out & 0xffff;
    rows[at + COLUMN.timestamp] = timestamp;
    rows[at + COLUMN.extensions] = this.extensions;
    rows[at + COLUMN.rtxOriginal] = -1;
    rows[at + COLUMN.vp8PictureId] = pictureId;
    rows[at + COLUMN.vp8Tl0] = tl0;
    rows[at + COLUMN.generation] = packet.generation;
    this.packets++;
    this.bytes += packet.length;
    this.payloadBytes += packet.payloadLength;

    const sent = this.#sent!;
    const columns = sent.columns;
    const row = sent.at(out);
    columns[row + SENT.sequence] = out;
    columns[row + SENT.slot] = packet.slot;
    columns[row + SENT.generation] = packet.generation;
    columns[row + SENT.timestamp] = timestamp;
    columns[row + SENT.pictureId] = pictureId;
    columns[row + SENT.tl0] = tl0;
    columns[row + SENT.sentAt] = packet.arrival;
    columns[row + SENT.payloadTypes] = payloadType | ((this.#types.rtxPayloadTypes[packet.payloadType]! & 0xff) << 8);
  }

  /** A packet without payload: left out, unless later ones went out already and it would leave a hole. */
  forwardPadding(packet: RtpPacket): void {
    if (!this.#sequences.skip(packet.extended)) this.forward(packet);
  }

  /** Leaves a number of the current layer out without a gap. */
  leaveOut(extended: number): void {
    this.#sequences.skip(extended);
  }

  /** Sends once more what the viewer misses (RFC 4585 section 6.2.1), within limits and as far as it is still there. */
  resend(sequence: number, now: number): void {
    const sent = this.#sent;
    if (sent === null || this.paused) return;
    const out = extendSequence(sequence, this.#sequences.highestOut);
    const columns = sent.columns;
    const row = sent.at(out);
    const slot = columns[row + SENT.slot]!;
    if (slot === -1 || columns[row + SENT.sequence] !== out) return;
    const { slab } = this.#host;
    if ((slab.generations[slot]! | 0) !== columns[row + SENT.generation] || slab.lengths[slot] === 0) return;
    const spacing = Math.max(MIN_RETRY_MS, this.viewer.rttMs ?? this.peer.rttMs ?? DEFAULT_RTT_MS / 2);
    const resentBefore = (columns[row + SENT.payloadTypes]! & 0x10000) !== 0;
    if (resentBefore && distance(now | 0, columns[row + SENT.sentAt]!) < spacing) return;
    if (now - this.#resendRefillAt >= 1000) {
      this.#resendRefillAt = now;
      this.#resendBudget = MAX_RESENDS_PER_SECOND;
    }
    if (this.#resendBudget <= 0) return;
    this.#resendBudget--;
    columns[row + SENT.sentAt] = now | 0;
    columns[row + SENT.payloadTypes] = columns[row + SENT.payloadTypes]! | 0x10000;

    const types = columns[row + SENT.payloadTypes]!;
    const rtxPayloadType = (types >> 8) & 0xff;
    const wrapped = this.#hasRtx && rtxPayloadType !== 0xff;
    const { rows } = this.#host.out;
    const at = this.#host.out.next();
    rows[at + COLUMN.slot] = slot;
    rows[at + COLUMN.peer] = this.peer.index;
    rows[at + COLUMN.payloadType] = wrapped ? rtxPayloadType : types & 0x7f;
    rows[at + COLUMN.marker] = -1;
    rows[at + COLUMN.ssrc] = wrapped ? this.#rtxSsrc : this.ssrc;
    rows[at + COLUMN.sequence] = wrapped ? this.#rtxSequence : out & 0xffff;
    rows[at + COLUMN.timestamp] = columns[row + SENT.timestamp]!;
    rows[at + COLUMN.extensions] = this.extensions;
    rows[at + COLUMN.rtxOriginal] = wrapped ? out & 0xffff : -1;
    rows[at + COLUMN.vp8PictureId] = columns[row + SENT.pictureId]!;
    rows[at + COLUMN.vp8Tl0] = columns[row + SENT.tl0]!;
    rows[at + COLUMN.generation] = columns[row + SENT.generation]!;
    if (wrapped) this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
    this.bytes += slab.lengths[slot]!;
  }

  #restart(keyframe: boolean): boolean {
    if (this.#video && !keyframe) {
      this.anchored = false;
      return false;
    }
    return true;
  }
}

function isAhead(value: number, reference: number, mask: number): boolean {
  const ahead = (value - reference) & mask;
  return ahead !== 0 && ahead <= mask >> 1;
}
