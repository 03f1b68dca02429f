/** One client's conversation as a state machine: commands in, answers and media out. No socket, no clock. */
import { readAggregate } from './aggregate.ts';
import { firstAmfString } from './amf0.ts';
import { encodeMessage } from './chunk-writer.ts';
import {
  type ClientCommand,
  connectResultBody,
  fcPublishBody,
  readCommand,
  readCommandValues,
  resultBody,
  statusBody,
} from './command.ts';
import {
  CHUNK_STREAM,
  DEFAULT_CHUNK_BYTES,
  MESSAGE,
  MESSAGE_STREAM,
  OUTGOING_CHUNK_BYTES,
  USER_CONTROL,
  WINDOW_BYTES,
} from './constants.ts';
import {
  answerUserControl,
  BANDWIDTH_LIMIT,
  peerBandwidthBody,
  readUint32,
  uint32Body,
  userControlBody,
} from './control.ts';
import { RtmpError } from './errors.ts';
import { readTarget } from './target.ts';
import type {
  ConnectionObserver,
  PlayAdmission,
  Playing,
  PublishAdmission,
  PublishEnd,
  Publishing,
  PublishSink,
  RtmpDoors,
  RtmpLimits,
  RtmpRefusal,
  RtmpTarget,
} from './types.ts';

/** What the session asks of its connection. */
export interface SessionWire {
  readonly remoteAddress: string;
  send(bytes: Uint8Array): void;
  /** Nothing is read until {@link resume}: a door is being asked. */
  pause(): void;
  resume(): void;
  /** A door said yes: the limits of a publisher or player hold from now on. */
  admitted(role: 'publisher' | 'player'): void;
  /** For the log: the connection was refused or broken. The sentence holds nothing of the client's. */
  trouble(sentence: string): void;
  /** What was sent is still delivered, then the connection ends. The sentence holds nothing of the client's. */
  finish(sentence: string): void;
  /** The player's end of a broadcast, which lives as long as the connection. */
  playing(): Playing;
}

export type SessionState = 'new' | 'connected' | 'asking' | 'publishing' | 'playing' | 'over';

/** `@setDataFrame` as an AMF0 string: the wrapping that publishers put around metadata. */
const SET_DATA_FRAME = Buffer.from([0x02, 0x00, 0x0d, ...Buffer.from('@setDataFrame')]);
const CLEAR_DATA_FRAME = '@clearDataFrame';

export class ServerSession {
  /** Bytes after which the client wants an acknowledgement. */
  acknowledgeWindow = WINDOW_BYTES;
  /** Messages so far that make work or answers: commands and control. */
  requests = 0;
  readonly #wire: SessionWire;
  readonly #doors: RtmpDoors;
  readonly #limits: RtmpLimits;
  #observer: ConnectionObserver | null;
  #state: SessionState = 'new';
  #app = '';
  #tcUrl: string | null = null;
  #fcPublish = false;
  #sink: PublishSink | null = null;
  #chunkBytes = DEFAULT_CHUNK_BYTES;

