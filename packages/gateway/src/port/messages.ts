/** What the main thread and the gateway's worker say to each other: plain data and bytes, nothing shared. */
import type { MessagePort } from 'node:worker_threads';
import type { PhoneCodeName } from '@lianmai/protocol';
import type { CaptureRecord, CaptureRequest } from '../capture/types.ts';
import type { GatewayConfig } from '../config.ts';
import type { Admitted, DoorRequest, GatewayHost, Refused, RoomNotice } from '../host.ts';
import type { TapEvent, Tracks, ViewEnd } from '../stream/types.ts';
import type { DoorRefusal, FlvRequest, GatewayStats, PhoneSignalRequest } from '../types.ts';

/** Handed to a worker at its start. */
export interface WorkerData {
  readonly config: GatewayConfig;
}

/** A question to the server, and its answer. */
export type HostCall =
  | { readonly method: 'admit'; readonly request: DoorRequest }
  | { readonly method: 'mediaToken'; readonly request: Parameters<GatewayHost['mediaToken']>[0] }
  | { readonly method: 'act'; readonly request: Parameters<GatewayHost['act']>[0] };

export type HostAnswer =
  | Admitted
  | Refused
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'done'; readonly code: PhoneCodeName };

export type ToWorker =
  | { readonly type: 'signal-open'; readonly id: number; readonly request: PhoneSignalRequest }
  | { readonly type: 'signal-frame'; readonly id: number; readonly frame: string }
  | { readonly type: 'signal-closed'; readonly id: number }
  | { readonly type: 'flv-open'; readonly id: number; readonly request: FlvRequest }
  /** The viewer is gone (or never attached). */
  | { readonly type: 'flv-left'; readonly id: number }
  | { readonly type: 'feed-keyframe'; readonly feed: number }
  | { readonly type: 'notice'; readonly notice: RoomNotice }
  | { readonly type: 'stats'; readonly id: number }
  | { readonly type: 'capture-start'; readonly id: number; readonly request: CaptureRequest }
  | { readonly type: 'capture-stop'; readonly id: number }
  | { readonly type: 'host-answer'; readonly id: number; readonly answer: HostAnswer }
  | { readonly type: 'host-error'; readonly id: number; readonly message: string }
  /** A port to the embedded engine, or null when there is none now. */
  | { readonly type: 'engine-port'; readonly id: number; readonly port: MessagePort | null }
  | { readonly type: 'stop'; readonly id: number; readonly deadlineMs: number };

export type FromWorker =
  | { readonly type: 'ready'; readonly rtmpPort: number }
  /** The gateway could not start at all. */
  | { readonly type: 'failed'; readonly message: string; readonly code: string }
  | { readonly type: 'refused'; readonly id: number; readonly refusal: DoorRefusal }
  | { readonly type: 'signal-accepted'; readonly id: number }
  | { readonly type: 'signal-frame'; readonly id: number; readonly frame: string }
  | { readonly type: 'signal-close'; readonly id: number; readonly code: number; readonly reason: string }
  /** A viewer may be served from this feed; the feed's first events come before. */
  | { readonly type: 'flv-accepted'; readonly id: number; readonly feed: number; readonly tracks: Tracks }
  | { readonly type: 'flv-end'; readonly id: number; readonly reason: ViewEnd }
  | { readonly type: 'feed-open'; readonly feed: number; readonly tracks: Tracks }
  | { readonly type: 'feed-event'; readonly feed: number; readonly event: TapEvent }
  | { readonly type: 'feed-close'; readonly feed: number }
  | { readonly type: 'host-call'; readonly id: number; readonly call: HostCall }
  | { readonly type: 'engine-port-wanted'; readonly id: number }
  | { readonly type: 'stats'; readonly id: number; readonly stats: GatewayStats }
  | { readonly type: 'capture-record'; readonly id: number; readonly record: CaptureRecord }
  | { readonly type: 'error'; readonly id: number; readonly message: string }
  | { readonly type: 'stopped'; readonly id: number };
