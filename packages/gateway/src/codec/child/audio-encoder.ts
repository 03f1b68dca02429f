/** An audio encoder that is fed interleaved floats at 48 kHz, frame by frame. */
import { type CodecContext, type Frame, JobEnded, type Library, layoutOf, openCodec, type Packet } from './library.ts';

const RATE = 48_000;

export interface AudioEncoderOptions {
  readonly name: 'libopus' | 'aac';
  readonly channels: 1 | 2;
  readonly bitsPerSecond: number;
  readonly frameSamples: number;
  readonly options: Record<string, string>;
}

export class AudioEncoder {
  readonly #library: Library;
  readonly #context: CodecContext;
  readonly #frame: Frame;
  readonly #packet: Packet;
  readonly #planar: boolean;
  readonly #options: AudioEncoderOptions;
  /** The frame's memory, looked up again only when the encoder still holds the last one. */
  #planes: Float32Array[] = [];
  #count = 0;

  private constructor(library: Library, context: CodecContext, options: AudioEncoderOptions) {
    const { constants } = library;
    this.#library = library;
    this.#context = context;
    this.#options = options;
    this.#planar = options.name === 'aac';
    this.#frame = new library.Frame();
    this.#frame.alloc();
    this.#frame.nbSamples = options.frameSamples;
    this.#frame.format = this.#planar ? constants.AV_SAMPLE_FMT_FLTP : constants.AV_SAMPLE_FMT_FLT;
    this.#frame.sampleRate = RATE;
    this.#frame.channelLayout = layoutOf(library, options.channels);
    if (this.#frame.allocBuffer() < 0) throw new JobEnded('refused', 'no memory for a frame');
    this.#packet = new library.Packet();
    this.#packet.alloc();
  }

  static async open(library: Library, options: AudioEncoderOptions): Promise<AudioEncoder> {
    const { constants } = library;
    const name = options.name === 'aac' ? constants.FF_ENCODER_AAC : constants.FF_ENCODER_LIBOPUS;
    const codec = library.Codec.findEncoderByName(name);
    if (codec === null) throw new JobEnded('refused', `no encoder ${options.name}`);
    const context = new library.CodecContext();
    context.allocContext3(codec);
    context.sampleRate = RATE;
    context.sampleFormat = options.name === 'aac' ? constants.AV_SAMPLE_FMT_FLTP : constants.AV_SAMPLE_FMT_FLT;
    context.channelLayout = layoutOf(library, options.channels);
    context.bitRate = BigInt(options.bitsPerSecond);
    context.timeBase = new library.Rational(1, RATE);
    context.threadCount = 1;
    context.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
    await openCodec(library, context, codec, options.options);
    if (context.frameSize !== options.frameSamples) {
      throw new JobEnded('refused', `the encoder wants frames of ${context.frameSize} samples`);
    }
    return new AudioEncoder(library, context, options);
  }

  /**
   * Encodes one frame. Answers the packet that came out, valid until the next call, or null. Packets come in the order
   * of the frames, one for one, after as many calls as the encoder keeps.
   */
  encode(samples: Float32Array): Uint8Array | null {
    const { channels, frameSamples } = this.#options;
    if (!this.#frame.isWritable || this.#planes.length === 0) this.#lookUp();
    if (this.#planar) {
      for (let c = 0; c < channels; c++) {
        const plane = this.#planes[c]!;
        for (let i = 0, j = c; i < frameSamples; i++, j += channels) plane[i] = samples[j]!;
      }
    } else {
      this.#planes[0]!.set(samples);
    }
    // The encoder's own count only has to grow evenly; places are counted by the caller.
    this.#frame.pts = BigInt(this.#count);
    this.#count += frameSamples;
    const sent = this.#context.sendFrameSync(this.#frame);
    if (sent < 0) throw new JobEnded('undecodable', `the encoder failed (${sent})`);
    this.#packet.unref();
    const got = this.#context.receivePacketSync(this.#packet);
    if (got === this.#library.constants.AVERROR_EAGAIN) return null;
    if (got < 0) throw new JobEnded('undecodable', `the encoder failed (${got})`);
    return this.#packet.data;
  }

  close(): void {
    this.#packet.free();
    this.#frame.free();
    this.#context.freeContext();
  }

  #lookUp(): void {
    this.#frame.makeWritable();
    this.#planes = (this.#frame.data ?? []).map((plane) => new Float32Array(plane.buffer, plane.byteOffset));
  }
}
