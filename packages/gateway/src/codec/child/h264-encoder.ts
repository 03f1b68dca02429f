/** H.264 for everybody: constrained baseline, no B pictures, no delay, parameter sets told apart from the pictures. */
import { readAvcConfig } from '../../h264/avc-config.ts';
import { isSlice, joinAvcc, splitAvcc } from '../../h264/nal.ts';
import { type CodecContext, type Frame, JobEnded, type Library, openCodec, type Packet } from './library.ts';
import { SMALL_PICTURE } from './picture-decoder.ts';

export interface PictureShape {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: number;
  readonly colorRange: number;
  readonly colorSpace: number;
  readonly colorPrimaries: number;
  readonly colorTrc: number;
}

export interface EncodedPicture {
  readonly keyframe: boolean;
  /** NAL units behind 4-byte lengths: slices only. */
  readonly data: Uint8Array;
}

/** The level is chosen for this many pictures a second. */
const FRAME_RATE = 30;

export class H264Encoder {
  readonly sps: Uint8Array;
  readonly pps: Uint8Array;
  readonly #library: Library;
  readonly #context: CodecContext;
  readonly #packet: Packet;
  readonly #small: boolean;
  #pts = 0;
  #origin: number | null = null;

  private constructor(library: Library, context: CodecContext, shape: PictureShape) {
    this.#library = library;
    this.#context = context;
    this.#packet = new library.Packet();
    this.#packet.alloc();
    this.#small = shape.width * shape.height <= SMALL_PICTURE;
    const config = context.extraData === null ? null : readAvcConfig(context.extraData);
    const [sps] = config?.sps ?? [];
    const [pps] = config?.pps ?? [];
    if (sps === undefined || pps === undefined) throw new JobEnded('refused', 'the encoder has no parameter sets');
    this.sps = Uint8Array.from(sps);
    this.pps = Uint8Array.from(pps);
  }

  static async open(library: Library, shape: PictureShape, bitsPerSecond: number): Promise<H264Encoder> {
    const { constants } = library;
    const codec = library.Codec.findEncoderByName(constants.FF_ENCODER_LIBX264);
    if (codec === null) throw new JobEnded('refused', 'no encoder libx264');
    const context = new library.CodecContext();
    context.allocContext3(codec);
    context.width = shape.width;
    context.height = shape.height;
    context.pixelFormat = shape.pixelFormat as CodecContext['pixelFormat'];
    context.colorRange = shape.colorRange as CodecContext['colorRange'];
    context.colorSpace = shape.colorSpace as CodecContext['colorSpace'];
    context.colorPrimaries = shape.colorPrimaries as CodecContext['colorPrimaries'];
    context.colorTrc = shape.colorTrc as CodecContext['colorTrc'];
    context.timeBase = new library.Rational(1, 1_000);
    context.framerate = new library.Rational(FRAME_RATE, 1);
    context.gopSize = 1_000_000;
    context.maxBFrames = 0;
    context.threadCount = 1;
    context.rcMaxRate = BigInt(bitsPerSecond);
    context.rcBufferSize = bitsPerSecond;
    context.setFlags(constants.AV_CODEC_FLAG_GLOBAL_HEADER);
    await openCodec(library, context, codec, {
      preset: 'ultrafast',
      tune: 'zerolatency',
      profile: 'baseline',
      crf: '23',
      'forced-idr': '1',
      'x264-params': 'annexb=0:scenecut=0:repeat-headers=0:aud=0',
    });
    return new H264Encoder(library, context, shape);
  }

  /** Encodes one picture. The first is a keyframe in any case. */
  async encode(picture: Frame, timestampMs: number, keyframe: boolean): Promise<EncodedPicture> {
    const { constants } = this.#library;
    this.#origin ??= timestampMs;
    // The encoder wants stamps that grow; they steer its rate only, and do not come out.
    this.#pts = Math.max(this.#pts + 1, Math.round(timestampMs - this.#origin));
    picture.pts = BigInt(this.#pts);
    picture.pictType = keyframe ? constants.AV_PICTURE_TYPE_I : constants.AV_PICTURE_TYPE_NONE;
    const sent = this.#small ? this.#context.sendFrameSync(picture) : await this.#context.sendFrame(picture);
    if (sent < 0) throw new JobEnded('undecodable', `the encoder failed (${sent})`);
    this.#packet.unref();
    const got = this.#context.receivePacketSync(this.#packet);
    const data = this.#packet.data;
    if (got < 0 || data === null) throw new JobEnded('undecodable', `the encoder kept a picture back (${got})`);
    return { keyframe: this.#packet.isKeyframe, data: slicesOf(data) };
  }

  close(): void {
    this.#packet.free();
    this.#context.freeContext();
  }
}

/** Without the encoder's own message about itself (SEI) and whatever else is no picture. */
function slicesOf(data: Uint8Array): Uint8Array {
  const nals = splitAvcc(data);
  if (nals === null) throw new JobEnded('undecodable', 'the encoder made no NAL units');
  return joinAvcc(nals.filter(isSlice));
}
