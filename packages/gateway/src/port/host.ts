/** The main thread's side of the port: a gateway that lives in a worker thread, started anew when it dies. */
import { type MessagePort, Worker } from 'node:worker_threads';
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
import { RemoteSignal } from './remote-signal.ts';

/** Longest wait before another start of a worker that keeps dying. */
const MAX_BACKOFF_MS = 5_000;
/** A worker that lived for so long does not "keep dying". */
const STEADY_MS = 60_000;
const WORKER_URL = new URL('../worker.ts', import.meta.url);

export interface StartGatewayOptions {
  readonly host: GatewayHost;
  /** A fresh port to the embedded engine, for `media.kind` `in-process`. */
  readonly openEnginePort?: () => Promise<MessagePort>;
  /** Module that the worker runs; for tests. */
  readonly workerUrl?: URL;
}

/** The gateway could not be started; `code` is the system's, e.g. `EADDRINUSE`. */
export class GatewayStartError extends Error {
  override name = 'GatewayStartError';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Starts a gateway in a worker thread of its own. Rejects with {@link GatewayStartError} when it cannot start at all. When
 * the worker dies later, its phones' connections are closed, it is started anew on the same port, and phones come back by
 * themselves; `onRestart` tells.
 */
export async function startGateway(input: GatewayConfigInput, options: StartGatewayOptions): Promise<Gateway> {
  const host = new GatewayWorker(gatewayConfigSchema.parse(input), options);
  await host.start();
  return host;
}

type Pending =
  | { readonly kind: 'signal'; resolve(value: PhoneSignalAdmission): void; reject(error: Error): void }
  | { readonly kind: 'flv'; resolve(value: FlvAdmission): void; reject(error: Error): void }
  | { readonly kind: 'stats'; resolve(value: GatewayStats): void; reject(error: Error): void }
  | { readonly kind: 'stop'; resolve(): void; reject(error: Error): void };

class GatewayWorker implements Gateway {
  #config: GatewayConfig;
  readonly #options: StartGatewayOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #signals = new Map<number, RemoteSignal>();
  readonly #views = new Map<number, (reason: ViewEnd) => void>();
  readonly #captures = new Map<number, CaptureListener>();
  readonly #audiences: FlvAudiences;
  readonly #restartListeners: ((reason: string) => void)[] = [];
  #worker: Worker | null = null;
  #ready: Promise<void> = Promise.resolve();
  #rtmpPort = 0;
  #nextId = 1;
  #stopping = false;
  #deaths = 0;
  #readyAt = 0;

