/** A phone's sound for browsers: AAC of any rate to Opus, 48 kHz, 20 ms. */
import type { AacToOpusOrder } from '../orders.ts';
import { AudioDecoder } from './audio-decoder.ts';
import { AudioEncoder } from './audio-encoder.ts';
import { audioLevel } from './audio-level.ts';
import { type ChildJob, type JobOutput, MAX_DAMAGED } from './job.ts';
import { JobEnded, type Library } from './library.ts';
import { SoundLine } from './sound-line.ts';

const FRAME_SAMPLES = 960;
/** What libopus looks ahead in its low-delay mode; in the others it is 312, and this job is about delay. */
const OPUS_DELAY = 120;
/** 40 ms: shorter differences are jitter of the source's stamps and are worked off by speed. */
const GAP = 1_920;
const BITS = { 1: 64_000, 2: 96_000 } as const;

export async function openAacToOpus(library: Library, order: AacToOpusOrder, output: JobOutput): Promise<ChildJob> {
  const decoder = await AudioDecoder.open(library, {
    name: 'aac',
    extraData: Buffer.from(order.asc, 'hex'),
    channels: null,
  });
  const channels = decoder.channels;
  if (channels !== 1 && channels !== 2) {
    decoder.close();
    throw new JobEnded('refused', `${channels} channels`);
  }
  const encoder = await AudioEncoder.open(library, {
    name: 'libopus',
    channels,
    bitsPerSecond: BITS[channels],
    frameSamples: FRAME_SAMPLES,
    // Low delay leaves out libopus's speech coder, and with it in-band correction: the gateway's neighbour is the media
    // server, and what is lost beyond it is repaired there (NACK, RED).
    options: { application: 'lowdelay', frame_duration: '20', vbr: 'on', compression_level: '5' },
  });
  return new AacToOpus(library, decoder, encoder, channels, order.maxFillMs * 48, output);
}

class AacToOpus implements ChildJob {
  readonly #decoder: AudioDecoder;
  readonly #encoder: AudioEncoder;
  readonly #line: SoundLine;
  #damaged = 0;

  constructor(
    library: Library,
    decoder: AudioDecoder,
    encoder: AudioEncoder,
    channels: 1 | 2,
    maxFill: number,
    output: JobOutput,
  ) {
    this.#decoder = decoder;
    this.#encoder = encoder;
    this.#line = new SoundLine(library, {
      channels,
      frameSamples: FRAME_SAMPLES,
      gap: GAP,
      maxFill,
      onFrame: (samples, place) => {
        const packet = encoder.encode(samples);
        if (packet !== null) output.frame(place - OPUS_DELAY, audioLevel(samples), packet);
      },
    });
  }

  frame(place: number, _aux: number, data: Buffer): void {
    if (!this.#decoder.decode(data)) {
      // Its place stays empty and is filled when the next good one comes.
      if (++this.#damaged > MAX_DAMAGED) throw new JobEnded('undecodable', 'too many damaged frames');
      return;
    }
    this.#damaged = 0;
    const { frame } = this.#decoder;
    const planes = frame.data;
    const channels = frame.channels;
    if (planes === null || channels < 1 || channels > 2) throw new JobEnded('undecodable', 'no sound in a frame');
    this.#line.write(
      planes,
      frame.nbSamples,
      { sampleRate: frame.sampleRate, sampleFormat: frame.format, channels },
      place,
    );
  }

  config(): void {}

  close(): void {
    this.#line.close();
    this.#encoder.close();
    this.#decoder.close();
  }
}
