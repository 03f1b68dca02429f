/**
 * Puts the packets of one RTP stream in order. A packet that is next goes on at once; behind a gap packets wait for the
 * missing ones, which are asked for again, until the window is over. The window follows what the network does: it is as
 * long as repairs were seen to take, and short where none ever come.
 */
import type { IncomingRtp } from '../link/types.ts';
import { extendSequence } from '../rtp/sequence.ts';

export interface ReorderLimits {
  readonly minReorderMs: number;
  readonly maxReorderMs: number;
  readonly maxReorderPackets: number;
}

export interface ReorderSink {
  /** The next packet in order. */
  onPacket(packet: IncomingRtp, now: number): void;
  /** So many packets before the next one will not come. */
  onLost(packets: number): void;
  /** The numbers began anew: nothing is known of what lies between. */
  onRestart(): void;
  /** These did not come yet (16-bit). */
  onMissing(sequences: readonly number[]): void;
}

/** Counters for metrics and tests. */
export interface ReorderStats {
  delivered: number;
  duplicates: number;
  /** Came within the window after a later one. */
  repaired: number;
  /** Came after they had been given up. */
  late: number;
  lost: number;
  restarts: number;
}

/** Time between two requests for the same packet, and how often it is asked for. */
const nackRepeatMs = 20;
const nackTries = 4;
/** One request names at most so many. */
const maxNacked = 64;
/** Packets in sequence, far from the expected ones, that are believed to be a new beginning (RFC 3550 A.1). */
const restartAfter = 2;
/** Numbers that are ahead by less are a loss, as A.1 has it; ... */
const maxDropout = 3_000;
/** ... those that are behind by less may be old repairs, unless very many come in sequence. */
const maxMisorder = 4_096;
const restartBackAfter = 16;

export class ReorderBuffer {
  readonly stats: ReorderStats = { delivered: 0, duplicates: 0, repaired: 0, late: 0, lost: 0, restarts: 0 };
  readonly #limits: ReorderLimits;
  readonly #sink: ReorderSink;
  readonly #mask: number;
  readonly #packets: (IncomingRtp | undefined)[];
  /** Extended number of the packet in each slot. */
  readonly #numbers: Float64Array;
  /** For a missing number: when it was found missing, when it was asked for last, how often. */
  readonly #missingSince: Float64Array;
  readonly #askedAt: Float64Array;
  readonly #asked: Uint8Array;
  /** Numbers given up of late, to measure how late they come: extended number and time of the gap. */
  readonly #givenUp: Float64Array;
  readonly #givenUpSince: Float64Array;
  /** Next number to hand on; -1 before the first packet. */
  #next = -1;
  /** Highest number seen. */
  #highest = -1;
  #waiting = 0;
  #strayNext = -1;
  #strays = 0;
  #windowMs: number;

  constructor(limits: ReorderLimits, sink: ReorderSink) {
    this.#limits = limits;
    this.#sink = sink;
    let size = 16;
    while (size < limits.maxReorderPackets && size < 32_768) size *= 2;
    this.#mask = size - 1;
    this.#packets = new Array<IncomingRtp | undefined>(size).fill(undefined);
    this.#numbers = new Float64Array(size).fill(-1);
    this.#missingSince = new Float64Array(size);
    this.#askedAt = new Float64Array(size);
    this.#asked = new Uint8Array(size);
    this.#givenUp = new Float64Array(size).fill(-1);
    this.#givenUpSince = new Float64Array(size);
    this.#windowMs = limits.maxReorderMs;
  }

  /** How long a missing packet is waited for now. */
  get windowMs(): number {
    return this.#windowMs;
  }

  /** Packets that wait behind a gap. */
  get waiting(): number {
    return this.#waiting;
  }

