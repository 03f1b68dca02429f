import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { isColor } from '../client.ts';
import type { Rgb } from '../harness-api.ts';
import { type WaitOptions, waitFor } from '../wait.ts';

const SIDE = 32;
const FRAME_BYTES = SIDE * SIDE * 3;
const RATE = 16_000;
/** Samples in which a tone is looked for. */
const WINDOW = 2_048;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What is seen at one moment. */
export interface Glimpse {
  /** Mean of the lower half. */
  readonly color: Rgb;
  /** Where the white mark stands, 0 … 1; −1 when there is none. */
  readonly mark: number;
  readonly frames: number;
}

/**
 * What `<live-player>` does, done by the ffmpeg program: plays an FLV or RTMP URL and decodes it. The pictures come out
 * small, the sound as samples, so that a test can say what is seen and heard.
 */
export class PhoneScreen {
  readonly url: string;
  readonly #child: ChildProcess;
  #errors = '';
  #ended = false;
  #picture: Buffer = Buffer.alloc(0);
  #frames = 0;
  #last: Buffer | null = null;
  #rest: Buffer = Buffer.alloc(0);
  #samples = new Float32Array(WINDOW);
  #heard = 0;

  constructor(
    url: string,
    tracks: { readonly video: boolean; readonly audio: boolean } = { video: true, audio: true },
  ) {
    this.url = url;
    const ffmpeg = process.env['FFMPEG_BIN'] ?? 'ffmpeg';
    const live = url.startsWith('rtmp:') ? ['-rtmp_live', 'live'] : [];
    const video = `-map 0:v -vf scale=${SIDE}:${SIDE} -pix_fmt rgb24 -fps_mode passthrough -f rawvideo pipe:1`.split(
      ' ',
    );
    const audio = `-map 0:a -ac 1 -ar ${RATE} -f s16le pipe:3`.split(' ');
    const args = [
      ...'-hide_banner -loglevel info -nostats -analyzeduration 1000000 -probesize 200000'.split(' '),
      ...live,
      '-i',
      url,
      ...(tracks.video ? video : []),
      ...(tracks.audio ? audio : []),
    ];
    this.#child = spawn(ffmpeg, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#see(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString('utf8')).slice(-4_000);
    });
    (this.#child.stdio[3] as Readable).on('data', (chunk: Buffer) => this.#hear(chunk));
    this.#child.once('close', () => {
      this.#ended = true;
      running.delete(this.#child);
    });
  }

  /** The stream is over, or never began. */
  get ended(): boolean {
    return this.#ended;
  }

  get errors(): string {
    return this.#errors;
  }

  get frames(): number {
    return this.#frames;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  look(): Glimpse | null {
    const frame = this.#last;
    if (frame === null) return null;
    const sum = [0, 0, 0];
    for (let i = FRAME_BYTES / 2; i < FRAME_BYTES; i++) sum[i % 3] = (sum[i % 3] ?? 0) + (frame[i] ?? 0);
    const count = (SIDE * SIDE) / 2;
    const [r = 0, g = 0, b = 0] = sum.map((value) => Math.round(value / count));
    return { color: [r, g, b], mark: markOf(frame), frames: this.#frames };
  }

  /** The strongest of the tones, with its share of the whole sound; 0 in silence. */
  listen(tones: readonly number[]): { readonly tone: number; readonly share: number; readonly samples: number } {
    const samples = this.#samples;
    let energy = 0;
    for (const value of samples) energy += value * value;
    let best = { tone: 0, share: 0, samples: this.#heard };
    if (energy / WINDOW < 1e-5) return best;
    for (const tone of tones) {
      const share = (2 * power(samples, tone)) / (energy * WINDOW);
      if (share > best.share) best = { tone, share, samples: this.#heard };
    }
    return best;
  }

  async expectPicture(color: Rgb, options: WaitOptions = {}): Promise<void> {
    let first: Glimpse | null = null;
    await this.#withErrors(() =>
      waitFor(
        `a moving picture in ${color.join(',')} at ${short(this.url)}`,
        () => this.look(),
        (seen) => {
          if (seen === null || !isColor(seen.color, color) || seen.mark < 0) return false;
          first ??= seen;
          return seen.frames >= first.frames + 3 && Math.abs(seen.mark - first.mark) > 0.03;
        },
        { timeout: 20_000, ...options },
      ),
    );
  }

  async expectTone(tone: number, options: WaitOptions = {}): Promise<void> {
    await this.#withErrors(() =>
      waitFor(
        `a tone of ${tone} Hz at ${short(this.url)}`,
        () => this.listen([500, 900, 1300, 1700, 2300]),
        (heard) => heard.tone === tone && heard.share > 0.5,
        { timeout: 20_000, ...options },
      ),
    );
  }

  /** Sound goes on, and it is silence. */
  async expectSilence(options: WaitOptions = {}): Promise<void> {
    let since = -1;
    await this.#withErrors(() =>
      waitFor(
        `silence that goes on at ${short(this.url)}`,
        () => this.listen([500, 900, 1300, 1700, 2300]),
        (heard) => {
          if (heard.tone !== 0) since = -1;
          else if (since < 0) since = heard.samples;
          return since >= 0 && heard.samples - since > RATE / 2;
        },
        { timeout: 20_000, ...options },
      ),
    );
  }

  async expectEnd(options: WaitOptions = {}): Promise<void> {
    await waitFor(
      `the end of ${short(this.url)}`,
      () => this.#ended,
      (ended) => ended,
      options,
    );
  }

  #see(chunk: Buffer): void {
    this.#picture = Buffer.concat([this.#picture, chunk]);
    while (this.#picture.length >= FRAME_BYTES) {
      this.#last = this.#picture.subarray(0, FRAME_BYTES);
      this.#picture = this.#picture.subarray(FRAME_BYTES);
      this.#frames++;
    }
  }

  #hear(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const count = bytes.length >> 1;
    this.#rest = bytes.subarray(count * 2);
    const fresh = new Float32Array(count);
    for (let i = 0; i < count; i++) fresh[i] = bytes.readInt16LE(i * 2) / 32_768;
    this.#heard += count;
    const all = new Float32Array(WINDOW);
    if (count >= WINDOW) {
      all.set(fresh.subarray(count - WINDOW));
    } else {
      all.set(this.#samples.subarray(count));
      all.set(fresh, WINDOW - count);
    }
    this.#samples = all;
  }

  async #withErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const state = `ended: ${this.#ended}, frames: ${this.#frames}, samples: ${this.#heard}`;
      throw new Error(`${String(error)}\n${state}\nffmpeg: ${this.#errors}`, { cause: error });
    }
  }
}

/** Middle of the white columns in the upper quarter. */
function markOf(frame: Buffer): number {
  let weight = 0;
  let place = 0;
  for (let x = 0; x < SIDE; x++) {
    const at = (4 * SIDE + x) * 3;
    const white = Math.min(frame[at] ?? 0, frame[at + 1] ?? 0, frame[at + 2] ?? 0);
    if (white < 150) continue;
    weight++;
    place += x;
  }
  return weight === 0 ? -1 : place / weight / SIDE;
}

/** |X(f)|² by Goertzel's algorithm. */
function power(samples: Float32Array, tone: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * tone) / RATE);
  let before = 0;
  let last = 0;
  for (const value of samples) {
    const next = value + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}

/** Without the ticket. */
function short(url: string): string {
  return url.replace(/\?.*$/, '');
}
