import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Rgb } from '../harness-api.ts';

const exec = promisify(execFile);

/** Camera and microphone of one browser process, as files that it plays in a loop. */
export interface FakeMedia {
  readonly video: string;
  readonly audio: string;
  remove(): Promise<void>;
}

/**
 * Makes a picture in one colour with a moving white mark, and a tone. The tone comes in pulses: a steady one is noise
 * to the browser's noise suppression.
 */
export async function makeFakeMedia(color: Rgb, tone: number): Promise<FakeMedia> {
  const folder = await mkdtemp(join(tmpdir(), 'lianmai-capture-'));
  const video = join(folder, 'camera.y4m');
  const audio = join(folder, 'microphone.wav');
  const ffmpeg = process.env['FFMPEG_BIN'] ?? 'ffmpeg';
  const hex = color.map((part) => part.toString(16).padStart(2, '0')).join('');
  const picture = [
    `color=c=0x${hex}:s=640x360:r=15:d=2[paper]`,
    'color=c=white:s=64x144:r=15:d=2[mark]',
    "[paper][mark]overlay=x='mod(t*288,576)':y=0,format=yuv420p",
  ].join(';');
  const sound = `aevalsrc='0.5*sin(2*PI*${tone}*t)*gt(mod(t,0.5),0.1)':s=48000:d=2`;
  const quiet = ['-hide_banner', '-loglevel', 'error', '-y', '-f', 'lavfi'];
  await Promise.all([
    exec(ffmpeg, [...quiet, '-i', picture, '-pix_fmt', 'yuv420p', video]),
    exec(ffmpeg, [...quiet, '-i', sound, '-ac', '1', '-c:a', 'pcm_s16le', audio]),
  ]);
  return { video, audio, remove: () => rm(folder, { recursive: true, force: true }) };
}
