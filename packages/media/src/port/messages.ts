/** What the main thread and the engine's worker say to each other: plain data and bytes, nothing shared. */
import type { MessagePort } from 'node:worker_threads';
import type { EngineConfigInput } from '../config.ts';
import type { ApiRequest, EngineAddress, EngineEvent, PlainAnswer, SignalRequest } from './types.ts';

/** Handed to a worker at its start. */
export interface WorkerData {
  readonly config: EngineConfigInput;
}

export type ToWorker =
  | { readonly type: 'open'; readonly id: number; readonly request: SignalRequest }
  | { readonly type: 'validate'; readonly id: number; readonly request: SignalRequest }
  | { readonly type: 'api'; readonly id: number; readonly request: ApiRequest }
  | { readonly type: 'frame'; readonly session: number; readonly frame: Uint8Array }
  | { readonly type: 'closed'; readonly session: number }
  | { readonly type: 'revoke'; readonly room: string; readonly identity: string; readonly until: number | null }
  /** Transferred: the engine's end of a local link. */
  | { readonly type: 'local'; readonly port: MessagePort }
  | { readonly type: 'stop'; readonly id: number; readonly deadlineMs: number };

export type FromWorker =
  | { readonly type: 'ready'; readonly addresses: readonly EngineAddress[] }
  /** The engine could not start at all. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'refused'; readonly id: number; readonly answer: PlainAnswer }
  /** The id of the request names the session from now on. */
  | { readonly type: 'accepted'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number; readonly answer: PlainAnswer }
  | { readonly type: 'error'; readonly id: number; readonly message: string }
  | { readonly type: 'frame'; readonly session: number; readonly frame: Uint8Array }
  | { readonly type: 'close'; readonly session: number; readonly code: number; readonly reason: string }
  | { readonly type: 'event'; readonly event: EngineEvent }
  | { readonly type: 'stopped'; readonly id: number };

/** One end of the channel: a `MessagePort`, or a `Worker`. */
export interface Channel<Out, In> {
  post(message: Out): void;
  onMessage(listener: (message: In) => void): void;
}
