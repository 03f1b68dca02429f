import { RTCP, type RtcpWriter } from './rtcp-writer.ts';
import { distance, extendSequence } from './sequence.ts';

/** Arrivals remembered: at 20,000 packets a second still four feedback intervals. */
const CAPACITY = 4096;
const MASK = CAPACITY - 1;
/** Received packets in one feedback packet: keeps it below one MTU with two bytes for each delta. */
const MAX_RECEIVED = 350;
const MAX_STATUSES = 1400;
/** Deltas are in units of 250 µs; the reference time in units of 64 ms. */
const TICKS_PER_MS = 4;
const TICKS_PER_REFERENCE = 256;
const FMT_TRANSPORT_CC = 15;
const MAX_RUN = 0x1fff;

/**
 * Arrival times of one peer's packets by their transport-wide sequence number, and the feedback made of them
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). Chromium's bandwidth estimate lives on it.
 */
export class TransportCcRecorder {
  readonly #extended = new Int32Array(CAPACITY);
  readonly #ticks = new Float64Array(CAPACITY).fill(-1);
  readonly #symbols = new Uint8Array(MAX_STATUSES);
  readonly #deltas = new Int16Array(MAX_RECEIVED);
  #started = false;
  #next = 0;
  #highest = 0;
  #feedbackCount = 0;

  /** Notes a packet's arrival at `now` (ms). */
  record(sequence: number, now: number): void {
    const ticks = Math.floor(now * TICKS_PER_MS);
    if (!this.#started) {
      this.#started = true;
      this.#highest = sequence + 0x10000;
      this.#next = this.#highest;
      this.#store(this.#highest, ticks);
      return;
    }
    const extended = extendSequence(sequence, this.#highest);
    const ahead = distance(extended, this.#highest);
    if (ahead > 0) {
      this.#highest = extended;
      // Numbers that fell out of memory unreported stay unreported.
      if (distance(extended, this.#next) >= CAPACITY) this.#next = (extended - CAPACITY + 1) | 0;
    } else {
      if (ahead <= -CAPACITY || this.#arrivedAt(extended) !== -1) return;
      // It was reported as missing: the report begins there again.
      if (distance(extended, this.#next) < 0) this.#next = extended;
    }
    this.#store(extended, ticks);
  }

  get pending(): boolean {
    return this.#started && distance(this.#highest, this.#next) >= 0;
  }

  /** Appends one feedback packet; call until it answers false. */
  write(writer: RtcpWriter, sender: number, media: number): boolean {
    if (!this.pending) return false;
    const base = this.#next;
    let statuses = 0;
    let received = 0;
    let reference = 0;
    let last = 0;
    for (let at = base; statuses < MAX_STATUSES && distance(this.#highest, at) >= 0; at = (at + 1) | 0) {
      const ticks = this.#arrivedAt(at);
      if (ticks === -1) {
        this.#symbols[statuses++] = 0;
        continue;
      }
      if (received === 0) {
        reference = Math.floor(ticks / TICKS_PER_REFERENCE);
        last = reference * TICKS_PER_REFERENCE;
      }
      const delta = ticks - last;
      if (received === MAX_RECEIVED || delta < -0x8000 || delta > 0x7fff) break;
      this.#deltas[received++] = delta;
      this.#symbols[statuses++] = delta >= 0 && delta <= 0xff ? 1 : 2;
      last = ticks;
    }
    this.#next = (base + statuses) | 0;
    // Only holes, wider than one packet can tell: nothing to say of them.
    if (received === 0) return this.write(writer, sender, media);
    const at = writer.begin(FMT_TRANSPORT_CC, RTCP.rtpFeedback);
    writer.uint32(sender);
    writer.uint32(media);
    writer.uint16(base & 0xffff);
    writer.uint16(statuses);
    writer.uint32(((reference & 0xffffff) << 8) | this.#feedbackCount);
    this.#feedbackCount = (this.#feedbackCount + 1) & 0xff;
    this.#writeChunks(writer, statuses);
    this.#writeDeltas(writer, received);
    const padding = (4 - (writer.length & 3)) & 3;
    if (padding > 0) {
      for (let i = 1; i < padding; i++) writer.uint8(0);
      writer.uint8(padding);
      writer.bytes[at] = writer.bytes[at]! | 0x20;
    }
    writer.end(at);
    return true;
  }

  #writeChunks(writer: RtcpWriter, statuses: number): void {
    const symbols = this.#symbols;
    let at = 0;
    while (at < statuses) {
      const symbol = symbols[at]!;
      let run = 1;
      while (at + run < statuses && run < MAX_RUN && symbols[at + run] === symbol) run++;
      if (run >= 14 || at + run === statuses) {
        writer.uint16((symbol << 13) | run);
        at += run;
        continue;
      }
      let wide = false;
      const fourteen = Math.min(14, statuses - at);
      for (let i = 0; i < fourteen; i++) if (symbols[at + i] === 2) wide = true;
      if (!wide) {
        let bits = 0;
        for (let i = 0; i < fourteen; i++) bits |= symbols[at + i]! << (13 - i);
        writer.uint16(0x8000 | bits);
        at += fourteen;
      } else if (run >= 7) {
        writer.uint16((symbol << 13) | run);
        at += run;
      } else {
        const seven = Math.min(7, statuses - at);
        let bits = 0;
        for (let i = 0; i < seven; i++) bits |= symbols[at + i]! << (12 - 2 * i);
        writer.uint16(0xc000 | bits);
        at += seven;
      }
    }
  }

  #writeDeltas(writer: RtcpWriter, received: number): void {
    for (let i = 0; i < received; i++) {
      const delta = this.#deltas[i]!;
      if (delta >= 0 && delta <= 0xff) writer.uint8(delta);
      else writer.uint16(delta);
    }
  }

  #store(extended: number, ticks: number): void {
    this.#extended[extended & MASK] = extended;
    this.#ticks[extended & MASK] = ticks;
  }

  #arrivedAt(extended: number): number {
    const index = extended & MASK;
    return this.#extended[index] === extended ? this.#ticks[index]! : -1;
  }
}
