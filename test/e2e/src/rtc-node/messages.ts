import type { Rgb } from '../harness-api.ts';

/** What the client in the child process is asked, by name: the question and its answer. */
export interface NodeCalls {
  connect: (url: string, token: string, singlePeerConnection: boolean) => null;
  publishVideo: (color: Rgb, codec: NodeVideoCodec) => null;
  publishAudio: (tone: number) => null;
  look: (identity: string) => NodeLook | null;
  listen: (identity: string) => NodeSound | null;
  sid: () => string;
  reconnectSignal: () => null;
  sendData: (text: string, topic: string) => null;
  sendText: (text: string, topic: string) => null;
  rpc: (identity: string, method: string, payload: string) => string;
  disconnect: () => null;
}

export type NodeVideoCodec = 'vp8' | 'h264';

/** The last decoded picture of somebody. */
export interface NodeLook {
  /** Mean of the lower part. */
  readonly color: Rgb;
  /** Where the white mark stands, 0 … 1; −1 when there is none. */
  readonly mark: number;
  /** Frames decoded. */
  readonly frames: number;
}

/** The last tenth of a second of somebody's sound. */
export interface NodeSound {
  /** Frequency of a clean tone; 0 in silence. */
  readonly hz: number;
  readonly frames: number;
}

export interface NodeOrder {
  readonly id: number;
  readonly name: keyof NodeCalls;
  readonly args: readonly unknown[];
}

export type NodeReport =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string }
  | { readonly kind: 'event'; readonly entry: string };
