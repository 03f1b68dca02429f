import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { HeardSound, ShownFrame } from './skew.ts';

const exec = promisify(execFile);
const QUIET = ['-hide_banner', '-nostats', '-copyts'];
const MUCH = { maxBuffer: 200_000_000, timeout: 40_000, killSignal: 'SIGKILL' } as const;

/** The pictures of a file, decoded by ffmpeg, with the file's own stamps. */
export async function decodePictures(file: string): Promise<readonly ShownFrame[]> {
  const args = [...QUIET, '-i', file, ...'-map 0:v -vf showinfo -fps_mode passthrough -f null -'.split(' ')];
  const { stderr } = await exec(process.env['FFMPEG_BIN'] ?? 'ffmpeg', args, MUCH);
  return [...stderr.matchAll(/ n: *\d+ pts: *\S+ pts_time:(\S+) .* mean:\[(\d+)/g)].map(([, seconds, light]) => ({
    ms: Number(seconds) * 1000,
    light: Number(light),
  }));
}

/** The sound of a file, decoded by ffmpeg, with the file's own stamps. */
export async function decodeSound(file: string): Promise<HeardSound> {
  const args = [...QUIET, '-i', file, ...'-map 0:a -af ashowinfo -ac 1 -f s16le -'.split(' ')];
  const { stdout, stderr } = await exec(process.env['FFMPEG_BIN'] ?? 'ffmpeg', args, { ...MUCH, encoding: 'buffer' });
  const frames = stderr.toString('utf8').matchAll(/ pts_time:(\S+) .* rate:(\d+) nb_samples:(\d+)/g);
  const runs: { readonly first: number; readonly ms: number }[] = [];
  let first = 0;
  let rate = 0;
  for (const [, seconds, hertz, count] of frames) {
    runs.push({ first, ms: Number(seconds) * 1000 });
    first += Number(count);
    rate = Number(hertz);
  }
  // Copied: a buffer may begin at an odd address.
  const samples = new Int16Array(new Uint8Array(stdout).buffer, 0, stdout.length >> 1);
  if (samples.length !== first) throw new Error(`${samples.length} samples came, ${first} were announced`);
  return { rate, samples, runs };
}
