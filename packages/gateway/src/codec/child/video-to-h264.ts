/** A browser's video in a codec that phones cannot show, as H.264. */
import type { VideoOrder } from '../orders.ts';
import { KEYFRAME_BIT } from '../wire.ts';
import type { ChildJob, JobOutput } from './job.ts';
import { JobEnded, type Library } from './library.ts';
import { PictureDecoder } from './picture-decoder.ts';
import { PictureLine } from './picture-line.ts';

/** Phones that come late wait for a keyframe: one at least so often. */
const KEYFRAME_EVERY_MS = 2_000;
/** Damaged keyframes in a row after which the input counts as undecodable. */
const MAX_DAMAGED = 10;

export async function openVideoToH264(library: Library, order: VideoOrder, output: JobOutput): Promise<ChildJob> {
  const { codec, maxPixels } = order;
  const decoder = await PictureDecoder.open(library, { codec, extraData: null, maxPixels, strict: false });
  return new VideoToH264(library, order, decoder, output);
}

class VideoToH264 implements ChildJob {
  readonly #decoder: PictureDecoder;
  readonly #line: PictureLine;
  readonly #output: JobOutput;
  #waiting = true;
  #asked = false;
  #damaged = 0;
  #keyframeAt = Number.NEGATIVE_INFINITY;

  constructor(library: Library, order: VideoOrder, decoder: PictureDecoder, output: JobOutput) {
    this.#decoder = decoder;
    this.#output = output;
    this.#line = new PictureLine(library, { bitsFor, maxPixels: order.maxPixels, mayChange: true }, output);
  }

  async frame(timestampMs: number, aux: number, data: Buffer): Promise<void> {
    const keyframe = (aux & KEYFRAME_BIT) !== 0;
    if (this.#waiting && !keyframe) {
      if (!this.#asked) this.#output.needKeyframe();
      this.#asked = true;
      return;
    }
    const result = await this.#decoder.decode(data);
    if (result === 'damaged') {
      if (keyframe && ++this.#damaged >= MAX_DAMAGED) throw new JobEnded('undecodable', 'too many damaged keyframes');
      this.#waiting = true;
      this.#asked = true;
      this.#output.needKeyframe();
      return;
    }
    if (keyframe) {
      this.#waiting = false;
      this.#asked = false;
      this.#damaged = 0;
    }
    if (result === 'nothing') return;
    const due = timestampMs - this.#keyframeAt >= KEYFRAME_EVERY_MS;
    if (await this.#line.write(this.#decoder.picture, timestampMs, keyframe || due)) this.#keyframeAt = timestampMs;
  }

  config(): void {}

  close(): void {
    this.#decoder.close();
    this.#line.close();
  }
}

/** 640×360 gets 1 Mb/s, 1280×720 the most. */
function bitsFor(pixels: number): number {
  return Math.min(3_000_000, Math.max(300_000, Math.round(pixels * 4.5)));
}
