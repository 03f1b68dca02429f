import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Rgb } from '../harness-api.ts';

export interface CameraOptions {
  readonly color: Rgb;
  readonly tone: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  /** Frames from keyframe to keyframe. */
  readonly group?: number;
  readonly profile?: 'baseline' | 'main' | 'high';
  readonly bFrames?: number;
  readonly video?: boolean;
  readonly audio?: boolean;
  readonly sampleRate?: number;
  readonly channels?: 1 | 2;
  /** Noise over the picture, coded with so many bits a second: what is pushed fills buffers. */
  readonly noiseBits?: number;
  /** Instead of colour and steady tone: black and silence, with a white flash and a beep at each full second. */
  readonly beacon?: boolean;
}

const running = new Set<ChildProcessByStdio<null, null, Readable>>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * What `<live-pusher>` does, done by the ffmpeg program: a picture in one colour with a moving white mark and a tone, in
 * H.264 and AAC, pushed to an RTMP URL in real time.
 */
export class PhoneCamera {
  readonly #child: ChildProcessByStdio<null, null, Readable>;
  #errors = '';
  #ended = false;

  constructor(url: string, options: CameraOptions) {
    const ffmpeg = process.env['FFMPEG_BIN'] ?? 'ffmpeg';
    this.#child = spawn(ffmpeg, [...cameraArguments(options), '-f', 'flv', url], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.add(this.#child);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-4_000);
    });
    this.#child.once('close', () => {
      this.#ended = true;
      running.delete(this.#child);
    });
  }

  /** The program has ended: the server closed the connection, or refused it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What it wrote. */
  get errors(): string {
    return this.#errors;
  }

  /** Ends the push as a user does. */
  stop(): void {
    this.#child.kill('SIGINT');
  }

  /** Ends it without a word, as a crash does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Stands still: sends nothing, closes nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }
}

/** Arguments of the ffmpeg program for such a picture and tone, up to where they go. */
export function cameraArguments(options: CameraOptions): string[] {
  return [...input(options), ...coding(options)];
}

function input(options: CameraOptions): string[] {
  const { color, tone, width = 360, height = 640, fps = 15, video = true, audio = true } = options;
  const hex = color.map((part) => part.toString(16).padStart(2, '0')).join('');
  const mark = Math.round(width / 10);
  const flash = [
    `color=c=black:s=${width}x${height}:r=${fps}[dark]`,
    `color=c=white:s=${width}x${height}:r=${fps}[light]`,
    `[dark][light]overlay=enable='lt(mod(t+0.001,1),0.2)',format=yuv420p`,
  ].join(';');
  const moving = [
    `color=c=0x${hex}:s=${width}x${height}:r=${fps}[paper]`,
    `color=c=white:s=${mark}x${Math.round((height * 2) / 5 / 2) * 2}:r=${fps}[mark]`,
    `[paper][mark]overlay=x='mod(t*${Math.round(width * 0.45)},${width - mark})':y=0${options.noiseBits === undefined ? '' : ',noise=alls=70:allf=t'},format=yuv420p`,
  ].join(';');
  const picture = options.beacon === true ? flash : moving;
  const pulse = options.beacon === true ? '*lt(mod(t+0.00001,1),0.1)' : '';
  const sound = `aevalsrc='0.5*sin(2*PI*${tone}*t)${pulse}':s=${options.sampleRate ?? 44_100}`;
  return [
    '-hide_banner',
    '-loglevel',
    'warning',
    ...(video ? ['-re', '-f', 'lavfi', '-i', picture] : []),
    ...(audio ? ['-re', '-f', 'lavfi', '-i', sound] : []),
  ];
}

function coding(options: CameraOptions): string[] {
  const { video = true, audio = true, group = 30, profile = 'main', bFrames = 0, channels = 1, noiseBits } = options;
  const bits = noiseBits ?? 500_000;
  return [
    ...(video
      ? `-c:v libx264 -preset ultrafast -profile:v ${profile} -bf ${bFrames} -g ${group} -sc_threshold 0 -b:v ${bits} -maxrate ${bits} -bufsize ${bits}`.split(
          ' ',
        )
      : []),
    // zerolatency would switch B frames off again.
    ...(video && bFrames === 0 ? ['-tune', 'zerolatency'] : []),
    ...(audio ? `-c:a aac -b:a 64k -ac ${channels}`.split(' ') : []),
  ];
}
