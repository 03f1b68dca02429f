/** A late viewer's help: a phone's group of pictures decoded, and encoded anew from one picture on. */
import { makeAvcConfig } from '../../h264/avc-config.ts';
import { readSps } from '../../h264/sps.ts';
import type { BridgeOrder } from '../orders.ts';
import { FORCE_BIT, KEYFRAME_BIT } from '../wire.ts';
import type { ChildJob, JobOutput } from './job.ts';
import { JobEnded, type Library } from './library.ts';
import { PictureDecoder } from './picture-decoder.ts';
import { PictureLine } from './picture-line.ts';

export function openBridge(library: Library, order: BridgeOrder, output: JobOutput): Promise<ChildJob> {
  return Promise.resolve(new H264Bridge(library, order, output));
}

class H264Bridge implements ChildJob {
  readonly #library: Library;
  readonly #order: BridgeOrder;
  readonly #line: PictureLine;
  #decoder: PictureDecoder | null = null;
  /** Parameter sets told and not in use yet. */
  #next: Uint8Array | null = null;

  constructor(library: Library, order: BridgeOrder, output: JobOutput) {
    this.#library = library;
    this.#order = order;
    const bits = order.bitsPerSecond;
    this.#line = new PictureLine(
      library,
      { bitsFor: () => bits, maxPixels: order.maxPixels, mayChange: false },
      output,
    );
  }

  config(sps: Buffer, pps: Buffer): void {
    const info = readSps(sps);
    if (info === null) throw new JobEnded('undecodable', 'the parameter set cannot be read');
    if (info.width * info.height > this.#order.maxPixels) throw new JobEnded('refused', 'the pictures are too large');
    this.#next = makeAvcConfig(sps, pps);
  }

  async frame(timestampMs: number, aux: number, data: Buffer): Promise<void> {
    if (this.#next !== null && (aux & KEYFRAME_BIT) !== 0) await this.#open(this.#next);
    const decoder = this.#decoder;
    if (decoder === null) throw new JobEnded('undecodable', 'the group does not begin with a keyframe');
    // Every picture stands on the one before: one that is damaged or missing spoils all that follow.
    if ((await decoder.decode(data)) !== 'picture') throw new JobEnded('undecodable', 'a picture is damaged');
    if (timestampMs < this.#order.encodeFromMs) this.#line.prepare(decoder.picture);
    else await this.#line.write(decoder.picture, timestampMs, (aux & FORCE_BIT) !== 0);
  }

  close(): void {
    this.#decoder?.close();
    this.#line.close();
  }

  async #open(extraData: Uint8Array): Promise<void> {
    this.#next = null;
    this.#decoder?.close();
    this.#decoder = null;
    const { maxPixels } = this.#order;
    this.#decoder = await PictureDecoder.open(this.#library, { codec: 'h264', extraData, maxPixels, strict: true });
  }
}
