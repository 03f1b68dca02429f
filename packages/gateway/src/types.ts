/** The running gateway as the server sees it, in this thread or in its worker. */
import type { CaptureRecord, CaptureRequest } from './capture/types.ts';
import type { RoomNotice } from './host.ts';
import type { Viewer, ViewerSocket } from './stream/types.ts';

/** Where clients reach this server, for the URLs that are handed out; no slash at the end. */
export interface PublicBases {
  /** `rtmp://host[:port]` */
  readonly rtmp: string;
  /** `http(s)://host[:port][/path]` */
  readonly http: string;
}

export interface PhoneSignalRequest {
  /** `ticket` of the URL's query (see `phoneUrls`). */
  readonly ticket: string;
  readonly bases: PublicBases;
  readonly remoteAddress: string;
}

/** One phone's signalling WebSocket, from the HTTP side. Frames are JSON text of the tables in the protocol package. */
export interface PhoneSignalConnection {
  onFrame(listener: (frame: string) => void): void;
  /** Close the WebSocket with this code and reason, after the frames told so far. */
  onClose(listener: (code: number, reason: string) => void): void;
  receive(frame: string): void;
  /** The WebSocket is gone. */
  closed(): void;
}

/** A refusal: the WebSocket is accepted, told an `ended` frame, and closed; an HTTP request gets the status. */
export interface DoorRefusal {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

export type PhoneSignalAdmission =
  | DoorRefusal
  | { readonly kind: 'accepted'; readonly connection: PhoneSignalConnection };

export interface FlvRequest {
  /** Stream name without `.flv`. */
  readonly stream: string;
  readonly ticket: string;
  readonly remoteAddress: string;
}

export type FlvAdmission =
  | DoorRefusal
  /** Call once, when the HTTP answer's head is written. */
  | { readonly kind: 'accepted'; attach(socket: ViewerSocket): Viewer };

export interface GatewayStats {
  readonly rooms: number;
  readonly phones: number;
  readonly publishes: number;
  readonly viewers: number;
  readonly bridges: number;
  readonly codecs: string | null;
}

/** Whoever follows a capture. */
export interface CaptureListener {
  /** Those of publishes that were refused, then `begin` first, `end` last. */
  onRecord(record: CaptureRecord): void;
  /** The gateway has died or stopped: nothing more comes. */
  onLost(): void;
}

export interface Gateway {
  /** The RTMP port in use. */
  readonly rtmpPort: number;
  openSignal(request: PhoneSignalRequest): Promise<PhoneSignalAdmission>;
  openFlv(request: FlvRequest): Promise<FlvAdmission>;
  notify(notice: RoomNotice): void;
  stats(): Promise<GatewayStats>;
  /** Follows the next publish of a stream from its `connect` on, once it is let in. How many at once is the caller's. */
  startCapture(request: CaptureRequest, listener: CaptureListener): { stop(): void };
  /** The worker died and was started anew; phones come back by themselves. */
  onRestart(listener: (reason: string) => void): void;
  /** Tells phones to come back and ends everything. Resolves within the time: what has not ended by then ends with its thread. */
  stop(deadlineMs: number): Promise<void>;
}
