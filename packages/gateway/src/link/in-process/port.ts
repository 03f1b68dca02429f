/** One port to the embedded engine, with its sessions and streams; when it closes, the link asks for another. */

import type { MessagePort } from 'node:worker_threads';
import { LocalChannel, localMimeType, type ToEngine, type ToLink } from '@lianmai/media/local';
import { type JoinRequest, SignalRequest, SignalResponse } from '@livekit/protocol';
import type { SignalIn, SignalOut } from '../signal.ts';
import { LinkRefused } from '../types.ts';

/** What one session is told. After `onClosed` or `onRefused` nothing more. */
export interface PortSessionSink {
  onSignal(message: SignalIn): void;
  /** A {@link LinkRefused}, or another error when a later try may go better. */
  onRefused(problem: Error): void;
  /** The engine ended the session, or the port is gone. */
  onClosed(reason: string): void;
  onSubscribed(stream: number, trackSid: string, mimeType: string): StreamSink | null;
  onKeyframeNeeded(stream: number): void;
  onData(bytes: Uint8Array): void;
}

/** Packets of one subscribed stream. */
export interface StreamSink {
  onRtp(
    mimeType: string,
    marker: boolean,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    from: number,
    length: number,
  ): void;
  onReport(ntpMs: number, timestamp: number): void;
  /** The engine ended the stream (the track is gone, or not allowed any more). */
  onUnsubscribed(): void;
}

interface Session {
  readonly sink: PortSessionSink;
  readonly streams: Set<number>;
}

export class EnginePort {
  readonly #channel: LocalChannel<ToEngine, ToLink>;
  readonly #sessions = new Map<number, Session>();
  readonly #streams = new Map<number, StreamSink>();
  #nextSession = 1;
  #nextStream = 1;

  /** @param warn told of what could not be understood; one broken message harms nothing else. */
  constructor(port: MessagePort, warn: (what: string, detail: string) => void) {
    this.#channel = new LocalChannel<ToEngine, ToLink>(port, {
      onMessage: (message) => {
        try {
          this.#onMessage(message);
        } catch (error) {
          warn(`a message of the engine was not understood: ${message.type}`, String(error));
        }
      },
      onRtp: (stream, payloadType, marker, sequence, timestamp, bytes, from, length) => {
        const mimeType = localMimeType(payloadType);
        if (mimeType === null) return;
        this.#streams.get(stream)?.onRtp(mimeType, marker, sequence, timestamp, bytes, from, length);
      },
      onReport: (stream, ntpMs, timestamp) => this.#streams.get(stream)?.onReport(ntpMs, timestamp),
      onClosed: (reason) => this.#ended(reason),
    });
  }

  get closed(): boolean {
    return this.#channel.closed;
  }

  /** Asks for a participant; the answer comes to the sink. Answers the session's number. */
  open(token: string, join: JoinRequest, sink: PortSessionSink): number {
    const session = this.#nextSession++;
    this.#sessions.set(session, { sink, streams: new Set() });
    this.#channel.post({ type: 'open', session, token, join: join.toBinary() });
    return session;
  }

  send(session: number, message: SignalOut): void {
    this.#post({ type: 'frame', session, frame: new SignalRequest({ message }).toBinary() });
  }

  sendData(session: number, bytes: Uint8Array): void {
    this.#post({ type: 'data', session, kind: 'reliable', bytes });
  }

  /** The stream under which a publication's packets go out from now on. */
  publish(session: number, kind: 'audio' | 'video', cid: string): number {
    const stream = this.#nextStream++;
    this.#post({ type: 'publish', session, stream, kind, cid });
    return stream;
  }

  unpublish(session: number, stream: number): void {
    this.#post({ type: 'unpublish', session, stream });
  }

  nack(session: number, stream: number, sequences: readonly number[]): void {
    this.#post({ type: 'nack', session, stream, sequences });
  }

  requestKeyframe(session: number, stream: number): void {
    this.#post({ type: 'keyframe', session, stream });
  }

  /** @param level the byte of RFC 6464 §3, below 0 when it is not known. */
  rtp(stream: number, marker: boolean, sequence: number, timestamp: number, payload: Uint8Array, level: number): void {
    this.#channel.room()?.rtp(stream, 0, marker, sequence, timestamp, payload, 0, payload.length, level);
  }

  report(stream: number, ntpMs: number, timestamp: number): void {
    this.#channel.room()?.report(stream, ntpMs, timestamp);
  }

  /** Gives a session up: nothing is told of it any more. */
  drop(session: number): void {
    this.#forget(session);
    this.#post({ type: 'closed', session });
  }

  close(): void {
    this.#channel.close();
    this.#sessions.clear();
    this.#streams.clear();
  }

  #post(message: ToEngine): void {
    this.#channel.post(message);
  }

  #onMessage(message: ToLink): void {
    if (message.type === 'taken') return;
    const session = this.#sessions.get(message.session);
    if (session === undefined) return;
    const { sink } = session;
    switch (message.type) {
      case 'accepted':
        return;
      case 'refused':
        this.#forget(message.session);
        sink.onRefused(refusal(message.status, message.reason));
        return;
      case 'frame': {
        const decoded = SignalResponse.fromBinary(message.frame).message;
        if (decoded.case !== undefined) sink.onSignal(decoded);
        return;
      }
      case 'close':
        this.#forget(message.session);
        sink.onClosed(message.reason);
        return;
      case 'subscribed': {
        const stream = sink.onSubscribed(message.stream, message.trackSid, message.mimeType);
        if (stream === null) return;
        session.streams.add(message.stream);
        this.#streams.set(message.stream, stream);
        return;
      }
      case 'unsubscribed': {
        const stream = this.#streams.get(message.stream);
        session.streams.delete(message.stream);
        this.#streams.delete(message.stream);
        stream?.onUnsubscribed();
        return;
      }
      case 'keyframe':
        sink.onKeyframeNeeded(message.stream);
        return;
      case 'data':
        sink.onData(message.bytes);
    }
  }

  #forget(id: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    for (const stream of session.streams) this.#streams.delete(stream);
  }

  #ended(reason: string): void {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#streams.clear();
    for (const { sink } of sessions) sink.onClosed(reason);
  }
}

/** As the door for WebSockets is understood: these answers stay the same for this token. */
function refusal(status: number, reason: string): Error {
  const text = `the engine answered ${status}${reason === '' ? '' : `: ${reason}`}`;
  const final =
    status === 400 || status === 401 || status === 403 || (status === 404 && reason.includes('does not exist'));
  return final ? new LinkRefused(text) : new Error(text);
}
