/** The main thread's side of the port: a gateway that lives in a worker thread, started anew when it dies. */
import type { MessagePort } from 'node:worker_threads';
import { type Reply, RestartingWorker } from '@lianmai/media/worker';
import pino from 'pino';
import type { CaptureRequest } from '../capture/types.ts';
import { type GatewayConfig, type GatewayConfigInput, gatewayConfigSchema } from '../config.ts';
import type { GatewayHost, RoomNotice } from '../host.ts';
import type { ViewEnd, Viewer, ViewerSocket } from '../stream/types.ts';
import type {
  CaptureListener,
  FlvAdmission,
  FlvRequest,
  Gateway,
  GatewayStats,
  PhoneSignalAdmission,
  PhoneSignalRequest,
} from '../types.ts';
import { FlvAudiences } from './flv-audiences.ts';
import type { FromWorker, HostAnswer, HostCall, ToWorker, WorkerData } from './messages.ts';
import { RemoteSignals } from './remote-signal.ts';

/** A request that arrives while the worker is being started anew waits at most this long. */
const RESTART_PATIENCE_MS = 10_000;
const WORKER_URL = new URL('../worker.ts', import.meta.url);

export interface StartGatewayOptions {
  readonly host: GatewayHost;
  /** A fresh port to the embedded engine, for `media.kind` `in-process`. */
  readonly openEnginePort?: () => Promise<MessagePort>;
  /** Module that the worker runs; for tests. */
  readonly workerUrl?: URL;
}

/**
 * Starts a gateway in a worker thread of its own. Rejects with an error whose `code` is the system's (`EADDRINUSE`)
 * when it cannot start at all. When the worker dies later, its phones' connections are closed, it is started anew on the
 * same port, and phones come back by themselves; `onRestart` tells.
 */
export async function startGateway(input: GatewayConfigInput, options: StartGatewayOptions): Promise<Gateway> {
  const host = new GatewayWorker(gatewayConfigSchema.parse(input), options);
  await host.start();
  return host;
}

type Pending =
  | { readonly kind: 'signal'; resolve(value: PhoneSignalAdmission): void; reject(error: Error): void }
  | { readonly kind: 'flv'; resolve(value: FlvAdmission): void; reject(error: Error): void }
  | { readonly kind: 'stats'; resolve(value: GatewayStats): void; reject(error: Error): void };

class GatewayWorker implements Gateway {
  #config: GatewayConfig;
  readonly #options: StartGatewayOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #signals = new RemoteSignals((message) => this.#worker.post(message));
  readonly #views = new Map<number, (reason: ViewEnd) => void>();
  readonly #captures = new Map<number, CaptureListener>();
  readonly #audiences: FlvAudiences;
  readonly #worker: RestartingWorker<ToWorker, FromWorker>;
  #rtmpPort = 0;

