/** The jobs of one codec process: opens them, feeds each in order, tells what they make. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { End, Order } from '../orders.ts';
import { MessageType, readConfig, readFrame, type WireMessage, type WireWriter } from '../wire.ts';
import { openAacToOpus } from './aac-to-opus.ts';
import { openBridge } from './h264-bridge.ts';
import type { ChildJob, JobOutput } from './job.ts';
import { JobEnded, type Library } from './library.ts';
import { openOpusToAac } from './opus-to-aac.ts';
import { openVideoToH264 } from './video-to-h264.ts';

/** A job that has much to do lets others have a turn after so many milliseconds. */
const TURN_MS = 4;

/** One job with the messages that wait for it; how many may wait is the gateway's rule. */
interface Running {
  readonly id: number;
  readonly waiting: WireMessage[];
  job: ChildJob | null;
  busy: boolean;
  closed: boolean;
}

export class Runner {
  readonly #library: Library;
  readonly #writer: WireWriter;
  readonly #jobs = new Map<number, Running>();

  constructor(library: Library, writer: WireWriter) {
    this.#library = library;
    this.#writer = writer;
  }

  receive(message: WireMessage): void {
    if (message.type === MessageType.open) {
      void this.#open(message.job, JSON.parse(message.payload.toString()) as Order);
      return;
    }
    const running = this.#jobs.get(message.job);
    if (running === undefined) return;
    if (message.type === MessageType.close) {
      running.closed = true;
      this.#jobs.delete(running.id);
      if (!running.busy) this.#dispose(running);
      return;
    }
    running.waiting.push(message);
    if (!running.busy) void this.#work(running);
  }

  async #open(id: number, order: Order): Promise<void> {
    const running: Running = { id, waiting: [], job: null, busy: true, closed: false };
    this.#jobs.set(id, running);
    try {
      running.job = await this.#start(order, this.#output(running));
    } catch (error) {
      this.#end(running, error);
      return;
    }
    await this.#work(running);
  }

  #start(order: Order, output: JobOutput): Promise<ChildJob> {
    switch (order.kind) {
      case 'aac-to-opus':
        return openAacToOpus(this.#library, order, output);
      case 'opus-to-aac':
        return openOpusToAac(this.#library, order, output);
      case 'h264-bridge':
        return openBridge(this.#library, order, output);
      case 'video-to-h264':
        return openVideoToH264(this.#library, order, output);
    }
  }

  async #work(running: Running): Promise<void> {
    running.busy = true;
    let begun = performance.now();
    try {
      while (running.waiting.length > 0 && !running.closed) {
        const message = running.waiting.shift();
        if (message === undefined || running.job === null) break;
        const pending = feed(running.job, message);
        if (pending !== undefined) await pending;
        if (!running.closed && message.type === MessageType.input) this.#writer.number(MessageType.ack, running.id, 1);
        if (performance.now() - begun < TURN_MS) continue;
        this.#writer.flush();
        await nextTurn();
        begun = performance.now();
      }
    } catch (error) {
      this.#end(running, error);
      return;
    }
    running.busy = false;
    if (running.closed) this.#dispose(running);
  }

  #end(running: Running, error: unknown): void {
    const reason = error instanceof JobEnded ? error.reason : 'undecodable';
    const end: End = { reason, detail: error instanceof Error ? error.message : String(error) };
    if (!running.closed) this.#writer.json(MessageType.end, running.id, end);
    running.closed = true;
    this.#jobs.delete(running.id);
    this.#dispose(running);
  }

  #dispose(running: Running): void {
    running.waiting.length = 0;
    const { job } = running;
    running.job = null;
    job?.close();
  }

  #output(running: Running): JobOutput {
    const writer = this.#writer;
    return {
      frame: (place, aux, data) => {
        if (!running.closed) writer.frame(MessageType.output, running.id, place, aux, data);
      },
      config: (sps, pps) => {
        if (!running.closed) writer.config(MessageType.outputConfig, running.id, sps, pps);
      },
      needKeyframe: () => {
        if (!running.closed) writer.signal(MessageType.needKeyframe, running.id);
      },
    };
  }
}

function feed(job: ChildJob, message: WireMessage): void | Promise<void> {
  if (message.type === MessageType.input) {
    const frame = readFrame(message.payload);
    if (frame !== null) return job.frame(frame.place, frame.aux, frame.data);
  } else if (message.type === MessageType.config) {
    const config = readConfig(message.payload);
    if (config !== null) return job.config(config.sps, config.pps);
  }
}
