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
/** A stranger who tries and tries is told of so often. */
const TOLD_REFUSALS = 100;
const AMF_LIMITS = { maxDepth: 8, maxValues: 256, maxStringBytes: 8_192 };

export interface Capture {
  /** Ends it; the last record (`end`) is told when it had begun. */
  stop(): void;
}

export interface Captures {
  /** For the RTMP server's options. Null, and so free of cost, while nothing waits. */
  readonly observe: (remoteAddress: string) => ConnectionObserver | null;
  /**
   * Waits for the next connection whose publish of this stream is let in (or not, where the request takes that), and tells of it
   * from its `connect` on. A publish that runs already cannot be captured, since its beginning is gone.
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
  refusals: number;
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
      const one: Pending = { request, onRecord, recorder: null, refusals: 0, now: () => 0 };
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

/** A publish that a door is asked about. */
interface Asked {
  readonly begin: BeginRecord;
  readonly query: string;
  readonly at: number;
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
  /** What it wants to publish, while a door is asked. */
  #asked: Asked | null = null;
  /** Null until it is known whether it may. */
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
    let wanted = false;
    this.#guarded(() => {
      const message = { direction, at: this.#now(), type, messageStream, timestamp, payload };
      wanted = this.#found === null ? this.#search(message) : this.#tell(this.#found, message);
    });
    return wanted;
  }

  onPublishing(): void {
    this.#guarded(() => {
      if (this.#asked !== null) this.#begin(this.#asked, this.#take(this.#asked.begin.stream));
    });
  }

  onEnd(reason: string): void {
    this.#guarded(() => {
      if (this.#asked !== null) this.#refused(this.#asked, reason);
      for (const one of this.#found ?? []) {
        one.recorder?.end(this.#now(), reason);
        this.#done(one);
      }
      this.#found = [];
    });
  }

  /** A listener that throws costs its capture, never the publish. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch {
      for (const one of this.#found ?? []) this.#done(one);
      this.#found = [];
    }
  }

  #now(): number {
    const now = this.#clock();
    this.#began ??= now;
    return Math.round((now - this.#began) * 1_000) / 1_000;
  }

  /** Until it is known whether the connection may publish. */
  #search(message: ObservedMessage): boolean {
    // Nothing is read while a door is asked: these are our own few answers.
    if (this.#asked !== null) return this.#keep(message);
    const { direction, type, payload } = message;
    const command = direction === 'in' ? readIfCommand(type, payload) : null;
    if (command?.kind === 'publish') return this.#ask(command.name, message);
    if (command?.kind === 'connect') {
      this.#app = command.app;
      this.#tcUrl = command.tcUrl;
    }
    if (this.#kept.length < KEPT_MESSAGES && this.#keptBytes + payload.length <= KEPT_BYTES) this.#keep(message);
    else this.#dropped += 1;
    // Nobody captures players.
    return command?.kind !== 'play';
  }

  #keep(message: ObservedMessage): true {
    this.#kept.push({ ...message, payload: new Uint8Array(message.payload) });
    this.#keptBytes += message.payload.length;
    return true;
  }

  #tell(found: readonly Pending[], message: ObservedMessage): boolean {
    for (const one of found) if (one.recorder?.message(message) !== true) this.#drop(one);
    return this.#found !== null && this.#found.length > 0;
  }

  /** The publish has been asked for: does anybody wait for this stream? */
  #ask(name: string, publish: ObservedMessage): boolean {
    const { app, stream, query } = readTarget(this.#app, this.#tcUrl, name);
    if (this.#take(stream).length === 0) return false;
    const place = name.includes('?') ? 'stream' : this.#app.includes('?') ? 'app' : query === '' ? 'none' : 'tcUrl';
    const begin: BeginRecord = {
      kind: 'begin',
      app,
      stream,
      remoteAddress: this.#remoteAddress,
      query: { place, characters: query.length },
      dropped: this.#dropped,
    };
    this.#asked = { begin, query, at: publish.at };
    return this.#keep(publish);
  }

  /** Tells these captures all that was said so far. */
  #begin({ begin, query, at }: Asked, found: Pending[]): void {
    this.#asked = null;
    this.#found = found;
    for (const one of [...found]) {
      const recorder = new Recorder(one.request, begin, query, one.onRecord);
      one.recorder = recorder;
      one.now = () => this.#now();
      recorder.publishing(at);
      if (!this.#kept.every((kept) => recorder.message(kept))) this.#drop(one);
    }
    this.#kept.length = 0;
  }

  /** It may not, or went before it was known: only for who wants to see that. */
  #refused(asked: Asked, reason: string): void {
    const waiting = this.#take(asked.begin.stream);
    this.#begin(
      asked,
      waiting.filter(({ request }) => request.refused),
    );
    for (const one of waiting) {
      if (one.request.refused || one.refusals >= TOLD_REFUSALS) continue;
      one.refusals += 1;
      one.onRecord({ kind: 'refused', remoteAddress: this.#remoteAddress, reason });
    }
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
