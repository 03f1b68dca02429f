/** A picture decoder without delay: each frame that goes in is answered by its picture before the next goes in. */
import type { ForeignCodec } from '../types.ts';
import { type CodecContext, type Frame, JobEnded, type Library, openCodec, type Packet } from './library.ts';

/** Luma samples up to which a picture is worked on in the process's own thread; larger ones must not delay sound. */
export const SMALL_PICTURE = 500_000;

export interface PictureDecoderOptions {
  readonly codec: ForeignCodec | 'h264';
  readonly extraData: Uint8Array | null;
  readonly maxPixels: number;
  /** Damage is an error; otherwise the decoder makes up what is missing. */
  readonly strict: boolean;
}

export class PictureDecoder {
  readonly #library: Library;
  readonly #context: CodecContext;
  readonly #packet: Packet;
  readonly #incoming: Frame;
  readonly #strict: boolean;
  /** The picture decoded last; valid after a `decode` that answered true, until the next. */
  readonly picture: Frame;

  private constructor(library: Library, context: CodecContext, strict: boolean) {
    this.#library = library;
    this.#context = context;
    this.#strict = strict;
    this.#packet = new library.Packet();
    this.#packet.alloc();
    this.#incoming = new library.Frame();
    this.#incoming.alloc();
    this.picture = new library.Frame();
    this.picture.alloc();
  }

  static async open(library: Library, options: PictureDecoderOptions): Promise<PictureDecoder> {
    const { constants } = library;
    const codec = library.Codec.findDecoderByName(
      {
        h264: constants.FF_DECODER_H264,
        vp8: constants.FF_DECODER_VP8,
        vp9: constants.FF_DECODER_VP9,
        av1: constants.FF_DECODER_LIBDAV1D,
        h265: constants.FF_DECODER_HEVC,
      }[options.codec],
    );
    if (codec === null) throw new JobEnded('refused', `no decoder for ${options.codec}`);
    const context = new library.CodecContext();
    context.allocContext3(codec);
    // One thread: threads by frames hold pictures back, and streams of phones and browsers have one slice mostly.
    context.threadCount = 1;
    context.setFlags(constants.AV_CODEC_FLAG_LOW_DELAY);
    if (options.extraData !== null) context.extraData = Buffer.from(options.extraData);
    const settings: Record<string, string> = { max_pixels: String(options.maxPixels) };
    if (options.strict) settings['err_detect'] = 'explode';
    try {
      await openCodec(library, context, codec, settings);
    } catch {
      context.freeContext();
      throw new JobEnded('undecodable', 'the decoder did not take the configuration');
    }
    return new PictureDecoder(library, context, options.strict);
  }

  /**
   * Decodes one frame into {@link picture}.
   * @returns `nothing` for a frame that shows no picture, `damaged` for one that cannot be decoded.
   */
  async decode(data: Buffer): Promise<'picture' | 'nothing' | 'damaged'> {
    // An empty packet would tell the decoder that the stream is over.
    if (data.length === 0) return 'damaged';
    this.#packet.unref();
    this.#packet.data = data;
    const small = this.#context.width * this.#context.height <= SMALL_PICTURE;
    const sent = small ? this.#context.sendPacketSync(this.#packet) : await this.#context.sendPacket(this.#packet);
    let found = false;
    // All that comes is taken, or it would take nothing more; only the last picture counts.
    while (this.#context.receiveFrameSync(this.#incoming) >= 0) {
      found = true;
      this.picture.unref();
      this.picture.ref(this.#incoming);
      this.#incoming.unref();
    }
    if (sent < 0 || (found && this.#strict && this.picture.decodeErrorFlags !== 0)) return 'damaged';
    return found ? 'picture' : 'nothing';
  }

  get library(): Library {
    return this.#library;
  }

  close(): void {
    this.#packet.free();
    this.#incoming.free();
    this.picture.free();
    this.#context.freeContext();
  }
}
