/** A player that is not ours: what the ffmpeg programs make of an FLV stream. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFlvMuxer } from '../../flv/mux.ts';
import type { MediaUnit, Tracks } from '../../stream/types.ts';

export interface Played {
  /** Decoded pictures: when, and how bright (0–255). */
  readonly pictures: readonly { readonly ms: number; readonly brightness: number }[];
  /** Decoded sound at 48 kHz, one channel, and when its first sample is. */
  readonly sound: Float32Array;
  readonly soundMs: number;
  /** What the decoders complained of. */
  readonly errors: string;
}

const maxBuffer = 200_000_000;

/** Units as a phone gets them over HTTP. */
export function flvOf(units: readonly MediaUnit[], tracks: Tracks): Uint8Array {
  const muxer = createFlvMuxer();
  return Buffer.concat([muxer.preamble(tracks, null, null), ...units.map((unit) => muxer.unit(unit))]);
}

export function play(flv: Uint8Array): Played {
  const folder = mkdtempSync(join(tmpdir(), 'egress-'));
  const file = join(folder, 'stream.flv');
  try {
    writeFileSync(file, flv);
    const brightness = run('ffmpeg', ['-i', file, '-map', '0:v?', '-vf', 'scale=1:1,format=gray', ...raw('rawvideo')]);
    const times = stamps(file, 'v');
    const sound = run('ffmpeg', ['-i', file, '-map', '0:a?', '-ac', '1', ...raw('f32le')]);
    const all = execFileSync('ffmpeg', ['-v', 'warning', '-xerror', '-i', file, '-f', 'null', '-'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      maxBuffer,
    });
    return {
      pictures: times.map((ms, i) => ({ ms, brightness: brightness[i] ?? -1 })),
      sound: new Float32Array(sound.buffer.slice(sound.byteOffset, sound.byteOffset + (sound.length & ~3))),
      soundMs: stamps(file, 'a')[0] ?? Number.NaN,
      errors: String(all ?? ''),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const raw = (format: string) => ['-vsync', 'passthrough', '-f', format, '-'];

function run(program: string, args: readonly string[]): Buffer {
  try {
    return execFileSync(program, ['-v', 'error', ...args], { maxBuffer, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    // No such track: nothing to decode.
    if (String(error).includes('does not contain any stream')) return Buffer.alloc(0);
    throw error;
  }
}

/** Presentation times of the decoded frames of a kind, in milliseconds. */
function stamps(file: string, kind: 'a' | 'v'): number[] {
  const args = ['-select_streams', kind, '-show_entries', 'frame=pts_time', '-of', 'csv=p=0', file];
  return run('ffprobe', args)
    .toString()
    .split('\n')
    .map((line) => Number.parseFloat(line) * 1_000)
    .filter((ms) => !Number.isNaN(ms));
}

/** Loudness (root mean square) of a span. */
export function loudness(played: Played, fromMs: number, toMs: number): number {
  const from = Math.max(0, Math.round((fromMs - played.soundMs) * 48));
  const to = Math.min(played.sound.length, Math.round((toMs - played.soundMs) * 48));
  let sum = 0;
  for (let i = from; i < to; i++) sum += played.sound[i]! ** 2;
  return Math.sqrt(sum / Math.max(1, to - from));
}

/** When the sound becomes loud, in steps of 2 ms. */
export function beeps(played: Played): number[] {
  const found: number[] = [];
  const end = played.soundMs + played.sound.length / 48;
  let loud = true;
  for (let ms = played.soundMs; ms + 4 < end; ms += 2) {
    const now = loudness(played, ms, ms + 4) > 0.2;
    if (now && !loud) found.push(ms);
    loud = now;
  }
  return found;
}

/** When the picture becomes white. */
export function flashes(played: Played): number[] {
  return played.pictures
    .filter(({ brightness }, i) => brightness > 180 && i > 0 && played.pictures[i - 1]!.brightness <= 180)
    .map(({ ms }) => ms);
}

/** Strength of a frequency in a span. */
export function toneIn(played: Played, fromMs: number, toMs: number, frequency: number): number {
  const from = Math.max(0, Math.round((fromMs - played.soundMs) * 48));
  const to = Math.min(played.sound.length, Math.round((toMs - played.soundMs) * 48));
  let sine = 0;
  let cosine = 0;
  for (let i = from; i < to; i++) {
    const phase = (2 * Math.PI * frequency * i) / 48_000;
    sine += played.sound[i]! * Math.sin(phase);
    cosine += played.sound[i]! * Math.cos(phase);
  }
  return (2 * Math.hypot(sine, cosine)) / Math.max(1, to - from);
}
