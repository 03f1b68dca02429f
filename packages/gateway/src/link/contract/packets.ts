/** Packets that can be told apart: an index and seeded bytes in each, in the shape that servers look at. */
import type { IncomingRtp, LinkPublication, SubscriptionSink } from '../types.ts';

/** A small seeded generator (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface SentPacket {
  readonly payload: Buffer;
  readonly timestamp: number;
  readonly marker: boolean;
}

const STAP_A = Buffer.from([0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 4, 0x68, 0xce, 0x3c, 0x80]);
const PACKETS_PER_FRAME = 3;
const FRAMES_PER_GROUP = 10;
const INDEX_BYTES = 4;
export const FRAME_MS = 20;
const MAX_CATCH_UP = 25;

/** The index that a received payload carries at its end. */
export function indexOf(payload: Uint8Array): number {
  return Buffer.from(payload).readUInt32BE(payload.length - INDEX_BYTES);
}

function withIndex(parts: readonly Buffer[], index: number): Buffer {
  const tail = Buffer.alloc(INDEX_BYTES);
  tail.writeUInt32BE(index);
  return Buffer.concat([...parts, tail]);
}

/** Sends numbered packets at a steady pace until it is stopped. */
export class Pump {
  readonly sent: SentPacket[] = [];
  readonly publication: LinkPublication;
  readonly #kind: 'audio' | 'video';
  readonly #random: () => number;
  readonly #timer: NodeJS.Timeout;
  #timestamp: number;
  #frame = 0;
  /** Loudness of what is sent from now on, −dBov; without it none is told. */
  level: number | undefined = undefined;
  /** Frames so far: media time is this times {@link FRAME_MS}. */
  frames = 0;

  /** @param timestamp the first one; near its wrap by default, so that every case crosses it. */
  constructor(publication: LinkPublication, kind: 'audio' | 'video', seed: number, timestamp = 2 ** 32 - 9_000) {
    this.publication = publication;
    this.#kind = kind;
    this.#random = seeded(seed);
    this.#timestamp = timestamp;
    const begun = performance.now();
    let frames = 0;
    // A busy machine may be late; the stream's own time is not.
    this.#timer = setInterval(() => {
      const due = (performance.now() - begun) / FRAME_MS;
      for (let i = 0; frames < due && i < MAX_CATCH_UP; i++, frames++) this.step();
    }, FRAME_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The next group begins now. */
  keyframe(): void {
    this.#frame = 0;
  }

  /** One frame. */
  step(): void {
    const video = this.#kind === 'video';
    this.frames += 1;
    this.#timestamp = (this.#timestamp + (video ? 1_800 : 960)) % 2 ** 32;
    if (!video) {
      this.#send([Buffer.from([0xfc]), this.#bytes(80)], false);
      return;
    }
    const key = this.#frame % FRAMES_PER_GROUP === 0;
    this.#frame += 1;
    for (let i = 0; i < PACKETS_PER_FRAME; i++) {
      if (key && i === 0) {
        this.#send([STAP_A], false);
        continue;
      }
      // FU-A (RFC 6184 §5.8) of an IDR or another slice: start, middle, end.
      const first = i === (key ? 1 : 0);
      const last = i === PACKETS_PER_FRAME - 1;
      const header = (first ? 0x80 : 0) | (last ? 0x40 : 0) | (key ? 5 : 1);
      this.#send([Buffer.from([key ? 0x7c : 0x5c, header]), this.#bytes(400 + Math.floor(this.#random() * 700))], last);
    }
  }

  #bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let i = 0; i < count; i++) bytes[i] = Math.floor(this.#random() * 256);
    return bytes;
  }

  #send(parts: readonly Buffer[], marker: boolean): void {
    const payload = withIndex(parts, this.sent.length);
    this.sent.push({ payload, timestamp: this.#timestamp, marker });
    this.publication.send(payload, this.#timestamp, marker, this.level);
  }
}

/** Collects what a subscription hands over; packets of padding alone are left out. */
export class Catcher implements SubscriptionSink {
  readonly packets: IncomingRtp[] = [];
  readonly byIndex = new Map<number, IncomingRtp>();
  readonly reports: { readonly ntpMs: number; readonly rtpTimestamp: number }[] = [];
  onPacket: ((packet: IncomingRtp) => void) | null = null;

  onRtp(packet: IncomingRtp): void {
    if (packet.payload.length === 0) return;
    this.packets.push(packet);
    this.byIndex.set(indexOf(packet.payload), packet);
    this.onPacket?.(packet);
  }

  onSenderReport(ntpMs: number, rtpTimestamp: number): void {
    this.reports.push({ ntpMs, rtpTimestamp });
  }

  /** Lowest and highest index so far. */
  get span(): { readonly first: number; readonly last: number } {
    const indexes = [...this.byIndex.keys()];
    return { first: Math.min(...indexes), last: Math.max(...indexes) };
  }
}
