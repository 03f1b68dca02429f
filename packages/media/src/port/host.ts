/** The main thread's side of the port: an engine that lives in a worker thread, started anew when it dies. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import pino from 'pino';
import { type EngineConfigInput, parseEngineConfig } from '../config.ts';
import { Revocations } from '../signal/revocations.ts';
import type { FromWorker, ToWorker, WorkerData } from './messages.ts';
import { RemoteSessions } from './remote-session.ts';
import { RestartingWorker } from './restarting-worker.ts';
import type {
  ApiRequest,
  EngineAddress,
  EngineEvent,
  MediaEngine,
  PlainAnswer,
  SignalAdmission,
  SignalRequest,
} from './types.ts';

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
  const host = new EngineHost(input, options.workerUrl ?? WORKER_URL);
  await host.start();
  return host;
}

type Pending =
  | { readonly kind: 'admission'; resolve(value: SignalAdmission): void; reject(error: Error): void }
  | { readonly kind: 'answer'; resolve(value: PlainAnswer): void; reject(error: Error): void };

class EngineHost implements MediaEngine {
  #input: EngineConfigInput;
  readonly #worker: RestartingWorker<ToWorker, FromWorker>;
  readonly #revocations = new Revocations(() => Date.now());
  readonly #eventListeners: ((event: EngineEvent) => void)[] = [];
  readonly #pending = new Map<number, Pending>();
  readonly #sessions = new RemoteSessions((message) => this.#worker.post(message));
  #addresses: readonly EngineAddress[] = [];

  constructor(input: EngineConfigInput, workerUrl: URL) {
    this.#input = input;
    const { logLevel: level } = parseEngineConfig(input);
    this.#worker = new RestartingWorker({
      url: workerUrl,
      name: 'lianmai-media',
      what: 'the media engine',
      patienceMs: RESTART_PATIENCE_MS,
      workerData: (): WorkerData => ({ config: this.#input }),
      onMessage: (message) => this.#onMessage(message),
      onLost: (sentence) => this.#fail(sentence),
      log: pino({ name: 'lianmai-media', level }),
    });
  }

  get addresses(): readonly EngineAddress[] {
    return this.#addresses;
  }

  start(): Promise<void> {
    return this.#worker.start();
  }

  async openSignal(request: SignalRequest): Promise<SignalAdmission> {
    const id = await this.#worker.prepare();
    return new Promise<SignalAdmission>((resolve, reject) => {
      this.#pending.set(id, { kind: 'admission', resolve, reject });
      this.#worker.post({ type: 'open', id, request });
    });
  }

  async validate(request: SignalRequest): Promise<PlainAnswer> {
    const id = await this.#worker.prepare();
    return this.#ask(id, { type: 'validate', id, request });
  }

  async callApi(request: ApiRequest): Promise<PlainAnswer> {
    const id = await this.#worker.prepare();
    return this.#ask(id, { type: 'api', id, request });
  }

  setRevocation(room: string, identity: string, until: number | null): void {
    // Kept here as well: a worker that starts anew must know them before it admits anybody.
    this.#revocations.set(room, identity, until);
    this.#worker.post({ type: 'revoke', room, identity, until });
  }

  async openLocal(): Promise<MessagePort> {
    await this.#worker.prepare();
    const { port1, port2 } = new MessageChannel();
    this.#worker.post({ type: 'local', port: port1 }, [port1]);
    return port2;
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  onRestart(listener: (reason: string) => void): void {
    this.#worker.onRestart(listener);
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#worker.stop({ type: 'stop', id: this.#worker.nextId(), deadlineMs }, deadlineMs);
  }

  #ask(id: number, message: ToWorker): Promise<PlainAnswer> {
    return new Promise<PlainAnswer>((resolve, reject) => {
      this.#pending.set(id, { kind: 'answer', resolve, reject });
      this.#worker.post(message);
    });
  }

  /** A port chosen by the system stays the same over a restart: firewalls and clients know it. */
  #keepPort(addresses: readonly EngineAddress[]): void {
    this.#addresses = addresses;
    const port = addresses[0]?.port;
    if (port !== undefined) this.#input = { ...this.#input, rtc: { ...this.#input.rtc, port } };
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#keepPort(message.addresses);
        for (const [room, identity, until] of this.#revocations.entries()) {
          this.#worker.post({ type: 'revoke', room, identity, until });
        }
        return;
      case 'accepted': {
        const pending = this.#take(message.id, 'admission');
        const connection = this.#sessions.open(message.id);
        pending?.resolve({ kind: 'accepted', connection });
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
        this.#sessions.deliver(message.session, message.frame);
        return;
      case 'close':
        this.#sessions.end(message.session, message.code, message.reason);
        return;
      case 'event':
        for (const listener of this.#eventListeners) listener(message.event);
        return;
      default:
        // A failed start and the end are the worker's life, not ours.
        return;
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
    this.#sessions.endAll(1012, 'restart');
  }
}

function isKind<K extends Pending['kind']>(
  pending: Pending | undefined,
  kind: K,
): pending is Extract<Pending, { kind: K }> {
  return pending?.kind === kind;
}
