/** An audio decoder that answers at once. */
import { type CodecContext, type Frame, JobEnded, type Library, layoutOf, openCodec, type Packet } from './library.ts';

export interface AudioDecoderOptions {
  readonly name: 'aac' | 'libopus';
  readonly extraData: Buffer | null;
  /** Channels to decode to, where the decoder can choose. */
  readonly channels: 1 | 2 | null;
}

export class AudioDecoder {
  readonly #library: Library;
  readonly #context: CodecContext;
  readonly #packet: Packet;
  /** The sound decoded last; valid after a `decode` that answered true. */
  readonly frame: Frame;

  private constructor(library: Library, context: CodecContext) {
    this.#library = library;
    this.#context = context;
    this.frame = new library.Frame();
    this.frame.alloc();
    this.#packet = new library.Packet();
    this.#packet.alloc();
  }

  static async open(library: Library, options: AudioDecoderOptions): Promise<AudioDecoder> {
    const { FF_DECODER_AAC, FF_DECODER_LIBOPUS } = library.constants;
    const codec = library.Codec.findDecoderByName(options.name === 'aac' ? FF_DECODER_AAC : FF_DECODER_LIBOPUS);
    if (codec === null) throw new JobEnded('refused', `no decoder ${options.name}`);
    const context = new library.CodecContext();
    context.allocContext3(codec);
    if (options.extraData !== null) context.extraData = options.extraData;
    context.sampleRate = 48_000;
    if (options.channels !== null) context.channelLayout = layoutOf(library, options.channels);
    context.threadCount = 1;
    try {
      // libopus would decode to 16 bits otherwise.
      await openCodec(library, context, codec, { request_sample_fmt: 'flt' });
    } catch {
      throw new JobEnded('undecodable', 'the decoder did not take the configuration');
    }
    return new AudioDecoder(library, context);
  }

  get channels(): number {
    return this.#context.channelLayout.nbChannels;
  }

  /** Decodes one packet into {@link frame}; false when it is damaged or has no sound. */
  decode(data: Buffer): boolean {
    // An empty packet would tell the decoder that the stream is over.
    if (data.length === 0) return false;
    this.#packet.unref();
    this.#packet.data = data;
    if (this.#context.sendPacketSync(this.#packet) < 0) {
      // Whatever it still holds is taken out, or it would take nothing more.
      while (this.#context.receiveFrameSync(this.frame) >= 0) this.frame.unref();
      return false;
    }
    return this.#context.receiveFrameSync(this.frame) >= 0;
  }

  /** The library that made it, for formats. */
  get library(): Library {
    return this.#library;
  }

  close(): void {
    this.#packet.free();
    this.frame.free();
    this.#context.freeContext();
  }
}
