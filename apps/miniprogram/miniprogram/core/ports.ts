/**
 * What the component's logic needs of the world. `platform/wx.ts` makes these from `wx.*`; tests make them from arrays and a
 * clock that is turned by hand.
 */

/** Time. Everything that waits goes through it, so that a stay that has ended leaves no timer behind. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Runs once after so many milliseconds; the answer calls it off. */
  after(ms: number, run: () => void): () => void;
  /** 0 ≤ n < 1. */
  random(): number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Parsed JSON, or the text when it is none. */
  readonly body: unknown;
}

/** Posts JSON; rejects only when nothing was answered (no network, a domain that is not listed, a time-out). */
export type Post = (url: string, body: unknown, timeoutMs: number) => Promise<HttpAnswer>;

export interface SocketHandlers {
  open(): void;
  message(text: string): void;
  /** Told once, whoever closed it, also when it never opened. */
  close(code: number, reason: string): void;
}

export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export type OpenSocket = (url: string, handlers: SocketHandlers) => Socket;

/** The page's one `<live-pusher>`. */
export interface Pusher {
  /** Takes this URL and starts. */
  start(url: string): void;
  /** Resolves when it has stopped. */
  stop(): Promise<void>;
  pause(): void;
  resume(): void;
  switchCamera(): void;
}

/** Versions decide which form of `room://` URL is taken. */
export interface ClientInfo {
  readonly wechat: string;
  readonly baseLibrary: string;
}

export interface Ports {
  readonly clock: Clock;
  readonly post: Post;
  readonly openSocket: OpenSocket;
  readonly pusher: Pusher;
  readonly client: ClientInfo;
}
