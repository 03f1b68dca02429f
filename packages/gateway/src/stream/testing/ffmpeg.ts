/** Real H.264 and AAC for tests, made and checked by the ffmpeg programs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFlvDemuxer, type FlvTag } from '../../flv/demux.ts';
import { createUnitReader } from '../../flv/unit-reader.ts';
import type { AudioConfig, MediaUnit, VideoConfig } from '../types.ts';

export interface ClipOptions {
  readonly seconds?: number;
  /** x264's profile; null leaves the picture out. */
  readonly profile?: 'baseline' | 'main' | 'high' | null;
  readonly size?: string;
  readonly bFrames?: number;
  readonly groupFrames?: number;
  readonly slices?: number;
  /** 0 leaves the sound out. */
  readonly channels?: 0 | 1 | 2;
  readonly sampleRate?: number;
}

function inFolder<T>(run: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lianmai-media-'));
  try {
    return run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An FLV file of a moving picture at 25 pictures a second and a tone of 440 Hz. */
export function makeFlv(options: ClipOptions = {}): Uint8Array {
  const { seconds = 2, profile = 'main', size = '176x144', bFrames = 0, groupFrames = 25, slices = 1 } = options;
  const { channels = 1, sampleRate = 44_100 } = options;
  return inFolder((folder) => {
    const file = join(folder, 'clip.flv');
    const inputs: string[] = [];
    const outputs: string[] = [];
    if (profile !== null) {
      inputs.push('-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`);
      outputs.push('-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', profile, '-pix_fmt', 'yuv420p');
      outputs.push('-bf', `${bFrames}`, '-g', `${groupFrames}`, '-x264-params', `slices=${slices}:scenecut=0`);
    }
    if (channels > 0) {
      inputs.push('-f', 'lavfi', '-i', `sine=440:r=${sampleRate}`);
      outputs.push('-c:a', 'aac', '-ac', `${channels}`, '-ar', `${sampleRate}`);
    }
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', ...inputs, '-t', `${seconds}`, ...outputs, file]);
    return new Uint8Array(readFileSync(file));
  });
}

/** The tags of an FLV file. */
export function tagsOf(flv: Uint8Array): FlvTag[] {
  return createFlvDemuxer()
    .push(flv)
    .filter((tag): tag is FlvTag => tag.kind !== 'header');
}

/** The units of an FLV file; throws when the reader refuses. */
export function unitsOf(flv: Uint8Array): MediaUnit[] {
  const reader = createUnitReader();
  return tagsOf(flv).flatMap((tag) => {
    const reading = reader.read(tag, tag.timestamp);
    if (reading.kind === 'refused') throw new Error(reading.detail);
    return reading.units;
  });
}

export function configsOf(units: readonly MediaUnit[]): { video: VideoConfig | null; audio: AudioConfig | null } {
  return {
    video: units.find((unit) => unit.kind === 'video-config') ?? null,
    audio: units.find((unit) => unit.kind === 'audio-config') ?? null,
  };
}

export interface ProbedStream {
  readonly codec_type: 'audio' | 'video';
  readonly codec_name: string;
  readonly profile: string;
  readonly width?: number;
  readonly height?: number;
  readonly sample_rate?: string;
  readonly channels?: number;
  /** Frames that were decoded. */
  readonly nb_read_frames: string;
  readonly start_time: string;
}

/** What ffprobe finds in a file after decoding all of it; throws when it complains about anything. */
export function probe(bytes: Uint8Array): { audio: ProbedStream | null; video: ProbedStream | null } {
  return inFolder((folder) => {
    const file = join(folder, 'probe.flv');
    writeFileSync(file, bytes);
    execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-'], { stdio: 'pipe' });
    const arguments_ = ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', file];
    const { streams } = JSON.parse(execFileSync('ffprobe', arguments_, { encoding: 'utf8' })) as {
      streams: ProbedStream[];
    };
    const kind = (wanted: string) => streams.find((stream) => stream.codec_type === wanted) ?? null;
    return { audio: kind('audio'), video: kind('video') };
  });
}

/** The sound of a file as ffmpeg decodes it: 16-bit samples, channels interleaved. */
export function decodeSound(bytes: Uint8Array): Int16Array {
  return inFolder((folder) => {
    const file = join(folder, 'sound.flv');
    writeFileSync(file, bytes);
    const arguments_ = ['-v', 'error', '-xerror', '-i', file, '-f', 's16le', '-'];
    const out = execFileSync('ffmpeg', arguments_, { maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] });
    return new Int16Array(out.buffer.slice(out.byteOffset, out.byteOffset + (out.length & ~1)));
  });
}