  constructor(config: GatewayConfig, options: StartGatewayOptions) {
    this.#config = config;
    this.#options = options;
    this.#worker = new RestartingWorker({
      url: options.workerUrl ?? WORKER_URL,
      name: 'gateway',
      what: 'the gateway',
      patienceMs: RESTART_PATIENCE_MS,
      workerData: (): WorkerData => ({ config: this.#config }),
      onMessage: (message, reply) => this.#receive(message, reply),
      onLost: (sentence) => this.#lose(sentence),
      log: pino({ name: 'gateway', level: config.logLevel }),
    });
    this.#audiences = new FlvAudiences({
      limits: config.broadcast,
      clock: () => performance.now(),
      onKeyframeNeeded: (feed) => this.#worker.post({ type: 'feed-keyframe', feed }),
    });
  }

  get rtmpPort(): number {
    return this.#rtmpPort;
  }

  start(): Promise<void> {
    return this.#worker.start();
  }

  async openSignal(request: PhoneSignalRequest): Promise<PhoneSignalAdmission> {
    const id = await this.#worker.prepare();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: 'signal', resolve, reject });
      this.#worker.post({ type: 'signal-open', id, request });
    });
  }

  async openFlv(request: FlvRequest): Promise<FlvAdmission> {
    const id = await this.#worker.prepare();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: 'flv', resolve, reject });
      this.#worker.post({ type: 'flv-open', id, request });
    });
  }

  notify(notice: RoomNotice): void {
    this.#worker.post({ type: 'notice', notice });
  }

  async stats(): Promise<GatewayStats> {
    const id = await this.#worker.prepare();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: 'stats', resolve, reject });
      this.#worker.post({ type: 'stats', id });
    });
  }

  startCapture(request: CaptureRequest, listener: CaptureListener): { stop(): void } {
    const id = this.#worker.nextId();
    if (!this.#worker.running) {
      queueMicrotask(() => listener.onLost());
      return { stop: () => {} };
    }
    this.#captures.set(id, listener);
    this.#worker.post({ type: 'capture-start', id, request });
    return {
      stop: () => {
        if (this.#captures.delete(id)) this.#worker.post({ type: 'capture-stop', id });
      },
    };
  }

  onRestart(listener: (reason: string) => void): void {
    this.#worker.onRestart(listener);
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#worker.stop({ type: 'stop', id: this.#worker.nextId(), deadlineMs }, deadlineMs);
  }

  /** Whoever waited or was connected through the worker is told that it is gone. */
  #lose(sentence: string): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const one of pending) one.reject(new Error(sentence));
    this.#signals.endAll(1012, 'server-restart');
    const views = [...this.#views.values()];
    this.#views.clear();
    for (const end of views) end('shutdown');
    const captures = [...this.#captures.values()];
    this.#captures.clear();
    for (const listener of captures) listener.onLost();
    this.#audiences.closeAll('shutdown');
  }

  #receive(message: FromWorker, reply: Reply<ToWorker>): void {
    switch (message.type) {
      case 'ready':
        this.#rtmpPort = message.rtmpPort;
        // A worker that starts anew keeps the port that clients know.
        this.#config = { ...this.#config, rtmp: { ...this.#config.rtmp, port: message.rtmpPort } };
        return;
      case 'refused': {
        const pending = this.#take(message.id);
        if (pending?.kind === 'signal' || pending?.kind === 'flv') pending.resolve(message.refusal);
        return;
      }
      case 'signal-accepted': {
        const connection = this.#signals.open(message.id);
        const pending = this.#take(message.id);
        if (pending?.kind === 'signal') pending.resolve({ kind: 'accepted', connection });
        return;
      }
      case 'signal-frame':
        this.#signals.deliver(message.id, message.frame);
        return;
      case 'signal-close':
        this.#signals.end(message.id, message.code, message.reason);
        return;
      case 'flv-accepted': {
        const pending = this.#take(message.id);
        const { id, feed } = message;
        if (pending?.kind === 'flv') {
          pending.resolve({ kind: 'accepted', attach: (socket) => this.#attach(id, feed, socket) });
        }
        return;
      }
      case 'flv-end': {
        const end = this.#views.get(message.id);
        this.#views.delete(message.id);
        end?.(message.reason);
        return;
      }
      case 'feed-open':
        this.#audiences.open(message.feed, message.tracks);
        return;
      case 'feed-event':
        this.#audiences.tell(message.feed, message.event);
        return;
      case 'feed-close':
        this.#audiences.close(message.feed);
        return;
      case 'host-call':
        void this.#answer(reply, message.id, message.call);
        return;
      case 'engine-port-wanted':
        void this.#sendEnginePort(reply, message.id);
        return;
      case 'stats': {
        const pending = this.#take(message.id);
        if (pending?.kind === 'stats') pending.resolve(message.stats);
        return;
      }
      case 'capture-record': {
        const listener = this.#captures.get(message.id);
        if (message.record.kind === 'end') this.#captures.delete(message.id);
        listener?.onRecord(message.record);
        return;
      }
      case 'error':
        this.#take(message.id)?.reject(new Error(message.message));
        return;
      default:
        // A failed start and the end are the worker's life, not ours.
        return;
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #attach(id: number, feed: number, socket: ViewerSocket): Viewer {
    const left = () => {
      if (this.#views.delete(id)) this.#worker.post({ type: 'flv-left', id });
    };
    let viewer: Viewer;
    try {
      viewer = this.#audiences.attach(feed, {
        write: (chunk) => socket.write(chunk),
        backlogBytes: () => socket.backlogBytes(),
        end: (reason) => {
          left();
          socket.end(reason);
        },
      });
    } catch (error) {
      this.#worker.post({ type: 'flv-left', id });
      throw error;
    }
    this.#views.set(id, (reason) => viewer.end(reason));
    return {
      leave: () => {
        left();
        viewer.leave();
      },
      end: (reason) => viewer.end(reason),
    };
  }

  async #answer(reply: Reply<ToWorker>, id: number, call: HostCall): Promise<void> {
    try {
      reply({ type: 'host-answer', id, answer: await this.#ask(call) });
    } catch (error) {
      reply({ type: 'host-error', id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #ask(call: HostCall): Promise<HostAnswer> {
    const { host } = this.#options;
    switch (call.method) {
      case 'admit':
        return host.admit(call.request);
      case 'mediaToken':
        return { kind: 'token', token: await host.mediaToken(call.request) };
      case 'act':
        return { kind: 'done', code: await host.act(call.request) };
    }
  }

  async #sendEnginePort(reply: Reply<ToWorker>, id: number): Promise<void> {
    let port: MessagePort | null = null;
    try {
      port = (await this.#options.openEnginePort?.()) ?? null;
    } catch {
      // The engine is starting anew: the link asks again.
    }
    reply({ type: 'engine-port', id, port }, port === null ? [] : [port]);
  }
}
