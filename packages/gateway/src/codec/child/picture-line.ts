/** Decoded pictures on their way to the encoder: shape changes make a new encoder, odd formats are converted. */
import { H264Encoder, type PictureShape } from './h264-encoder.ts';
import type { JobOutput } from './job.ts';
import { type Frame, JobEnded, type Library, type SoftwareScaleContext } from './library.ts';

export interface PictureLineOptions {
  /** Bits per second for so many luma samples. */
  readonly bitsFor: (pixels: number) => number;
  readonly maxPixels: number;
  /** A picture of another shape begins anew; otherwise it ends the job. */
  readonly mayChange: boolean;
}

export class PictureLine {
  readonly #library: Library;
  readonly #options: PictureLineOptions;
  readonly #output: JobOutput;
  #shape: PictureShape | null = null;
  #encoder: Promise<H264Encoder> | null = null;
  #open: H264Encoder | null = null;
  #scaler: SoftwareScaleContext | null = null;
  #scaled: Frame | null = null;

  constructor(library: Library, options: PictureLineOptions, output: JobOutput) {
    this.#library = library;
    this.#options = options;
    this.#output = output;
  }

  /** Gets an encoder ready for pictures like this one, while others are still being decoded. */
  prepare(picture: Frame): void {
    if (this.#shape !== null && fits(this.#shape, picture)) return;
    const { width, height } = picture;
    if (width * height > this.#options.maxPixels) throw new JobEnded('refused', 'the pictures are too large');
    if (width < 2 || height < 2) throw new JobEnded('refused', 'the pictures are too small');
    if (this.#shape !== null && !this.#options.mayChange)
      throw new JobEnded('refused', 'the pictures changed their size');
    this.#forget();
    this.#shape = shapeOf(picture);
    const shape = { ...this.#shape, width: width & ~1, height: height & ~1 };
    if (!this.#takes(picture)) shape.pixelFormat = this.#library.constants.AV_PIX_FMT_YUV420P;
    this.#encoder = H264Encoder.open(this.#library, shape, this.#options.bitsFor(width * height));
    // Whoever encodes first hears of it; until then nobody may.
    this.#encoder.catch(() => {});
  }

  /** Encodes and puts out one picture; parameter sets first when they are new. */
  async write(picture: Frame, timestampMs: number, keyframe: boolean): Promise<boolean> {
    this.prepare(picture);
    if (this.#open === null) {
      if (this.#encoder === null) throw new JobEnded('refused', 'no encoder');
      this.#open = await this.#encoder;
      this.#output.config(this.#open.sps, this.#open.pps);
    }
    const encoded = await this.#open.encode(this.#converted(picture), timestampMs, keyframe);
    this.#output.frame(timestampMs, encoded.keyframe ? 1 : 0, encoded.data);
    return encoded.keyframe;
  }

  close(): void {
    this.#forget();
  }

  #takes(picture: Frame): boolean {
    const { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P } = this.#library.constants;
    const right = picture.format === AV_PIX_FMT_YUV420P || picture.format === AV_PIX_FMT_YUVJ420P;
    return right && picture.width % 2 === 0 && picture.height % 2 === 0;
  }

  #converted(picture: Frame): Frame {
    if (this.#takes(picture)) return picture;
    const { constants } = this.#library;
    if (this.#scaler === null || this.#scaled === null) {
      const [width, height] = [picture.width & ~1, picture.height & ~1];
      const format = picture.format as Parameters<SoftwareScaleContext['getContext']>[2];
      this.#scaler = new this.#library.SoftwareScaleContext();
      const { AV_PIX_FMT_YUV420P, SWS_BILINEAR } = constants;
      this.#scaler.getContext(picture.width, picture.height, format, width, height, AV_PIX_FMT_YUV420P, SWS_BILINEAR);
      this.#scaled = new this.#library.Frame();
      this.#scaled.alloc();
      this.#scaled.width = width;
      this.#scaled.height = height;
      this.#scaled.format = AV_PIX_FMT_YUV420P;
      if (this.#scaled.allocBuffer() < 0) throw new JobEnded('refused', 'no memory for a picture');
    }
    this.#scaled.makeWritable();
    if (this.#scaler.scaleFrameSync(this.#scaled, picture) < 0) {
      throw new JobEnded('undecodable', 'a picture could not be converted');
    }
    return this.#scaled;
  }

  #forget(): void {
    // It may still be opening; then it is closed when it is open.
    void this.#encoder?.then(
      (encoder) => encoder.close(),
      () => {},
    );
    this.#scaler?.freeContext();
    this.#scaled?.free();
    this.#encoder = null;
    this.#open = null;
    this.#scaler = null;
    this.#scaled = null;
    this.#shape = null;
  }
}

function shapeOf(picture: Frame): PictureShape {
  return {
    width: picture.width,
    height: picture.height,
    pixelFormat: picture.format,
    colorRange: picture.colorRange,
    colorSpace: picture.colorSpace,
    colorPrimaries: picture.colorPrimaries,
    colorTrc: picture.colorTrc,
  };
}

function fits(shape: PictureShape, picture: Frame): boolean {
  return (
    shape.width === picture.width &&
    shape.height === picture.height &&
    shape.pixelFormat === picture.format &&
    shape.colorRange === picture.colorRange
  );
}