  constructor(config: GatewayConfig, options: StartGatewayOptions) {
    this.#config = config;
    this.#options = options;
    this.#audiences = new FlvAudiences({
      limits: config.broadcast,
      clock: () => performance.now(),
      onKeyframeNeeded: (feed) => this.#post({ type: 'feed-keyframe', feed }),
    });
  }

  get rtmpPort(): number {
    return this.#rtmpPort;
  }

  start(): Promise<void> {
    this.#ready = this.#spawn();
    return this.#ready;
  }

  async openSignal(request: PhoneSignalRequest): Promise<PhoneSignalAdmission> {
    const id = await this.#prepare();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: 'signal', resolve, reject });
      this.#post({ type: 'signal-open', id, request });
    });
  }

  async openFlv(request: FlvRequest): Promise<FlvAdmission> {
    const id = await this.#prepare();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: 'flv', resolve, reject });
      this.#post({ type: 'flv-open', id, request });
    });
  }

  notify(notice: RoomNotice): void {
    this.#post({ type: 'notice', notice });
  }

  async stats(): Promise<GatewayStats> {
    const id = await this.#prepare();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { kind: 'stats', resolve, reject });
      this.#post({ type: 'stats', id });
    });
  }

  startCapture(request: CaptureRequest, listener: CaptureListener): { stop(): void } {
    const id = this.#nextId++;
    if (this.#worker === null) {
      queueMicrotask(() => listener.onLost());
      return { stop: () => {} };
    }
    this.#captures.set(id, listener);
    this.#post({ type: 'capture-start', id, request });
    return {
      stop: () => {
        if (this.#captures.delete(id)) this.#post({ type: 'capture-stop', id });
      },
    };
  }

  onRestart(listener: (reason: string) => void): void {
    this.#restartListeners.push(listener);
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    if (worker === null) return;
    const id = this.#nextId++;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    const stopped = new Promise<void>((resolve, reject) => {
      this.#pending.set(id, { kind: 'stop', resolve, reject });
      this.#post({ type: 'stop', id, deadlineMs });
    });
    await Promise.race([stopped.catch(() => {}), deadline]);
    clearTimeout(timer);
    await worker.terminate();
    this.#lose('the gateway has stopped');
  }

  async #prepare(): Promise<number> {
    await this.#ready;
    if (this.#stopping || this.#worker === null) throw new Error('the gateway is not running');
    return this.#nextId++;
  }

  #spawn(): Promise<void> {
    const workerData: WorkerData = { config: this.#config };
    const worker = new Worker(this.#options.workerUrl ?? WORKER_URL, { workerData, name: 'gateway' });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          this.#rtmpPort = message.rtmpPort;
          // A worker that starts anew keeps the port that clients know.
          this.#config = { ...this.#config, rtmp: { ...this.#config.rtmp, port: message.rtmpPort } };
          this.#readyAt = performance.now();
          resolve();
        } else if (message.type === 'failed') {
          reject(new GatewayStartError(message.message, message.code));
          // Its port would keep it, and with it nothing would ever be started anew.
          void worker.terminate();
        } else {
          this.#receive(worker, message);
        }
      });
      let reason = 'it ended by itself';
      worker.on('error', (error) => {
        reason = error instanceof Error ? error.message : String(error);
      });
      worker.once('exit', () => {
        reject(new GatewayStartError(reason, ''));
        if (this.#worker === worker) this.#died(reason);
      });
    });
  }

  #died(reason: string): void {
    this.#worker = null;
    this.#lose('the gateway is starting anew');
    // A first start that failed is the caller's to deal with.
    if (this.#stopping || this.#readyAt === 0) return;
    this.#deaths = performance.now() - this.#readyAt > STEADY_MS ? 1 : this.#deaths + 1;
    const pause = Math.min(MAX_BACKOFF_MS, 100 * 2 ** (this.#deaths - 1));
    this.#ready = new Promise<void>((resolve) => setTimeout(resolve, pause)).then(() =>
      this.#stopping ? undefined : this.#spawn(),
    );
    this.#ready.then(
      () => {
        for (const listener of this.#restartListeners) listener(reason);
      },
      // `exit` follows a start that failed, and with it another try.
      () => {},
    );
  }

  /** Whoever waited or was connected through the worker is told that it is gone. */
  #lose(sentence: string): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const one of pending) one.reject(new Error(sentence));
    const signals = [...this.#signals.values()];
    this.#signals.clear();
    for (const signal of signals) signal.end(1012, 'server-restart');
    const views = [...this.#views.values()];
    this.#views.clear();
    for (const end of views) end('shutdown');
    const captures = [...this.#captures.values()];
    this.#captures.clear();
    for (const listener of captures) listener.onLost();
    this.#audiences.closeAll('shutdown');
  }

  #post(message: ToWorker, transfer: readonly MessagePort[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  #receive(worker: Worker, message: Exclude<FromWorker, { type: 'ready' | 'failed' }>): void {
    switch (message.type) {
      case 'refused': {
        const pending = this.#take(message.id);
        if (pending?.kind === 'signal' || pending?.kind === 'flv') pending.resolve(message.refusal);
        return;
      }
      case 'signal-accepted': {
        const connection = new RemoteSignal(message.id, (out) => this.#post(out));
        this.#signals.set(message.id, connection);
        const pending = this.#take(message.id);
        if (pending?.kind === 'signal') pending.resolve({ kind: 'accepted', connection });
        return;
      }
      case 'signal-frame':
        this.#signals.get(message.id)?.deliver(message.frame);
        return;
      case 'signal-close': {
        const signal = this.#signals.get(message.id);
        this.#signals.delete(message.id);
        signal?.end(message.code, message.reason);
        return;
      }
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
        void this.#answer(worker, message.id, message.call);
        return;
      case 'engine-port-wanted':
        void this.#sendEnginePort(worker, message.id);
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
      case 'stopped': {
        const pending = this.#take(message.id);
        if (pending?.kind === 'stop') pending.resolve();
      }
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #attach(id: number, feed: number, socket: ViewerSocket): Viewer {
    const left = () => {
      if (this.#views.delete(id)) this.#post({ type: 'flv-left', id });
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
      this.#post({ type: 'flv-left', id });
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

  async #answer(worker: Worker, id: number, call: HostCall): Promise<void> {
    try {
      this.#postTo(worker, { type: 'host-answer', id, answer: await this.#ask(call) });
    } catch (error) {
      this.#postTo(worker, { type: 'host-error', id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  /** For the worker that asked: the next one numbers its questions anew, and must not take another's answer for its own. */
  #postTo(worker: Worker, message: ToWorker, transfer: readonly MessagePort[] = []): void {
    if (this.#worker === worker) this.#post(message, transfer);
    else for (const port of transfer) port.close();
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

  async #sendEnginePort(worker: Worker, id: number): Promise<void> {
    let port: MessagePort | null = null;
    try {
      port = (await this.#options.openEnginePort?.()) ?? null;
    } catch {
      // The engine is starting anew: the link asks again.
    }
    this.#postTo(worker, { type: 'engine-port', id, port }, port === null ? [] : [port]);
  }
}
