/** A worker thread that is started anew when it ends by itself: what hosts of such workers have in common. */
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';

/** Longest wait before another start of a worker that keeps dying. */
const MAX_BACKOFF_MS = 5_000;
/** A worker that lived for so long does not "keep dying". */
const STEADY_MS = 60_000;

/** The worker could not be started; `code` is the system's, e.g. `EADDRINUSE`, or empty. */
export class WorkerStartError extends Error {
  override name = 'WorkerStartError';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What a worker posts. Three kinds are read here: `ready` (once, when it has started), `failed` (instead: it could not, with
 * `message` and perhaps a `code`) and `stopped` (it has done what was asked of it before its end).
 */
export interface WorkerMessage {
  readonly type: string;
  readonly message?: unknown;
  readonly code?: unknown;
}

/** Posts to the worker that sent the message, if it still lives: the next one numbers its questions anew. */
export type Reply<To> = (message: To, transfer?: readonly MessagePort[]) => void;

export interface RestartingWorkerParts<To, From extends WorkerMessage> {
  readonly url: URL;
  /** Name of the thread. */
  readonly name: string;
  /** What it is called in errors: `the media engine`. */
  readonly what: string;
  /** Whoever comes while it is being started anew waits at most this long. */
  readonly patienceMs: number;
  /** Handed to the worker at each start. */
  readonly workerData: () => unknown;
  /** `ready` is told before anybody who waits for it goes on. */
  readonly onMessage: (message: From, reply: Reply<To>) => void;
  /** The worker is gone, and with it all that was under way through it. */
  readonly onLost: (sentence: string) => void;
  readonly log: Pick<Logger, 'error'>;
}

/**
 * One worker thread, and after its death the next one. What was under way through a worker that died is over (`onLost`); what
 * comes while another one starts waits for it (`prepare`), or is lost (`post`).
 */
export class RestartingWorker<To, From extends WorkerMessage> {
  readonly #parts: RestartingWorkerParts<To, From>;
  readonly #restartListeners: ((reason: string) => void)[] = [];
  #worker: Worker | null = null;
  /** It has said `ready`: before that it listens to nothing. */
  #serves = false;
  #ready: Promise<void> = Promise.resolve();
  #nextId = 1;
  #stopping = false;
  #stopped: () => void = () => {};
  #deaths = 0;
  /** Monotonic ms when it was last ready. */
  #readyAt = 0;

  constructor(parts: RestartingWorkerParts<To, From>) {
    this.#parts = parts;
  }

  /** Whether what is posted now is heard: false while a worker starts, and when there is none. */
  get running(): boolean {
    return this.#serves;
  }

  /** The first start. Rejects with {@link WorkerStartError}; then there is no other. */
  start(): Promise<void> {
    this.#ready = this.#spawn();
    return this.#ready;
  }

  /** It died, and has been started anew. */
  onRestart(listener: (reason: string) => void): void {
    this.#restartListeners.push(listener);
  }

  /** A number for a question. */
  nextId(): number {
    return this.#nextId++;
  }

  /** Waits for a restart under way, within reason, and answers a number for a question. */
  async prepare(): Promise<number> {
    const { what, patienceMs } = this.#parts;
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${what} is starting anew`)), patienceMs);
    });
    try {
      await Promise.race([this.#ready, impatience]);
    } finally {
      clearTimeout(timer);
    }
    if (this.#stopping || this.#worker === null) throw new Error(`${what} is not running`);
    return this.nextId();
  }

  /** Lost when there is no worker now. */
  post(message: To, transfer: readonly MessagePort[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  /** Posts the worker's last order, waits until it is done (or for so long), and ends it. */
  async stop(order: To, deadlineMs: number): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    // One that is still starting would not hear the order.
    if (worker !== null && !this.#serves) await worker.terminate();
    else if (worker !== null) {
      let timer: NodeJS.Timeout | undefined;
      const done = new Promise<void>((resolve) => {
        this.#stopped = resolve;
        timer = setTimeout(resolve, deadlineMs);
      });
      worker.postMessage(order);
      await done;
      clearTimeout(timer);
      await worker.terminate();
    }
    this.#parts.onLost(`${this.#parts.what} has stopped`);
  }

  #spawn(): Promise<void> {
    const { url, name, workerData, what, onMessage, onLost } = this.#parts;
    const worker = new Worker(url, { workerData: workerData(), name });
    this.#worker = worker;
    const reply: Reply<To> = (message, transfer = []) => {
      if (this.#worker === worker) worker.postMessage(message, transfer);
      else for (const port of transfer) port.close();
    };
    return new Promise<void>((resolve, reject) => {
      let started = false;
      let cause = '';
      let code = '';
      worker.on('message', (message: From) => {
        if (message.type === 'failed') {
          cause = String(message.message);
          code = typeof message.code === 'string' ? message.code : '';
          // Its port would keep it, and with it nothing would ever be started anew.
          void worker.terminate();
          return;
        }
        onMessage(message, reply);
        if (message.type === 'stopped') this.#stopped();
        if (message.type !== 'ready') return;
        started = true;
        if (this.#worker === worker) this.#serves = true;
        this.#readyAt = performance.now();
        resolve();
      });
      worker.on('error', (error) => {
        cause = error instanceof Error ? error.message : String(error);
      });
      worker.on('exit', (exitCode) => {
        if (this.#worker === worker) {
          this.#worker = null;
          this.#serves = false;
        }
        this.#stopped();
        const reason = cause || `the worker ended with code ${exitCode}`;
        if (!started) {
          reject(new WorkerStartError(reason, code));
          return;
        }
        if (this.#stopping) return;
        // Being ready is not enough: what kills it may come with the first client.
        if (performance.now() - this.#readyAt >= STEADY_MS) this.#deaths = 0;
        onLost(`${what} died`);
        this.#restart(reason);
      });
    });
  }

  /** A listener that throws is its own defect: the others are told, and the process lives. */
  #tell(listener: (reason: string) => void, reason: string): void {
    try {
      listener(reason);
    } catch (err) {
      this.#parts.log.error({ err }, 'a listener of a restart failed');
    }
  }

  #restart(reason: string): void {
    const wait = this.#deaths === 0 ? 0 : Math.min(MAX_BACKOFF_MS, 100 * 2 ** this.#deaths);
    this.#deaths++;
    this.#ready = new Promise<void>((resolve) => setTimeout(resolve, wait)).then(() => {
      if (this.#stopping) throw new Error(`${this.#parts.what} has stopped`);
      return this.#spawn();
    });
    this.#ready.then(
      () => {
        for (const listener of this.#restartListeners) this.#tell(listener, reason);
      },
      (error: unknown) => {
        if (!this.#stopping) this.#restart(String(error));
      },
    );
  }
}
