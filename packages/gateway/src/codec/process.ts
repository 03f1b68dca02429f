/** One codec process as the gateway holds it: started, fed, watched by a heartbeat, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { End, Hello, Order } from './orders.ts';
import { MessageType, readConfig, readFrame, type WireMessage, WireReader, WireWriter } from './wire.ts';

const program = fileURLToPath(new URL('./child/main.ts', import.meta.url));

export interface ProcessOptions {
  /** Package name of the codec library. */
  readonly library: string;
  readonly heartbeatMs: number;
  /** Heartbeats without an answer after which the process counts as hanging. */
  readonly missedBeats: number;
  /** It has to say its first word within this. */
  readonly startMs: number;
  /** The process ends itself when it hears nothing for so long. */
  readonly silenceMs: number;
}

/** What a job wants to hear from its process. */
export interface ProcessJob {
  onOutput(place: number, aux: number, data: Buffer): void;
  onConfig(sps: Buffer, pps: Buffer): void;
  onAck(count: number): void;
  onNeedKeyframe(): void;
  onEnd(reason: End['reason'] | 'crashed', detail: string): void;
}

export interface ProcessEvents {
  onHello(hello: Hello): void;
  /** It is gone; its jobs are told by the owner, after this. */
  onDown(reason: string): void;
}

const STDERR_BYTES = 1_000;
const DETAIL_CHARACTERS = 200;

export class CodecProcess {
  readonly writer: WireWriter;
  readonly jobs = new Map<number, ProcessJob>();
  readonly startedAt = performance.now();
  /** Sum of its jobs' weights. */
  load = 0;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #events: ProcessEvents;
  readonly #options: ProcessOptions;
  /** The time for the first word, then the heartbeat: loading a codec library is no hanging. */
  #timer: NodeJS.Timeout;
  #unanswered = 0;
  #down = false;
  #said = '';
  #why: string | null = null;

  constructor(options: ProcessOptions, events: ProcessEvents) {
    this.#options = options;
    this.#events = events;
    const args = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=256', program];
    // An empty environment: nothing of the gateway's settings, and so none of its secrets, is in there.
    this.#child = spawn(process.execPath, [...args, options.library, String(options.silenceMs)], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: {},
      windowsHide: true,
    });
    this.#pipe = duplex(this.#child);
    this.writer = new WireWriter(this.#pipe);
    const reader = new WireReader((message) => this.#receive(message));
    this.#pipe.on('data', (chunk: Buffer) => {
      try {
        reader.read(chunk);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.kill('it sent what it should not');
      }
    });
    this.#pipe.on('error', () => {});
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString('latin1')).slice(-STDERR_BYTES);
    });
    this.#child.once('error', (error) => this.#gone(`it did not start: ${error.message}`));
    this.#child.once('exit', (code, signal) => this.#gone(this.#why ?? `it ended (${signal ?? code})`));
    this.#timer = setTimeout(() => this.kill('it said nothing'), options.startMs).unref();
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Last lines that it wrote to its standard error. */
  get said(): string {
    return this.#said.trim();
  }

  open(id: number, order: Order, job: ProcessJob): void {
    this.jobs.set(id, job);
    this.writer.json(MessageType.open, id, order);
  }

  forget(id: number): void {
    if (this.jobs.delete(id)) this.writer.signal(MessageType.close, id);
  }

  kill(why: string): void {
    this.#why ??= why;
    this.#child.kill('SIGKILL');
  }

  /** Lets it end by itself, and makes it end after a second. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#down || this.#child.pid === undefined) return;
    const exited = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.writer.flush();
    this.#pipe.end();
    const force = setTimeout(() => this.kill('closed'), 1_000);
    await exited;
    clearTimeout(force);
  }

  /** Beats are counted, not timed: a gateway that was held up itself does not blame its processes. */
  #beat(): void {
    if (this.#unanswered >= this.#options.missedBeats) {
      this.kill('it does not answer');
      return;
    }
    this.#unanswered++;
    this.writer.signal(MessageType.ping, 0);
  }

  #gone(reason: string): void {
    if (this.#down) return;
    this.#down = true;
    clearTimeout(this.#timer);
    this.#pipe.destroy();
    this.#events.onDown(reason);
  }

  #receive(message: WireMessage): void {
    const { type, payload } = message;
    if (type === MessageType.pong) {
      this.#unanswered = 0;
      return;
    }
    if (type === MessageType.hello) {
      const hello = readHello(payload);
      if (hello === null) return;
      clearTimeout(this.#timer);
      this.#timer = setInterval(() => this.#beat(), this.#options.heartbeatMs).unref();
      this.#events.onHello(hello);
      return;
    }
    const job = this.jobs.get(message.job);
    if (job === undefined) return;
    if (type === MessageType.output) {
      const frame = readFrame(payload);
      if (frame !== null) job.onOutput(frame.place, frame.aux, frame.data);
    } else if (type === MessageType.ack && payload.length === 4) {
      job.onAck(payload.readUInt32LE(0));
    } else if (type === MessageType.outputConfig) {
      const config = readConfig(payload);
      if (config !== null) job.onConfig(config.sps, config.pps);
    } else if (type === MessageType.needKeyframe) {
      job.onNeedKeyframe();
    } else if (type === MessageType.end) {
      this.jobs.delete(message.job);
      const end = readEnd(payload);
      job.onEnd(end.reason, end.detail);
    }
  }
}

function duplex(child: ChildProcess): Duplex {
  const pipe = child.stdio[3];
  if (pipe instanceof Duplex) return pipe;
  // No process, no pipe: `error` follows, and whatever is written until then is lost with it.
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}

function readHello(payload: Buffer): Hello | null {
  const value = readObject(payload);
  if (value === null || !('unavailable' in value)) return null;
  return { unavailable: typeof value['unavailable'] === 'string' ? value['unavailable'] : null };
}

function readEnd(payload: Buffer): End {
  const value = readObject(payload);
  const detail = typeof value?.['detail'] === 'string' ? value['detail'].slice(0, DETAIL_CHARACTERS) : '';
  return { reason: value?.['reason'] === 'refused' ? 'refused' : 'undecodable', detail };
}

function readObject(payload: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
