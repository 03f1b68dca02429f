import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** A stream as the ffprobe program reports it. */
export interface ProbedStream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly width?: number;
  readonly height?: number;
  readonly sample_rate?: string;
}

/** What is on an FLV or RTMP URL, by the ffprobe program, pictures first. */
export async function probe(url: string): Promise<readonly ProbedStream[]> {
  const ffmpeg = process.env['FFMPEG_BIN'] ?? 'ffmpeg';
  const live = url.startsWith('rtmp:') ? ['-rtmp_live', 'live'] : [];
  const { stdout } = await exec(
    ffmpeg.replace(/ffmpeg$/, 'ffprobe'),
    [...'-v error -show_streams -of json -analyzeduration 500000'.split(' '), ...live, url],
    { timeout: 20_000, killSignal: 'SIGKILL' },
  );
  const { streams } = JSON.parse(stdout) as { readonly streams: readonly ProbedStream[] };
  return [...streams].sort((a, b) => b.codec_type.localeCompare(a.codec_type));
}
