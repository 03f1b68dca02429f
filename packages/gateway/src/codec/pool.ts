/** The pool of codec processes behind {@link CodecPool}: budgets, and the four kinds of jobs. */
import { JobQueue, type WhenFull } from './job.ts';
import type { Order } from './orders.ts';
import type { ProcessJob } from './process.ts';
import { type Placement, Slots } from './slots.ts';
import type {
  AacInput,
  AacOutput,
  BridgeInput,
  BridgeJob,
  BridgeOutput,
  CodecJob,
  CodecJobKind,
  CodecLimits,
  CodecPool,
  CodecSink,
  ForeignCodec,
  ForeignFrame,
  OpusInput,
  OpusOutput,
} from './types.ts';
import { FORCE_BIT, KEYFRAME_BIT, LEVEL_BITS, LOST_BIT } from './wire.ts';

export interface CodecPoolOptions {
  readonly limits: CodecLimits;
  /** Told of what happens to processes. */
  readonly log?: { warn(sentence: string): void };
  /** A process died. */
  readonly onTrouble?: (sentence: string) => void;
  /** Package name of the codec library; tests give one that is not there. */
  readonly library?: string;
  readonly heartbeatMs?: number;
  readonly missedBeats?: number;
  /** The processes have to say something within this, or codecs count as unavailable. */
  readonly startMs?: number;
  /** A process that hears nothing from the gateway for so long ends itself. */
  readonly silenceMs?: number;
}

/** The pool, with counts for metrics. */
export interface CodecPoolWithCounts extends CodecPool {
  /** Frames dropped because a job fell behind, since the start. */
  readonly dropped: number;
  /** Frames written to open jobs and not done yet. */
  readonly pending: number;
}

/** Frames of sound that a process may hold of one job. */
const AUDIO_WINDOW = 16;
/** Pictures take longer: fewer, so that those dropped are the oldest ones indeed. */
const VIDEO_WINDOW = 4;
/** A bridge drops none, and its group shall be decoded without pauses. */
const BRIDGE_WINDOW = 32;
const LARGEST_PLACE = 2 ** 52;

/**
 * Starts the processes and waits for their first word.
 * @returns a pool whose `unavailable` says whether codecs work; it never rejects.
 */
export async function createCodecPool(options: CodecPoolOptions): Promise<CodecPoolWithCounts> {
  const pool = new Pool(options);
  await pool.started;
  return pool;
}

class Pool implements CodecPoolWithCounts {
  readonly started: Promise<void>;
  readonly jobs: Record<CodecJobKind, number> = {
    'aac-to-opus': 0,
    'opus-to-aac': 0,
    'h264-bridge': 0,
    'video-to-h264': 0,
  };
  unavailable: string | null = 'The codec processes are still starting: try again in a moment.';
  dropped = 0;
  readonly #limits: CodecLimits;
  readonly #slots: Slots;
  readonly #queues = new Set<JobQueue>();
  readonly #log: CodecPoolOptions['log'];

