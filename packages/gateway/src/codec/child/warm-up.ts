/** Makes the first bridge as quick as the later ones: its code is read from the disk and compiled before somebody waits. */
import { makeAvcConfig } from '../../h264/avc-config.ts';
import { H264Encoder } from './h264-encoder.ts';
import type { Library } from './library.ts';
import { PictureDecoder } from './picture-decoder.ts';

const WIDTH = 320;
const HEIGHT = 240;
const PICTURES = 20;

/** Encodes and decodes some grey pictures. A failure is of no matter here: the job that meets it says so. */
export async function warmUp(library: Library): Promise<void> {
  const { constants } = library;
  const picture = new library.Frame();
  picture.alloc();
  picture.width = WIDTH;
  picture.height = HEIGHT;
  picture.format = constants.AV_PIX_FMT_YUV420P;
  picture.allocBuffer();
  for (const plane of picture.data ?? []) plane.fill(128);
  const shape = {
    width: WIDTH,
    height: HEIGHT,
    pixelFormat: picture.format,
    colorRange: picture.colorRange,
    colorSpace: picture.colorSpace,
    colorPrimaries: picture.colorPrimaries,
    colorTrc: picture.colorTrc,
  };
  const encoder = await H264Encoder.open(library, shape, 1_000_000);
  const extraData = makeAvcConfig(encoder.sps, encoder.pps);
  const options = { codec: 'h264', extraData, maxPixels: WIDTH * HEIGHT, strict: true } as const;
  const decoder = await PictureDecoder.open(library, options);
  for (let i = 0; i < PICTURES; i++) {
    const { data } = await encoder.encode(picture, i * 33, false);
    await decoder.decode(Buffer.from(data));
  }
  decoder.close();
  encoder.close();
  picture.free();
}