  constructor(wire: SessionWire, doors: RtmpDoors, limits: RtmpLimits, observer: ConnectionObserver | null) {
    this.#wire = wire;
    this.#doors = doors;
    this.#limits = limits;
    this.#observer = observer;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** One message from the chunk reader. Throws {@link RtmpError} when the connection must end. */
  receive(type: number, messageStream: number, timestamp: number, body: Uint8Array): void {
    if (this.#state === 'over') return;
    this.#observe('in', type, messageStream, timestamp, body);
    switch (type) {
      case MESSAGE.audio:
      case MESSAGE.video:
        this.#media(type, timestamp, body);
        return;
      case MESSAGE.aggregate:
        readAggregate(timestamp, body, this.#inner);
        return;
      case MESSAGE.dataAmf0:
        this.#data(timestamp, body);
        return;
      case MESSAGE.dataAmf3:
        this.#data(timestamp, body.subarray(1));
        return;
      case MESSAGE.commandAmf0:
      case MESSAGE.commandAmf3:
        this.requests += 1;
        this.#command(readCommand(readCommandValues(type, body, this.#limits.amf)));
        return;
      case MESSAGE.windowAcknowledgementSize:
        this.acknowledgeWindow = Math.max(1, readUint32(body));
        return;
      case MESSAGE.setPeerBandwidth:
        this.requests += 1;
        readUint32(body);
        this.#send(CHUNK_STREAM.control, MESSAGE.windowAcknowledgementSize, 0, uint32Body(WINDOW_BYTES));
        return;
      case MESSAGE.userControl: {
        this.requests += 1;
        const answer = answerUserControl(body);
        if (answer !== null) this.#send(CHUNK_STREAM.control, MESSAGE.userControl, 0, answer);
        return;
      }
      default:
        // Chunk sizes and aborts were the reader's; acknowledgements say what TCP says better; the rest means nothing here.
        return;
    }
  }

  /** Tells the client that so many bytes have come. */
  acknowledge(bytes: number): void {
    this.#send(CHUNK_STREAM.control, MESSAGE.acknowledgement, 0, uint32Body(bytes));
  }

  /** Tells the client why, and ends the connection. */
  refuse(refusal: RtmpRefusal, cause: PublishEnd = 'ended'): void {
    if (this.#state === 'over') return;
    this.#status('error', refusal.code, refusal.description);
    this.#over(refusal.description, cause);
    this.#wire.trouble(refusal.description);
    this.#wire.finish(refusal.description);
  }

  /** Ends a player's stream in the words of the protocol. */
  endPlaying(refusal: RtmpRefusal): void {
    if (this.#state === 'over') return;
    this.#send(CHUNK_STREAM.control, MESSAGE.userControl, 0, userControlBody(USER_CONTROL.streamEof, MESSAGE_STREAM));
    this.#status('status', refusal.code, refusal.description);
    this.#over(refusal.description, 'ended');
    this.#wire.finish(refusal.description);
  }

  /** The connection is gone. */
  closed(sentence: string, cause: PublishEnd): void {
    this.#over(sentence, cause);
  }

  #over(sentence: string, cause: PublishEnd): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const sink = this.#sink;
    const observer = this.#observer;
    this.#sink = null;
    this.#observer = null;
    // Called from sockets' events and timers, where nobody would catch what an owner throws.
    try {
      observer?.onEnd(sentence);
      sink?.onEnd(sentence, cause);
    } catch {
      this.#wire.trouble('the owner of the publish failed at its end');
    }
  }

  readonly #inner = (type: number, timestamp: number, body: Uint8Array): void => {
    if (type === MESSAGE.audio || type === MESSAGE.video) this.#media(type, timestamp, body);
    else if (type === MESSAGE.dataAmf0) this.#data(timestamp, body);
  };

  #media(type: number, timestamp: number, payload: Uint8Array): void {
    if (this.#sink === null) return;
    this.#sink.onMedia({ kind: type === MESSAGE.video ? 'video' : 'audio', timestamp, payload });
  }

  #data(timestamp: number, body: Uint8Array): void {
    if (this.#sink === null) return;
    let payload = body;
    if (SET_DATA_FRAME.equals(body.subarray(0, SET_DATA_FRAME.length))) payload = body.subarray(SET_DATA_FRAME.length);
    else if (firstAmfString(body, 0, CLEAR_DATA_FRAME.length) === CLEAR_DATA_FRAME) return;
    this.#sink.onMedia({ kind: 'data', timestamp, payload });
  }

  #command(command: ClientCommand): void {
    switch (command.kind) {
      case 'connect':
        this.#connect(command.transaction, command.app, command.tcUrl);
        return;
      case 'createStream':
        this.#needsConnect();
        this.#result(resultBody(command.transaction, null, MESSAGE_STREAM));
        return;
      case 'courtesy':
        this.#needsConnect();
        if (command.name === 'FCPublish') this.#fcPublish = true;
        if (command.transaction !== 0) this.#result(resultBody(command.transaction, null, command.result));
        return;
      case 'publish':
      case 'play':
        this.#ask(command.kind, command.name);
        return;
      case 'close':
        // One stream for each connection: its end is the connection's.
        if (this.#state === 'publishing' || this.#state === 'playing') {
          if (this.#state === 'publishing') this.#status('status', 'NetStream.Unpublish.Success', 'Stopped.');
          this.#over('closed by the client', 'closed');
          this.#wire.finish('closed by the client');
        }
        return;
      case 'other':
        return;
    }
  }

  #needsConnect(): void {
    if (this.#state === 'new') throw new RtmpError('command: the first one must be connect');
  }

  #connect(transaction: number, app: string, tcUrl: string | null): void {
    if (this.#state !== 'new') throw new RtmpError('command: a second connect');
    this.#state = 'connected';
    this.#app = app;
    this.#tcUrl = tcUrl;
    const control = CHUNK_STREAM.control;
    this.#send(control, MESSAGE.windowAcknowledgementSize, 0, uint32Body(WINDOW_BYTES));
    this.#send(control, MESSAGE.setPeerBandwidth, 0, peerBandwidthBody(WINDOW_BYTES, BANDWIDTH_LIMIT.dynamic));
    this.#send(control, MESSAGE.setChunkSize, 0, uint32Body(OUTGOING_CHUNK_BYTES));
    this.#chunkBytes = OUTGOING_CHUNK_BYTES;
    this.#result(connectResultBody(transaction));
  }

  #ask(door: 'publish' | 'play', name: string): void {
    if (this.#state !== 'connected') throw new RtmpError(`command: ${door} at the wrong time`);
    this.#state = 'asking';
    this.#wire.pause();
    const target: RtmpTarget = {
      ...readTarget(this.#app, this.#tcUrl, name),
      remoteAddress: this.#wire.remoteAddress,
    };
    // Through a promise, so that a door that throws is a door that refuses.
    if (door === 'publish') {
      Promise.resolve(target)
        .then((asked) => this.#doors.publish(asked))
        .then((admission) => this.#publish(target, admission))
        .catch(() => this.#doorFailed('NetStream.Publish.Rejected'));
    } else {
      Promise.resolve(target)
        .then((asked) => this.#doors.play(asked))
        .then((admission) => this.#play(admission))
        .catch(() => this.#doorFailed('NetStream.Play.Failed'));
    }
  }

  #doorFailed(code: 'NetStream.Publish.Rejected' | 'NetStream.Play.Failed'): void {
    this.refuse({ code, description: 'The server failed. Try again later.' });
  }

  #publish(target: RtmpTarget, admission: PublishAdmission): void {
    if (admission.kind === 'refused') {
      this.refuse(admission.refusal);
      return;
    }
    if (this.#state !== 'asking') {
      admission.sink.onEnd('closed before it was admitted', 'lost');
      return;
    }
    this.#state = 'publishing';
    this.#sink = admission.sink;
    this.#wire.admitted('publisher');
    this.#observer?.onPublishing();
    if (this.#fcPublish) this.#result(fcPublishBody(target.stream));
    this.#status('status', 'NetStream.Publish.Start', 'Publishing.');
    const publishing: Publishing = {
      remoteAddress: target.remoteAddress,
      end: (code, description) => this.refuse({ code, description }),
    };
    admission.started(publishing);
    this.#wire.resume();
  }

  #play(admission: PlayAdmission): void {
    if (admission.kind === 'refused') {
      this.refuse(admission.refusal);
      return;
    }
    if (this.#state !== 'asking') return;
    this.#state = 'playing';
    this.#wire.admitted('player');
    this.#send(CHUNK_STREAM.control, MESSAGE.userControl, 0, userControlBody(USER_CONTROL.streamBegin, MESSAGE_STREAM));
    this.#status('status', 'NetStream.Play.Reset', 'Playing and resetting.');
    this.#status('status', 'NetStream.Play.Start', 'Started playing.');
    admission.started(this.#wire.playing());
    this.#wire.resume();
  }

  #result(body: Uint8Array): void {
    this.#send(CHUNK_STREAM.command, MESSAGE.commandAmf0, 0, body);
  }

  #status(level: 'status' | 'error', code: string, description: string): void {
    this.#send(CHUNK_STREAM.command, MESSAGE.commandAmf0, MESSAGE_STREAM, statusBody(level, code, description));
  }

  #send(chunkStream: number, type: number, messageStream: number, body: Uint8Array): void {
    this.#observe('out', type, messageStream, 0, body);
    this.#wire.send(encodeMessage(chunkStream, type, messageStream, 0, body, this.#chunkBytes));
  }

  #observe(direction: 'in' | 'out', type: number, messageStream: number, timestamp: number, body: Uint8Array): void {
    if (this.#observer !== null && !this.#observer.onMessage(direction, type, messageStream, timestamp, body)) {
      this.#observer = null;
    }
  }
}