  constructor(options: CodecPoolOptions) {
    this.#limits = options.limits;
    this.#log = options.log;
    let settled: () => void = () => {};
    this.started = new Promise((resolve) => {
      settled = resolve;
    });
    const startMs = options.startMs ?? 15_000;
    const timer = setTimeout(() => {
      this.unavailable = 'No codec process said anything: see the log for what kept it from starting.';
      settled();
    }, startMs);
    this.#slots = new Slots({
      processes: options.limits.processes,
      library: options.library ?? 'node-av',
      heartbeatMs: options.heartbeatMs ?? 1_000,
      missedBeats: options.missedBeats ?? 5,
      startMs,
      silenceMs: options.silenceMs ?? 30_000,
      onHello: (hello) => {
        clearTimeout(timer);
        this.unavailable = hello.unavailable === null ? null : sentence(hello.unavailable);
        if (this.unavailable !== null) {
          options.log?.warn(this.unavailable);
          // A library that is not there does not come by waiting.
          void this.#slots.close();
        }
        settled();
      },
      onTrouble: (text) => {
        options.log?.warn(text);
        options.onTrouble?.(text);
      },
    });
  }

  get pending(): number {
    let sum = 0;
    for (const queue of this.#queues) sum += queue.pending;
    return sum;
  }

  processes(): readonly number[] {
    return this.#slots.pids();
  }

  openAacToOpus(asc: Uint8Array, sink: CodecSink<OpusOutput>): CodecJob<AacInput> | null {
    if (this.#audioJobs() >= this.#limits.maxAudioJobs) return null;
    const order: Order = { kind: 'aac-to-opus', asc: Buffer.from(asc).toString('hex'), ...this.#common() };
    return this.#open(order, audioQueue, sink, {
      output: (place, aux, data) => ({ data, place, level: aux & LEVEL_BITS }),
      write: ({ data, place }, queue) => queue.frame(place, 0, data),
      placeOf: ({ place }) => place,
    });
  }

  openOpusToAac(options: { readonly channels: 1 | 2 }, sink: CodecSink<AacOutput>): CodecJob<OpusInput> | null {
    if (this.#audioJobs() >= this.#limits.maxAudioJobs) return null;
    const order: Order = { kind: 'opus-to-aac', channels: options.channels, ...this.#common() };
    return this.#open(order, audioQueue, sink, {
      output: (place, _aux, data) => ({ data, place }),
      write: ({ data, place, samples }, queue) => {
        const count = Math.min(Math.max(0, Math.round(samples)), LOST_BIT - 1);
        queue.frame(place, data === null ? (count | LOST_BIT) >>> 0 : count, data ?? nothing);
      },
      placeOf: ({ place }) => place,
    });
  }

  openBridge(
    options: { readonly encodeFromMs: number; readonly bitsPerSecond: number },
    sink: CodecSink<BridgeOutput>,
  ): BridgeJob | null {
    if (this.jobs['h264-bridge'] >= this.#limits.maxBridges) return null;
    let force = 0;
    const order: Order = { kind: 'h264-bridge', ...options, ...this.#common() };
    const queue = { window: BRIDGE_WINDOW, uncountedBefore: options.encodeFromMs, whenFull: 'end' } as const;
    const job = this.#open<BridgeInput, BridgeOutput>(order, queue, sink, {
      output: picture,
      config: parameterSets,
      write: (input, line) => {
        if (input.kind === 'video-config') {
          line.config(input.sps, input.pps);
          return;
        }
        line.frame(input.timestampMs, (input.keyframe ? KEYFRAME_BIT : 0) | force, input.data);
        force = 0;
      },
      placeOf: (input) => (input.kind === 'video' ? input.timestampMs : 0),
    });
    if (job === null) return null;
    return {
      ...job,
      requestKeyframe: () => {
        force = FORCE_BIT;
      },
    };
  }

  openVideoToH264(codec: ForeignCodec, sink: CodecSink<BridgeOutput>): CodecJob<ForeignFrame> | null {
    if (this.jobs['video-to-h264'] >= this.#limits.maxVideoJobs) return null;
    return this.#open({ kind: 'video-to-h264', codec, ...this.#common() }, videoQueue, sink, {
      output: picture,
      config: parameterSets,
      write: (input, queue) => queue.frame(input.timestampMs, input.keyframe ? KEYFRAME_BIT : 0, input.data),
      placeOf: ({ timestampMs }) => timestampMs,
    });
  }

  async close(): Promise<void> {
    this.unavailable ??= 'The codec processes were closed: the gateway is stopping.';
    await this.#slots.close();
  }

  #open<Input, Output>(
    order: Order,
    queueRules: QueueRules,
    sink: CodecSink<Output>,
    shape: {
      output(place: number, aux: number, data: Buffer): Output;
      config?(sps: Buffer, pps: Buffer): Output;
      write(input: Input, queue: JobQueue): void;
      placeOf(input: Input): number;
    },
  ): CodecJob<Input> | null {
    if (this.unavailable !== null) return null;
    let open = true;
    let queue: JobQueue | null = null;
    let placement: Placement | null = null;
    const leave = (): void => {
      open = false;
      this.jobs[order.kind]--;
      placement?.leave();
      if (queue !== null) this.#queues.delete(queue);
    };
    const events: ProcessJob = {
      onOutput: (place, aux, data) => {
        if (open) sink.onOutput(shape.output(place, aux, data));
      },
      onConfig: (sps, pps) => {
        if (open && shape.config !== undefined) sink.onOutput(shape.config(sps, pps));
      },
      onAck: (count) => queue?.acknowledged(count),
      onNeedKeyframe: () => {
        if (open) sink.onNeedKeyframe?.();
      },
      onEnd: (reason, detail) => {
        if (!open) return;
        leave();
        if (reason !== 'crashed') this.#log?.warn(`a codec job ended (${order.kind}, ${reason}): ${detail}`);
        sink.onEnd(reason);
      },
    };
    placement = this.#slots.place(order, events);
    if (placement === null) return null;
    this.jobs[order.kind]++;
    const line = new JobQueue(placement.id, placement.process.writer, {
      ...queueRules,
      maxWaiting: this.#limits.maxQueuedFrames,
      whenFull: {
        kind: queueRules.whenFull,
        onEnd: () => events.onEnd('refused', 'it fell behind'),
        onGap: events.onNeedKeyframe,
      },
    });
    queue = line;
    this.#queues.add(line);
    return {
      write: (input) => {
        // Anything else would poison the job's count.
        if (!open || !(Math.abs(shape.placeOf(input)) < LARGEST_PLACE)) return;
        const before = line.dropped;
        shape.write(input, line);
        this.dropped += line.dropped - before;
      },
      close: () => {
        if (open) leave();
      },
    };
  }

  #audioJobs(): number {
    return this.jobs['aac-to-opus'] + this.jobs['opus-to-aac'];
  }

  #common(): { maxPixels: number; maxFillMs: number } {
    return { maxPixels: this.#limits.maxPixels, maxFillMs: this.#limits.maxFillMs };
  }
}

interface QueueRules {
  readonly window: number;
  readonly uncountedBefore?: number;
  readonly whenFull: WhenFull['kind'];
}

const audioQueue: QueueRules = { window: AUDIO_WINDOW, whenFull: 'drop-oldest' };
const videoQueue: QueueRules = { window: VIDEO_WINDOW, whenFull: 'drop-to-keyframe' };

const nothing = new Uint8Array(0);

function parameterSets(sps: Buffer, pps: Buffer): BridgeOutput {
  return { kind: 'video-config', sps, pps };
}

function picture(timestampMs: number, aux: number, data: Buffer): BridgeOutput {
  return { kind: 'video', timestampMs, keyframe: (aux & KEYFRAME_BIT) !== 0, data };
}

function sentence(detail: string): string {
  const first = detail.split('\n', 1)[0] ?? '';
  return `The codec library node-av does not load on this machine (${first}): install it with its optional packages, or go on without sound between phones and browsers.`;
}
