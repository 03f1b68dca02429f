import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFlvDemuxer, type FlvTag, RtmpClient } from '@lianmai/gateway/testing';
import { type CameraOptions, cameraArguments } from './camera.ts';

const exec = promisify(execFile);

/** Seconds that each part is made for; it is repeated when it runs out. */
const PART_SECONDS = 6;

export interface ResizingPush {
  /** Goes on with the next size, as a phone does that is turned. */
  next(): void;
  stop(): void;
}

/** Pushes pictures that change their size in mid-stream, which the ffmpeg program does not do by itself. */
export async function pushSizes(
  url: string,
  options: CameraOptions,
  sizes: readonly { readonly width: number; readonly height: number }[],
): Promise<ResizingPush> {
  const parts = await Promise.all(sizes.map((size) => record({ ...options, ...size })));
  const { hostname, port, pathname, search } = new URL(url.replace(/^rtmp:/, 'http:'));
  const [app = '', stream = ''] = pathname.slice(1).split('/');
  const client = await RtmpClient.connect({ host: hostname, port: Number(port), app });
  await client.publish(`${stream}${search}`);
  let part = 0;
  let at = 0;
  const began = performance.now();
  let base = 0;
  let last = 0;
  const timer = setInterval(() => {
    const now = performance.now() - began;
    for (;;) {
      const tags = parts[part] ?? [];
      const tag = tags[at];
      if (tag === undefined) {
        restart();
        return;
      }
      const timestamp = Math.max(last, base + tag.timestamp);
      if (timestamp > now) return;
      last = timestamp;
      client.send(tag.kind, timestamp, tag.payload);
      at++;
    }
  }, 10);

  /** From the first tag of the part: its configuration and a keyframe. */
  function restart(): void {
    at = 0;
    base = last + 40;
  }

  return {
    next() {
      part++;
      restart();
    },
    stop() {
      clearInterval(timer);
      client.socket.destroy();
    },
  };
}

async function record(options: CameraOptions): Promise<readonly FlvTag[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lianmai-part-'));
  try {
    const file = join(folder, 'part.flv');
    const args = cameraArguments(options).filter((argument) => argument !== '-re');
    await exec(process.env['FFMPEG_BIN'] ?? 'ffmpeg', [...args, '-t', String(PART_SECONDS), '-f', 'flv', file]);
    return createFlvDemuxer()
      .push(await readFile(file))
      .filter((tag): tag is FlvTag => tag.kind === 'audio' || tag.kind === 'video');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
