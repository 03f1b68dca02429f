/**
 * The engine as the server sees it: a port that carries bytes and plain messages, no shared objects, so that the engine
 * may live in a worker thread (or, later, in one worker per core).
 */
import type { MessagePort } from 'node:worker_threads';

/** A request to open the signal WebSocket, or to validate it first. */
export interface SignalRequest {
  /** `/rtc`, `/rtc/v1`. */
  readonly path: '/rtc' | '/rtc/v1';
  /** Query of the URL, without `?`. */
  readonly query: string;
  /** The Authorization header, if any. */
  readonly authorization: string | null;
  readonly remoteAddress: string;
}

/** The HTTP answer to a request that was not upgraded. */
export interface PlainAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

export type SignalAdmission =
  | { readonly kind: 'refused'; readonly answer: PlainAnswer }
  | { readonly kind: 'accepted'; readonly connection: SignalConnection };

/** One admitted signal WebSocket, from the HTTP side. */
export interface SignalConnection {
  /** Frames for the client, from the first response on, in order. Set once, at once after admission. */
  onFrame(listener: (frame: Uint8Array) => void): void;
  /** The engine ends the session: close the WebSocket with this code and reason. */
  onClose(listener: (code: number, reason: string) => void): void;
  /** A binary frame from the client. */
  receive(frame: Uint8Array): void;
  /** The WebSocket is gone. */
  closed(): void;
}

/** A Twirp call of the server API: `POST /twirp/livekit.RoomService/<method>`. */
export interface ApiRequest {
  readonly service: string;
  readonly method: string;
  readonly contentType: string;
  readonly authorization: string | null;
  readonly body: Uint8Array;
}

/** What the engine tells about its rooms, as LiveKit's webhook JSON (`livekit.WebhookEvent`, proto3 JSON). */
export interface EngineEvent {
  /** `room_started`, `participant_joined`, `participant_left`, `track_published`, `room_finished` … */
  readonly event: string;
  /** The whole event as proto3 JSON text. */
  readonly json: string;
}

export interface EngineAddress {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
}

/** An engine in its own thread, which takes the ports that others made for it. */
export interface LocalEngine extends MediaEngine {
  attachLocal(port: MessagePort): void;
}

/** The running engine, in this thread or in a worker. */
export interface MediaEngine {
  /** Where media flows: for the start-up message and firewalls. */
  readonly addresses: readonly EngineAddress[];
  openSignal(request: SignalRequest): Promise<SignalAdmission>;
  /** `GET /rtc/validate`, `GET /rtc/v1/validate`. */
  validate(request: SignalRequest): Promise<PlainAnswer>;
  callApi(request: ApiRequest): Promise<PlainAnswer>;
  /** Keeps an identity out of a room until the time (Unix ms, Infinity = until lifted); null lifts it. */
  setRevocation(room: string, identity: string, until: number | null): void;
  /**
   * A port for a link in this process (see `local/`), to be handed to another thread: over it participants take part
   * without WebRTC. It closes when the engine's worker dies; ask for another one then. Rejects while there is no engine.
   */
  openLocal(): Promise<MessagePort>;
  onEvent(listener: (event: EngineEvent) => void): void;
  /** The worker died and was started anew (its rooms resume by themselves). */
  onRestart(listener: (reason: string) => void): void;
  /** Sends `leave` with RECONNECT to everybody and ends within the time. */
  stop(deadlineMs: number): Promise<void>;
}
