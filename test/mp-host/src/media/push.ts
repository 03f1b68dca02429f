import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { WebSocket } from 'ws';
import { startFfmpeg } from './ffmpeg.ts';
import { flvHeader, flvTag } from './flv-writer.ts';
import { FRAME, FRAME_HEADER, type ToBridge, type ToPage } from './wire.ts';

/** Retries of the same URL before WeChat gives up. */
const MAX_RETRIES = 3;
/** Milliseconds between two tries. */
const PAUSE = 1_000;
/** Milliseconds after which a push counts as established, and the retries begin anew. */
const ESTABLISHED = 5_000;
/** Bytes that may wait for the program before frames are dropped: the network is too slow. */
const MAX_BUFFER = 4_000_000;

/** The network of one phone, as its media have it. */
export interface Network {
  up: boolean;
}

/**
 * One push: frames of the page go into the ffmpeg program, which encodes AAC and pushes RTMP. What happens to that connection
 * comes back as the codes of `statechange`.
 */
export class Push {
  readonly #socket: WebSocket;
  readonly #network: Network;
  #options: ToBridge | null = null;
  #child: ChildProcessWithoutNullStreams | null = null;
  #config: Buffer | null = null;
  #errors = '';
  #published = 0;
  #retries = 0;
  #base: number | null = null;
  #waitingForKey = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(socket: WebSocket, network: Network) {
    this.#socket = socket;
    this.#network = network;
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#frame(data as Buffer);
      else this.#open(JSON.parse(String(data)) as ToBridge);
    });
    socket.on('close', () => this.close());
  }

  /** A connection to the server is there, or being made. */
  get running(): boolean {
    return this.#child !== null;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // End of input is how the program says goodbye to the server.
    const child = this.#child;
    this.#child = null;
    child?.stdin.end();
    setTimeout(() => child?.kill('SIGKILL'), 2_000).unref();
  }

  /** The network is gone: the server hears no goodbye. */
  cut(): void {
    this.#child?.kill('SIGKILL');
  }

  #open(options: ToBridge): void {
    this.#options = options;
    this.#start();
  }

  #start(): void {
    const options = this.#options;
    if (options === null || this.#closed) return;
    this.#end();
    this.#errors = '';
    this.#published = 0;
    if (!this.#network.up) {
      this.#failed('Network is unreachable');
      return;
    }
    this.#base = null;
    this.#waitingForKey = options.video;
    // No `nobuffer`: it would throw away what was read to recognise the streams, and with it the first keyframe.
    const child = startFfmpeg([
      ...['-loglevel', 'info', '-analyzeduration', '300000', '-f', 'flv', '-i', 'pipe:0'],
      ...['-c:v', 'copy', '-c:a', 'aac', '-b:a', '64k', '-ac', '1'],
      // A source that is silent, or shows nothing, must not hold the other back.
      ...[
        '-max_interleave_delta',
        '200000',
        '-flush_packets',
        '1',
        '-f',
        'flv',
        '-flvflags',
        'no_duration_filesize',
        options.url,
      ],
    ]);
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => this.#read(child, chunk.toString('utf8')));
    child.once('close', () => this.#ended(child));
    child.stdin.write(flvHeader(options.video, options.audio));
    this.#tell({ type: 'keyframe' });
  }

  /** Ends the program that runs, without taking that for a failure. */
  #end(): void {
    const child = this.#child;
    this.#child = null;
    child?.stdin.end();
  }

  #read(child: ChildProcessWithoutNullStreams, text: string): void {
    this.#errors = (this.#errors + text).slice(-8_000);
    // It says so after the server has taken the publish command and the header was sent.
    if (this.#published !== 0 || child !== this.#child || !/^Output #0, flv/m.test(this.#errors)) return;
    this.#published = performance.now();
    this.#state(1001, 'connected to the server');
    this.#state(1002, 'the push has begun');
  }

  #ended(child: ChildProcessWithoutNullStreams): void {
    if (child !== this.#child || this.#closed) return;
    this.#child = null;
    if (this.#published !== 0 && performance.now() - this.#published > ESTABLISHED) this.#retries = 0;
    this.#failed(this.#errors.trim().split('\n').at(-1) ?? '');
  }

  /** Says why, and tries again or gives up. */
  #failed(reason: string): void {
    const all = this.#errors + reason;
    if (/Failed to resolve/.test(all)) this.#state(3001, reason);
    else if (/Connection refused|timed out|unreachable/i.test(all)) this.#state(3002, reason);
    else this.#state(3004, reason);
    if (this.#retries >= MAX_RETRIES) {
      this.#state(-1307, 'the connection is lost; retries did not help');
      return;
    }
    this.#retries += 1;
    this.#state(1102, `reconnecting, ${this.#retries} of ${MAX_RETRIES}`);
    this.#timer = setTimeout(() => this.#start(), PAUSE);
  }

  #frame(data: Buffer): void {
    const options = this.#options;
    const kind = data[0] ?? 0;
    const timestamp = data.readUInt32BE(1);
    const payload = data.subarray(FRAME_HEADER);
    if (kind === FRAME.avcConfig) this.#config = Buffer.from(payload);
    const isVideo = kind !== FRAME.pcm;
    if (options !== null && !(isVideo ? options.video : options.audio)) {
      // The program has been opened without this; the server hears of it through a new push.
      this.#options = { ...options, video: options.video || isVideo, audio: options.audio || !isVideo };
      if (this.#child !== null) this.#start();
    }
    const child = this.#child;
    if (child === null || kind === FRAME.avcConfig || child.stdin.writableLength > MAX_BUFFER) return;
    if (this.#waitingForKey && kind === FRAME.avcDelta) return;
    if (this.#base === null) {
      // Sound before the first picture would make the program guess.
      if (this.#options?.video === true && kind !== FRAME.avcKey) return;
      this.#base = timestamp;
    }
    const at = Math.max(0, timestamp - this.#base);
    if (this.#waitingForKey && kind === FRAME.avcKey) {
      if (this.#config === null) return;
      this.#waitingForKey = false;
      child.stdin.write(flvTag(FRAME.avcConfig, at, this.#config));
    }
    child.stdin.write(flvTag(kind, at, payload));
  }

  #state(code: number, message: string): void {
    this.#tell({ type: 'state', code, message });
  }

  #tell(message: ToPage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
