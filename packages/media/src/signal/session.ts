/** One admitted signal WebSocket, as the rooms see it. */
import { SignalRequest, SignalResponse } from '@livekit/protocol';
import type { SignalConnection } from '../port/types.ts';

export type ResponseMessage = Exclude<SignalResponse['message'], { case: undefined }>;
export type RequestMessage = Exclude<SignalRequest['message'], { case: undefined }>;

/** Encodes one message for sending to any number of clients. */
export function encodeResponse(message: ResponseMessage): Uint8Array {
  return new SignalResponse({ message }).toBinary();
}

/** null when the bytes are no known request (clients newer than us may send more than we know). */
export function decodeRequest(frame: Uint8Array): RequestMessage | null {
  const { message } = SignalRequest.fromBinary(frame);
  return message.case === undefined ? null : message;
}

export interface SessionOwner {
  onFrame(session: SignalSession, frame: Uint8Array): void;
  /** The client's end closed, or the socket broke. Not called after {@link SignalSession.close}. */
  onClosed(session: SignalSession): void;
}

/**
 * Frames wait until the HTTP side listens, so that the first response exists before the upgrade. A session serves one
 * owner; after a resume the participant holds another session and the old one is closed and ignored.
 */
export class SignalSession implements SignalConnection {
  #owner: SessionOwner | null;
  #frames: Uint8Array[] = [];
  #closing: { readonly code: number; readonly reason: string } | null = null;
  #frameListener: ((frame: Uint8Array) => void) | null = null;
  #closeListener: ((code: number, reason: string) => void) | null = null;

  constructor(owner: SessionOwner) {
    this.#owner = owner;
  }

  get open(): boolean {
    return this.#owner !== null;
  }

  send(message: ResponseMessage): void {
    this.sendFrame(encodeResponse(message));
  }

  sendFrame(frame: Uint8Array): void {
    if (this.#owner === null) return;
    if (this.#frameListener) this.#frameListener(frame);
    else this.#frames.push(frame);
  }

  /** Ends the session from our side. Frames sent before still go out. */
  close(code = 1000, reason = ''): void {
    if (this.#owner === null) return;
    this.#owner = null;
    this.#closing = { code, reason };
    this.#closeListener?.(code, reason);
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#frameListener = listener;
    const waiting = this.#frames;
    this.#frames = [];
    for (const frame of waiting) listener(frame);
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#closeListener = listener;
    if (this.#closing) listener(this.#closing.code, this.#closing.reason);
  }

  receive(frame: Uint8Array): void {
    this.#owner?.onFrame(this, frame);
  }

  closed(): void {
    const owner = this.#owner;
    this.#owner = null;
    owner?.onClosed(this);
  }
}
