import type { PacketSlab } from '../transport/slab.ts';
import { ACTIVE_WITHIN_MS, LOW_SLAB_SHARE, MIN_HISTORY_PACKETS, SHED_PER_PACKET } from './constants.ts';
import { PacketHistory } from './history.ts';
import { KeyframeRequester } from './keyframe-requester.ts';
import { NackGenerator } from './nack-generator.ts';
import { type RtpPacket, readInt32 } from './packet.ts';
import { RateMeter } from './rate-meter.ts';
import { ARRIVAL, Reception } from './reception.ts';
import { SenderClock } from './sender-clock.ts';

/** Why a packet is not forwarded, or that it is. */
export const VERDICT = { drop: 0, forward: 1, padding: 2 } as const;

/** Free slots below which histories shrink. */
export function lowWater(slab: PacketSlab): number {
  return Math.ceil(slab.lengths.length * LOW_SLAB_SHARE);
}

/** One encoding of a publication: its statistics, its missing packets and its history. */
export class Layer {
  readonly index: number;
  readonly rid: string;
  readonly history: PacketHistory;
  readonly reception = new Reception();
  readonly nacks = new NackGenerator();
  readonly keyframes: KeyframeRequester;
  readonly clock = new SenderClock();
  readonly rate = new RateMeter();
  /** int32; only meaningful while {@link bound}. */
  ssrc = 0;
  rtxSsrc = 0;
  bound = false;
  rtxBound = false;
  clockRate = 90_000;
  payloadType = -1;
  packets = 0;
  bytes = 0;
  lastPacketAt = Number.NEGATIVE_INFINITY;
  /** Between the first packet and a long silence. */
  running = false;
  /** Rises when the stream begins anew (other SSRC or numbering): nothing of before can be compared with it. */
  epoch = 0;
  readonly #slab: PacketSlab;
  readonly #lowWater: number;

  constructor(index: number, rid: string, slab: PacketSlab, historyPackets: number, keyframeIntervalMs: number) {
    this.index = index;
    this.rid = rid;
    this.history = new PacketHistory(slab, historyPackets);
    this.keyframes = new KeyframeRequester(keyframeIntervalMs);
    this.#slab = slab;
    this.#lowWater = lowWater(slab);
  }

  active(now: number): boolean {
    return this.running && now - this.lastPacketAt <= ACTIVE_WITHIN_MS;
  }

  /** Binds the layer to an SSRC; another one than before begins a new stream. */
  bind(ssrc: number): void {
    if (this.bound && this.ssrc === ssrc) return;
    if (this.bound) this.restart();
    this.ssrc = ssrc;
    this.bound = true;
  }

  /** Forgets the stream so far. Its slots go back. */
  restart(): void {
    this.history.clear();
    this.nacks.clear();
    this.reception.reset();
    this.clock.clear();
    this.epoch++;
  }

  /**
   * Takes an arrived packet into the statistics. `drop`: the caller releases the slot. `forward`: the history has it.
   * `padding`: it carries nothing, the caller releases the slot after forwarding a filler where one is needed.
   * @param wantsRepair whether missing packets may be asked for on this payload type.
   */
  receive(packet: RtpPacket, now: number, repaired: boolean, wantsRepair: boolean, keep: boolean): number {
    const reception = this.reception;
    const before = reception.highest;
    const first = !reception.started;
    const arrival = reception.accept(packet.sequence, repaired);
    if (arrival === ARRIVAL.stale) return VERDICT.drop;
    if (arrival === ARRIVAL.restarted) {
      this.history.clear();
      this.nacks.clear();
      this.clock.clear();
      this.epoch++;
    }
    const extended = reception.extended;
    packet.extended = extended;
    packet.arrival = now;
    if (arrival === ARRIVAL.late && this.history.seen(extended)) return VERDICT.drop;
    reception.count(repaired);
    this.packets++;
    this.bytes += packet.length;
    this.rate.add(packet.length);
    this.lastPacketAt = now;
    this.payloadType = packet.payloadType;
    if (arrival === ARRIVAL.next && !first) {
      if (((extended - before) | 0) > 1 && wantsRepair && !this.nacks.gap(before, extended)) this.keyframes.want();
    }
    if (arrival === ARRIVAL.next) reception.measureJitter(packet.timestamp, now, this.clockRate);
    if (packet.payloadLength === 0 || !keep) {
      this.history.mark(extended);
      return packet.payloadLength === 0 ? VERDICT.padding : VERDICT.drop;
    }
    this.history.put(extended, packet.slot);
    if (this.#slab.available < this.#lowWater) this.history.shed(SHED_PER_PACKET, MIN_HISTORY_PACKETS);
    return VERDICT.forward;
  }

  /**
   * Whether nothing of the packet's picture came before it: the packet before is there and belongs to another one. Used
   * where the payload alone does not tell (an IDR slice without parameter sets).
   */
  beginsPicture(packet: RtpPacket): boolean {
    const before = this.history.slotOf((packet.extended - 1) | 0);
    if (before === -1) return this.reception.expected === 1;
    return readInt32(this.#slab.bytes, this.#slab.offset(before) + 4) !== packet.timestamp;
  }
}
