/** A browser's sound for phones: Opus to AAC-LC, 48 kHz, with concealment of what is lost. */
import type { OpusToAacOrder } from '../orders.ts';
import { LOST_BIT } from '../wire.ts';
import { AudioDecoder } from './audio-decoder.ts';
import { AudioEncoder } from './audio-encoder.ts';
import { type ChildJob, type JobOutput, MAX_DAMAGED } from './job.ts';
import { JobEnded, type Library } from './library.ts';
import { SoundLine } from './sound-line.ts';

const FRAME_SAMPLES = 1_024;
/** 10 ms: sound is counted exactly here, so a packet that nobody mentioned is a gap. */
const GAP = 480;
/** Loss is concealed for 100 ms, then it is led to silence over 60 ms more. */
const CONCEAL = 4_800;
const FADE = 2_880;
/** Longest Opus packet, 120 ms (RFC 6716 §3.2.5). */
const MAX_PACKET = 5_760;
const BITS = { 1: 64_000, 2: 96_000 } as const;

export async function openOpusToAac(library: Library, order: OpusToAacOrder, output: JobOutput): Promise<ChildJob> {
  const { channels } = order;
  const decoder = await AudioDecoder.open(library, { name: 'libopus', extraData: null, channels });
  const encoder = await AudioEncoder.open(library, {
    name: 'aac',
    channels,
    bitsPerSecond: BITS[channels],
    frameSamples: FRAME_SAMPLES,
    options: { aac_coder: 'fast' },
  });
  return new OpusToAac(library, decoder, encoder, order, output);
}

class OpusToAac implements ChildJob {
  readonly #decoder: AudioDecoder;
  readonly #encoder: AudioEncoder;
  readonly #line: SoundLine;
  readonly #channels: number;
  readonly #silence: Buffer[];
  readonly #maxFill: number;
  /** First byte of the last packet: a packet of this byte alone makes libopus conceal one like it (RFC 6716 §3.2.1). */
  readonly #toc = Buffer.alloc(1);
  #known = false;
  #format = { sampleRate: 48_000, sampleFormat: 0, channels: 1 };
  #lost = 0;
  #damaged = 0;
  /**
   * Places of the last two frames that went in: a packet that comes out now holds the sound of the frame before both
   * (its first packet, after two frames, holds nothing but the encoder's padding).
   */
  #last: number | null = null;
  #older: number | null = null;

  constructor(
    library: Library,
    decoder: AudioDecoder,
    encoder: AudioEncoder,
    order: OpusToAacOrder,
    output: JobOutput,
  ) {
    this.#decoder = decoder;
    this.#encoder = encoder;
    this.#channels = order.channels;
    this.#maxFill = order.maxFillMs * 48;
    this.#silence = [Buffer.alloc(MAX_PACKET * order.channels * 4)];
    this.#format = {
      sampleRate: 48_000,
      sampleFormat: library.constants.AV_SAMPLE_FMT_FLT,
      channels: order.channels,
    };
    this.#line = new SoundLine(library, {
      channels: order.channels,
      frameSamples: FRAME_SAMPLES,
      gap: GAP,
      maxFill: this.#maxFill,
      onFrame: (samples, place) => {
        const packet = encoder.encode(samples);
        const at = this.#older ?? (this.#last ?? 0) - FRAME_SAMPLES;
        this.#older = this.#last;
        this.#last = place;
        if (packet !== null && at >= 0) output.frame(at, 0, packet);
      },
    });
  }

  frame(place: number, aux: number, data: Buffer): void {
    const samples = aux & ~LOST_BIT;
    if ((aux & LOST_BIT) !== 0) {
      this.#conceal(place, samples);
      return;
    }
    if (!this.#decoder.decode(data)) {
      if (++this.#damaged > MAX_DAMAGED) throw new JobEnded('undecodable', 'too many damaged packets');
      this.#conceal(place, samples);
      return;
    }
    this.#damaged = 0;
    this.#lost = 0;
    this.#toc[0] = data[0]! & 0xfc;
    this.#known = true;
    this.#write(place);
  }

  config(): void {}

  close(): void {
    this.#line.close();
    this.#encoder.close();
    this.#decoder.close();
  }

  #conceal(place: number, samples: number): void {
    let at = place;
    let left = Math.min(samples, this.#maxFill);
    while (left > 0) {
      const concealing = this.#known && this.#lost < CONCEAL + FADE && this.#decoder.decode(this.#toc);
      if (concealing) {
        const planes = this.#decoder.frame.data;
        const count = Math.min(left, this.#decoder.frame.nbSamples);
        if (planes === null || count === 0) return;
        this.#fade(planes, count);
        this.#line.write(planes, count, this.#format, at);
        this.#lost += count;
        at += count;
        left -= count;
      } else {
        const count = Math.min(left, MAX_PACKET);
        this.#line.write(this.#silence, count, this.#format, at);
        at += count;
        left -= count;
      }
    }
  }

  #fade(planes: Buffer[], count: number): void {
    if (this.#lost + count <= CONCEAL) return;
    const plane = planes[0]!;
    const floats = new Float32Array(plane.buffer, plane.byteOffset, count * this.#channels);
    for (let i = 0; i < count; i++) {
      const gain = Math.min(1, Math.max(0, 1 - (this.#lost + i - CONCEAL) / FADE));
      for (let c = 0; c < this.#channels; c++) floats[i * this.#channels + c]! *= gain;
    }
  }

  #write(place: number): void {
    const { frame } = this.#decoder;
    const planes = frame.data;
    if (planes === null) throw new JobEnded('undecodable', 'no sound in a packet');
    this.#format = { sampleRate: frame.sampleRate, sampleFormat: frame.format, channels: frame.channels };
    this.#line.write(planes, frame.nbSamples, this.#format, place);
  }
}