  push(packet: IncomingRtp, now: number): void {
    if (this.#next < 0) this.#begin(packet.sequence);
    const number = extendSequence(packet.sequence, this.#next);
    if (number >= this.#next + maxDropout || number < this.#next - this.#mask) {
      const recent = number < this.#next && number > this.#next - maxMisorder;
      if (!this.#stray(packet.sequence, recent ? restartBackAfter : restartAfter)) return;
      this.#restart(packet.sequence);
      this.push(packet, now);
      return;
    }
    this.#strays = 0;
    if (number > this.#next + this.#mask) this.#skipTo(number, now);
    if (number < this.#next) this.#late(number, now);
    else if (number === this.#next && this.#waiting === 0) {
      // The common case: in order, nothing waiting.
      this.#highest = Math.max(this.#highest, number);
      this.#next = number + 1;
      this.stats.delivered++;
      this.#sink.onPacket(packet, now);
    } else this.#keep(packet, number, now);
  }

  /** Asks again for what is missing and gives up what the window is over for. */
  tick(now: number): void {
    if (this.#waiting === 0) return;
    while (this.#waiting > 0 && now - this.#missingSince[this.#next & this.#mask]! >= this.#windowMs) {
      this.#giveUp(now);
    }
    if (this.#waiting > 0) this.#ask(now);
  }

  /** Forgets everything; the next packet begins anew. */
  reset(): void {
    this.#drop();
    this.#next = -1;
    this.#highest = -1;
    this.#strays = 0;
  }

  /** Makes place for a number that the ring cannot hold beside the next one. */
  #skipTo(number: number, now: number): void {
    while (this.#waiting > 0 && number > this.#next + this.#mask) this.#giveUp(now);
    const lost = number - this.#mask - this.#next;
    if (lost <= 0) return;
    this.#next += lost;
    this.#highest = Math.max(this.#highest, this.#next - 1);
    this.stats.lost += lost;
    this.#sink.onLost(lost);
  }

  #begin(sequence: number): void {
    // One turn up, so that numbers before the first one stay above zero.
    this.#next = 65_536 + sequence;
    this.#highest = this.#next - 1;
  }

  #stray(sequence: number, enough: number): boolean {
    this.#strays = this.#strays > 0 && sequence === this.#strayNext ? this.#strays + 1 : 1;
    this.#strayNext = (sequence + 1) & 0xffff;
    return this.#strays >= enough;
  }

  #restart(sequence: number): void {
    this.stats.restarts++;
    this.reset();
    this.#begin(sequence);
    this.#sink.onRestart();
  }

  #late(number: number, now: number): void {
    const slot = number & this.#mask;
    if (this.#givenUp[slot] !== number) {
      this.stats.duplicates++;
      return;
    }
    this.stats.late++;
    this.#givenUp[slot] = -1;
    this.#learn(now - this.#givenUpSince[slot]!);
  }

  #keep(packet: IncomingRtp, number: number, now: number): void {
    const slot = number & this.#mask;
    if (this.#numbers[slot] === number) {
      this.stats.duplicates++;
      return;
    }
    if (number > this.#highest) {
      for (let missing = this.#highest + 1; missing < number; missing++) {
        const at = missing & this.#mask;
        this.#missingSince[at] = now;
        this.#askedAt[at] = Number.NEGATIVE_INFINITY;
        this.#asked[at] = 0;
      }
      this.#highest = number;
    } else {
      this.stats.repaired++;
      this.#learn(now - this.#missingSince[slot]!);
    }
    this.#packets[slot] = packet;
    this.#numbers[slot] = number;
    this.#waiting++;
    this.#release(now);
    while (this.#waiting > 0 && this.#highest - this.#next >= this.#limits.maxReorderPackets) this.#giveUp(now);
    if (this.#waiting > 0) this.#ask(now);
  }

  /** Hands on what is in order now. */
  #release(now: number): void {
    while (this.#waiting > 0) {
      const slot = this.#next & this.#mask;
      const packet = this.#packets[slot];
      if (packet === undefined || this.#numbers[slot] !== this.#next) return;
      this.#packets[slot] = undefined;
      this.#numbers[slot] = -1;
      this.#waiting--;
      this.#next++;
      this.stats.delivered++;
      this.#sink.onPacket(packet, now);
    }
  }

  /** Skips the missing packets at the front. */
  #giveUp(now: number): void {
    let lost = 0;
    while (this.#numbers[this.#next & this.#mask] !== this.#next) {
      const slot = this.#next & this.#mask;
      this.#givenUp[slot] = this.#next;
      this.#givenUpSince[slot] = this.#missingSince[slot]!;
      this.#next++;
      lost++;
    }
    this.stats.lost += lost;
    // Waiting was of no use: a little less next time, until a late one teaches otherwise.
    this.#windowMs = Math.max(this.#limits.minReorderMs, this.#windowMs * 0.95);
    this.#sink.onLost(lost);
    this.#release(now);
  }

  /** A missing packet took so long to come. */
  #learn(delay: number): void {
    const wanted = Math.min(this.#limits.maxReorderMs, Math.max(this.#limits.minReorderMs, delay * 1.25 + 5));
    if (wanted >= this.#windowMs) this.#windowMs = wanted;
    else this.#windowMs += (wanted - this.#windowMs) * 0.05;
  }

  #ask(now: number): void {
    let sequences: number[] | null = null;
    for (let number = this.#next; number < this.#highest; number++) {
      const slot = number & this.#mask;
      if (this.#numbers[slot] === number) continue;
      if (this.#asked[slot]! >= nackTries || now - this.#askedAt[slot]! < nackRepeatMs) continue;
      this.#asked[slot]!++;
      this.#askedAt[slot] = now;
      sequences ??= [];
      sequences.push(number % 65_536);
      if (sequences.length >= maxNacked) break;
    }
    if (sequences !== null) this.#sink.onMissing(sequences);
  }

  #drop(): void {
    this.#packets.fill(undefined);
    this.#numbers.fill(-1);
    this.#givenUp.fill(-1);
    this.#waiting = 0;
  }
}
