/** Captures that wait for their stream, and the ends that look at connections for them. */
import { type ClientCommand, readCommand, readCommandValues } from '../rtmp/command.ts';
import { MESSAGE } from '../rtmp/constants.ts';
import { readTarget } from '../rtmp/target.ts';
import type { ConnectionObserver } from '../rtmp/types.ts';
import { type ObservedMessage, Recorder } from './recorder.ts';
import type { BeginRecord, CaptureDirection, CaptureRecord, CaptureRequest } from './types.ts';

/** Messages kept of a connection that has not said yet what it publishes: the first ones, `connect` among them. */
const KEPT_MESSAGES = 64;
const KEPT_BYTES = 65_536;
const AMF_LIMITS = { maxDepth: 8, maxValues: 256, maxStringBytes: 8_192 };

export interface Capture {
  /** Ends it; the last record (`end`) is told when it had begun. */
  stop(): void;
}

export interface Captures {
  /** For the RTMP server's options. Null, and so free of cost, while nothing waits. */
  readonly observe: (remoteAddress: string) => ConnectionObserver | null;
  /**
   * Waits for the next connection that asks to publish this stream, and tells of it from its `connect` on: also when it is
   * refused. A publish that runs already cannot be captured, since its beginning is gone.
   *
   * @param onRecord must not throw.
   */
  startCapture(request: CaptureRequest, onRecord: (record: CaptureRecord) => void): Capture;
  /** Captures that wait or run. */
  readonly active: number;
}

interface Pending {
  readonly request: CaptureRequest;
  readonly onRecord: (record: CaptureRecord) => void;
  /** The connection it has found. */
  recorder: Recorder | null;
  now: () => number;
}

/** @param clock monotonic milliseconds. */
export function createCaptures(clock: () => number): Captures {
  const pending = new Set<Pending>();

  /** Those of the stream that have not found a connection yet. */
  function take(stream: string): Pending[] {
    return [...pending].filter((one) => one.recorder === null && one.request.stream === stream);
  }

  return {
    observe(remoteAddress) {
      for (const one of pending) {
        if (one.recorder === null) return new Observer(remoteAddress, clock, take, (done) => pending.delete(done));
      }
      return null;
    },
    startCapture(request, onRecord) {
      const one: Pending = { request, onRecord, recorder: null, now: () => 0 };
      pending.add(one);
      return {
        stop() {
          if (!pending.delete(one)) return;
          one.recorder?.end(one.now(), 'stopped');
        },
      };
    },
    get active() {
      return pending.size;
    },
  };
}

/** Looks at one connection. */
class Observer implements ConnectionObserver {
  readonly #remoteAddress: string;
  readonly #clock: () => number;
  readonly #take: (stream: string) => Pending[];
  readonly #done: (one: Pending) => void;
  readonly #kept: ObservedMessage[] = [];
  #keptBytes = 0;
  #dropped = 0;
  #began: number | null = null;
  #app = '';
  #tcUrl: string | null = null;
  /** Null until the connection has said what it publishes. */
  #found: Pending[] | null = null;

  constructor(
    remoteAddress: string,
    clock: () => number,
    take: (stream: string) => Pending[],
    done: (one: Pending) => void,
  ) {
    this.#remoteAddress = remoteAddress;
    this.#clock = clock;
    this.#take = take;
    this.#done = done;
  }

  onMessage(
    direction: CaptureDirection,
    type: number,
    messageStream: number,
    timestamp: number,
    payload: Uint8Array,
  ): boolean {
    try {
      const message = { direction, at: this.#now(), type, messageStream, timestamp, payload };
      return this.#found === null ? this.#search(message) : this.#tell(this.#found, message);
    } catch {
      // A listener that throws costs its capture, never the publish.
      for (const one of this.#found ?? []) this.#done(one);
      this.#found = [];
      return false;
    }
  }

  onEnd(reason: string): void {
    for (const one of this.#found ?? []) {
      one.recorder?.end(this.#now(), reason);
      this.#done(one);
    }
    this.#found = [];
  }

  #now(): number {
    const now = this.#clock();
    this.#began ??= now;
    return Math.round((now - this.#began) * 1_000) / 1_000;
  }

  /** Until the connection says what it publishes. */
  #search(message: ObservedMessage): boolean {
    const { direction, type, payload } = message;
    const command = direction === 'in' ? readIfCommand(type, payload) : null;
    if (command?.kind === 'publish') return this.#find(command.name, message);
    if (command?.kind === 'connect') {
      this.#app = command.app;
      this.#tcUrl = command.tcUrl;
    }
    if (this.#kept.length < KEPT_MESSAGES && this.#keptBytes + payload.length <= KEPT_BYTES) {
      this.#kept.push({ ...message, payload: new Uint8Array(payload) });
      this.#keptBytes += payload.length;
    } else this.#dropped += 1;
    // Nobody captures players.
    return command?.kind !== 'play';
  }

  #tell(found: readonly Pending[], message: ObservedMessage): boolean {
    for (const one of found) if (one.recorder?.message(message) !== true) this.#drop(one);
    return this.#found !== null && this.#found.length > 0;
  }

  /** The publish has been asked for: are there captures of this stream? */
  #find(name: string, publish: ObservedMessage): boolean {
    const { app, stream, query } = readTarget(this.#app, this.#tcUrl, name);
    const found = this.#take(stream);
    this.#found = found;
    const place = name.includes('?') ? 'stream' : this.#app.includes('?') ? 'app' : query === '' ? 'none' : 'tcUrl';
    const begin: BeginRecord = {
      kind: 'begin',
      app,
      stream,
      remoteAddress: this.#remoteAddress,
      query: { place, characters: query.length },
      dropped: this.#dropped,
    };
    for (const one of [...found]) {
      const recorder = new Recorder(one.request, begin, query, one.onRecord);
      one.recorder = recorder;
      one.now = () => this.#now();
      for (const kept of this.#kept) recorder.message(kept);
      recorder.publishing(publish.at);
    }
    this.#kept.length = 0;
    return this.#tell(found, publish);
  }

  #drop(one: Pending): void {
    this.#found = (this.#found ?? []).filter((other) => other !== one);
    this.#done(one);
  }
}

/** Null for anything but a sound command: what is not sound is the session's to judge. */
function readIfCommand(type: number, payload: Uint8Array): ClientCommand | null {
  if (type !== MESSAGE.commandAmf0 && type !== MESSAGE.commandAmf3) return null;
  try {
    return readCommand(readCommandValues(type, payload, AMF_LIMITS));
  } catch {
    return null;
  }
}
