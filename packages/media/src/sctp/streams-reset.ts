import { buildParameter, PARAMETER, parseParameters, serialDistance } from './packet.ts';

const RESULT = { performed: 1, badSequence: 5, inProgress: 6 } as const;

export interface ResetEvents {
  /** Last number received in order. */
  readonly cumulativeTsn: () => number;
  /** Last number that we gave out. */
  readonly lastTsn: () => number;
  /** The other end reset these streams of its own (empty = all). */
  readonly onRemoteReset: (streams: readonly number[]) => void;
  /** Our reset was performed. */
  readonly onLocalReset: (streams: readonly number[]) => void;
}

/** Resets of streams (RFC 6525), one request of ours at a time; it reads and writes values of RE-CONFIG chunks. */
export class StreamResets {
  readonly #events: ResetEvents;
  #nextRequest: number;
  #expected: number;
  #lastAnswer: Buffer | null = null;
  #request: { readonly number: number; readonly streams: readonly number[]; readonly value: Buffer } | null = null;
  readonly #queue = new Set<number>();

  constructor(localTsn: number, remoteTsn: number, events: ResetEvents) {
    this.#nextRequest = localTsn;
    this.#expected = remoteTsn;
    this.#events = events;
  }

  /** The request that awaits its answer, to be sent again when time runs out. */
  get outstanding(): Buffer | null {
    return this.#request?.value ?? null;
  }

  /** Queues a reset of our side of a stream. */
  request(stream: number): void {
    if (this.#request?.streams.includes(stream) !== true) this.#queue.add(stream);
  }

  /** The next request to send, when none is outstanding. */
  next(): Buffer | null {
    if (this.#request !== null || this.#queue.size === 0) return null;
    const streams = [...this.#queue].slice(0, 100);
    for (const stream of streams) this.#queue.delete(stream);
    const number = this.#nextRequest;
    this.#nextRequest = (number + 1) >>> 0;
    const body = Buffer.alloc(12 + streams.length * 2);
    body.writeUInt32BE(number, 0);
    body.writeUInt32BE((this.#expected - 1) >>> 0, 4);
    body.writeUInt32BE(this.#events.lastTsn(), 8);
    streams.forEach((stream, i) => {
      body.writeUInt16BE(stream, 12 + i * 2);
    });
    this.#request = { number, streams, value: buildParameter(PARAMETER.outgoingReset, body) };
    return this.#request.value;
  }

  /** Reads a RE-CONFIG chunk. @returns the value of the answer to send, or null. */
  receive(value: Buffer): Buffer | null {
    const answers: Buffer[] = [];
    for (const parameter of parseParameters(value).slice(0, 2)) {
      if (parameter.type === PARAMETER.outgoingReset && parameter.value.length >= 12) {
        answers.push(this.#receiveRequest(parameter.value));
      } else if (parameter.type === PARAMETER.reconfigResponse && parameter.value.length >= 8) {
        this.#receiveAnswer(parameter.value.readUInt32BE(0), parameter.value.readUInt32BE(4));
      }
    }
    return answers.length > 0 ? Buffer.concat(answers) : null;
  }

  #receiveRequest(body: Buffer): Buffer {
    const number = body.readUInt32BE(0);
    if (number === (this.#expected - 1) >>> 0 && this.#lastAnswer !== null) return this.#lastAnswer;
    if (number !== this.#expected) return answer(number, RESULT.badSequence);
    // Messages sent before the reset must come first; the other end asks again.
    if (serialDistance(body.readUInt32BE(8), this.#events.cumulativeTsn()) > 0)
      return answer(number, RESULT.inProgress);
    this.#expected = (number + 1) >>> 0;
    this.#lastAnswer = answer(number, RESULT.performed);
    const streams: number[] = [];
    for (let at = 12; at + 2 <= body.length; at += 2) streams.push(body.readUInt16BE(at));
    this.#events.onRemoteReset(streams);
    return this.#lastAnswer;
  }

  #receiveAnswer(number: number, result: number): void {
    const request = this.#request;
    if (request === null || request.number !== number || result === RESULT.inProgress) return;
    this.#request = null;
    this.#events.onLocalReset(request.streams);
  }
}

function answer(number: number, result: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(number, 0);
  body.writeUInt32BE(result, 4);
  return buildParameter(PARAMETER.reconfigResponse, body);
}
