/** Independent peers for tests: the ffmpeg programs and an nginx with its RTMP module. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeTcpPort } from '../../testing/ports.ts';

const NGINX = '/usr/sbin/nginx';
const NGINX_RTMP = '/usr/lib/nginx/modules/ngx_rtmp_module.so';

export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
export const hasNginx = existsSync(NGINX) && existsSync(NGINX_RTMP);

export interface Run {
  readonly process: ChildProcess;
  /** Code, what it wrote, what it complained of. Never rejects. */
  readonly done: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

export function run(program: 'ffmpeg' | 'ffprobe', ...args: readonly string[]): Run {
  const child = spawn(program, ['-hide_banner', '-v', 'error', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
  });
  const done = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return { process: child, done };
}

/** A folder that is gone when `close` is called. */
export function scratch(): { readonly path: string; close(): void } {
  const path = mkdtempSync(join(tmpdir(), 'lianmai-rtmp-'));
  return { path, close: () => rmSync(path, { recursive: true, force: true }) };
}

/** An FLV file with a moving picture (H.264 without B frames, a keyframe each second) and a tone (AAC). */
export async function makeClip(path: string, seconds: number): Promise<void> {
  const { code, err } = await run(
    'ffmpeg',
    ...[
      '-f',
      'lavfi',
      '-i',
      'testsrc=size=320x240:rate=15',
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=440:sample_rate=48000',
    ],
    ...[
      '-t',
      String(seconds),
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-bf',
      '0',
      '-g',
      '15',
      '-pix_fmt',
      'yuv420p',
    ],
    ...['-c:a', 'aac', '-b:a', '64k', '-f', 'flv', '-y', path],
  ).done;
  if (code !== 0) throw new Error(`ffmpeg could not make the clip: ${err}`);
}

/** Every packet of a file or stream: kind, stamp, size and MD5 of its bytes, in the order of their stamps. */
export async function packetsOf(input: readonly string[]): Promise<string[]> {
  const { out } = await run('ffmpeg', ...input, '-map', '0', '-c', 'copy', '-copyts', '-f', 'framemd5', '-').done;
  return out
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/\s/g, '').split(','))
    .map(([stream, dts, , , size, hash]) => `${stream} ${dts} ${size} ${hash}`)
    .sort();
}

/** @param applications the body of nginx's `server` block, its `application`s. */
export async function startNginx(applications: string): Promise<{ readonly port: number; close(): Promise<void> }> {
  const folder = scratch();
  const port = await freeTcpPort();
  const config = join(folder.path, 'nginx.conf');
  writeFileSync(
    config,
    `load_module ${NGINX_RTMP};
daemon off; master_process off; pid ${folder.path}/pid; error_log ${folder.path}/error.log;
events { worker_connections 64; }
rtmp { access_log off; server { listen 127.0.0.1:${port}; ${applications} } }`,
  );
  const child = spawn(NGINX, ['-p', folder.path, '-c', config], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error('nginx did not start');
  }
  return {
    port,
    close: async () => {
      child.kill();
      await exited;
      folder.close();
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Not there yet: the next try comes with the next turn of the timers.
    socket.once('error', () => setTimeout(() => resolve(false), 20));
  });
}
