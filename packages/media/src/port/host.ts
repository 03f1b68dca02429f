/** The main thread's side of the port: an engine that lives in a worker thread, started anew when it dies. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type EngineConfigInput, parseEngineConfig } from '../config.ts';
import { Revocations } from '../signal/revocations.ts';
import type { FromWorker, ToWorker, WorkerData } from './messages.ts';
import { RemoteSession } from './remote-session.ts';
import type {
  ApiRequest,
  EngineAddress,
  EngineEvent,
  MediaEngine,
  PlainAnswer,
  SignalAdmission,
  SignalRequest,
} from './types.ts';

/** Longest wait before another start of a worker that keeps dying. */
const MAX_BACKOFF_MS = 5_000;
/** A worker that lived for so long does not "keep dying". */
const STEADY_MS = 60_000;
/** A request that arrives while the worker is being started anew waits at most this long. */
const RESTART_PATIENCE_MS = 3_000;
const WORKER_URL = new URL('../worker.ts', import.meta.url);

export interface StartOptions {
  /** Module that the worker runs; for tests. */
  readonly workerUrl?: URL;
}

/**
 * Starts an engine in a worker thread of its own. Rejects when it cannot start at all (a busy port, a wrong setting).
 * When the worker dies later, its signal sessions are closed, it is started anew on the same port, and clients come back
 * by themselves; `onRestart` tells.
 */
export async function startEngine(input: EngineConfigInput, options: StartOptions = {}): Promise<MediaEngine> {
  parseEngineConfig(input);
  const host = new EngineHost(input, options.workerUrl ?? WORKER_URL);
  await host.start();
  return host;
}

type Pending =
  | { readonly kind: 'admission'; resolve(value: SignalAdmission): void; reject(error: Error): void }
  | { readonly kind: 'answer'; resolve(value: PlainAnswer): void; reject(error: Error): void }
  | { readonly kind: 'stop'; resolve(): void; reject(error: Error): void };

class EngineHost implements MediaEngine {
  #input: EngineConfigInput;
  readonly #workerUrl: URL;
  readonly #revocations = new Revocations(() => Date.now());
  readonly #eventListeners: ((event: EngineEvent) => void)[] = [];
  readonly #restartListeners: ((reason: string) => void)[] = [];
  readonly #pending = new Map<number, Pending>();
  readonly #sessions = new Map<number, RemoteSession>();
  #worker: Worker | null = null;
  #ready: Promise<void> = Promise.resolve();
  #addresses: readonly EngineAddress[] = [];
  #nextId = 1;
  #stopping = false;
  #deaths = 0;
  /** Monotonic ms when the worker was last ready. */
  #readyAt = 0;

  constructor(input: EngineConfigInput, workerUrl: URL) {
    this.#input = input;
    this.#workerUrl = workerUrl;
  }

  get addresses(): readonly EngineAddress[] {
    return this.#addresses;
  }

  start(): Promise<void> {
    this.#ready = this.#spawn();
    return this.#ready;
  }

  async openSignal(request: SignalRequest): Promise<SignalAdmission> {
    const id = await this.#prepare();
    return new Promise<SignalAdmission>((resolve, reject) => {
      this.#pending.set(id, { kind: 'admission', resolve, reject });
      this.#post({ type: 'open', id, request });
    });
  }

  async validate(request: SignalRequest): Promise<PlainAnswer> {
    const id = await this.#prepare();
    return this.#ask(id, { type: 'validate', id, request });
  }

  async callApi(request: ApiRequest): Promise<PlainAnswer> {
    const id = await this.#prepare();
    return this.#ask(id, { type: 'api', id, request });
  }

  setRevocation(room: string, identity: string, until: number | null): void {
    // Kept here as well: a worker that starts anew must know them before it admits anybody.
    this.#revocations.set(room, identity, until);
    this.#post({ type: 'revoke', room, identity, until });
  }

  async openLocal(): Promise<MessagePort> {
    await this.#prepare();
    const { port1, port2 } = new MessageChannel();
    this.#worker?.postMessage({ type: 'local', port: port1 } satisfies ToWorker, [port1]);
    return port2;
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  onRestart(listener: (reason: string) => void): void {
    this.#restartListeners.push(listener);
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    if (worker) {
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
    }
    this.#fail('the media engine has stopped');
  }

  /** Waits for a restart under way, within reason. */
  async #prepare(): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the media engine is starting anew')), RESTART_PATIENCE_MS);
    });
    try {
      await Promise.race([this.#ready, impatience]);
    } finally {
      clearTimeout(timer);
    }
    if (this.#stopping || !this.#worker) throw new Error('the media engine is not running');
    return this.#nextId++;
  }

  #ask(id: number, message: ToWorker): Promise<PlainAnswer> {
    return new Promise<PlainAnswer>((resolve, reject) => {
      this.#pending.set(id, { kind: 'answer', resolve, reject });
      this.#post(message);
    });
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #spawn(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const workerData: WorkerData = { config: this.#input };
      const worker = new Worker(this.#workerUrl, { workerData, name: 'lianmai-media' });
      this.#worker = worker;
      let started = false;
      let cause = '';
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          started = true;
          this.#readyAt = performance.now();
          this.#keepPort(message.addresses);
          for (const [room, identity, until] of this.#revocations.entries()) {
            this.#post({ type: 'revoke', room, identity, until });
          }
          resolve();
        } else if (message.type === 'failed') {
          cause = message.message;
          void worker.terminate();
        } else {
          this.#onMessage(message);
        }
      });
      worker.on('error', (error) => {
        cause = error instanceof Error ? error.message : String(error);
      });
      worker.on('exit', (code) => {
        if (this.#worker === worker) this.#worker = null;
        const reason = cause || `the worker ended with code ${code}`;
        if (!started) {
          reject(new Error(reason));
          return;
        }
        if (this.#stopping) return;
        // Being ready is not enough: what kills it may come with the first client.
        if (performance.now() - this.#readyAt >= STEADY_MS) this.#deaths = 0;
        this.#fail('the media engine died');
        this.#restart(reason);
      });
    });
  }

  #restart(reason: string): void {
    const wait = this.#deaths === 0 ? 0 : Math.min(MAX_BACKOFF_MS, 100 * 2 ** this.#deaths);
    this.#deaths++;
    this.#ready = new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        if (this.#stopping) {
          reject(new Error('the media engine has stopped'));
          return;
        }
        this.#spawn().then(
          () => {
            resolve();
            for (const listener of this.#restartListeners) listener(reason);
          },
          (error: unknown) => {
            reject(error instanceof Error ? error : new Error(String(error)));
            if (!this.#stopping) this.#restart(String(error));
          },
        );
      }, wait);
    });
    // Whoever waits is told; nobody need wait.
    this.#ready.catch(() => {});
  }

  /** A port chosen by the system stays the same over a restart: firewalls and clients know it. */
  #keepPort(addresses: readonly EngineAddress[]): void {
    this.#addresses = addresses;
    const port = addresses[0]?.port;
    if (port !== undefined) this.#input = { ...this.#input, rtc: { ...this.#input.rtc, port } };
  }

  #onMessage(message: Exclude<FromWorker, { type: 'ready' | 'failed' }>): void {
    switch (message.type) {
      case 'accepted': {
        const pending = this.#take(message.id, 'admission');
        const session = new RemoteSession(message.id, (out) => this.#post(out));
        this.#sessions.set(message.id, session);
        pending?.resolve({ kind: 'accepted', connection: session });
        return;
      }
      case 'refused':
        this.#take(message.id, 'admission')?.resolve({ kind: 'refused', answer: message.answer });
        return;
      case 'answer':
        this.#take(message.id, 'answer')?.resolve(message.answer);
        return;
      case 'error':
        this.#pending.get(message.id)?.reject(new Error(message.message));
        this.#pending.delete(message.id);
        return;
      case 'frame':
        this.#sessions.get(message.session)?.deliver(message.frame);
        return;
      case 'close':
        this.#sessions.get(message.session)?.end(message.code, message.reason);
        this.#sessions.delete(message.session);
        return;
      case 'event':
        for (const listener of this.#eventListeners) listener(message.event);
        return;
      case 'stopped':
        this.#take(message.id, 'stop')?.resolve();
    }
  }

  #take<K extends Pending['kind']>(id: number, kind: K): Extract<Pending, { kind: K }> | undefined {
    const pending = this.#pending.get(id);
    if (!isKind(pending, kind)) return undefined;
    this.#pending.delete(id);
    return pending;
  }

  /** Everything under way is over: requests fail, WebSockets close (1012: service restart) and come back. */
  #fail(reason: string): void {
    for (const pending of this.#pending.values()) pending.reject(new Error(reason));
    this.#pending.clear();
    for (const session of this.#sessions.values()) session.end(1012, 'restart');
    this.#sessions.clear();
  }
}

function isKind<K extends Pending['kind']>(
  pending: Pending | undefined,
  kind: K,
): pending is Extract<Pending, { kind: K }> {
  return pending?.kind === kind;
}
