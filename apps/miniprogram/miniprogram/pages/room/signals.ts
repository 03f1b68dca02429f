/** What the room page hears of `<webrtc-room>`, in the terms of a room. `component.ts` makes these from its events. */

export interface Stream {
  readonly userId: string;
  readonly name: string;
  readonly hasVideo: boolean;
  readonly hasAudio: boolean;
  /** `aux`: a screen share. */
  readonly streamType: string;
  /** Why there is no picture or sound although one is published; empty when all is well. */
  readonly missing: string;
  /** `excellent`, `good`, `poor`, `lost`; empty when nobody said. */
  readonly quality: string;
}

export interface ChatLine {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly text: string;
}

/** Why something went wrong: a word that never changes, and the number of the layer that said so (0: none). */
export interface SignalCause {
  readonly reason: string;
  readonly code: number;
}

export type RoomSignal =
  /** In the room, for the first time or again. */
  | { readonly type: 'joined' }
  /** What the component is mending; empty when all is well (again). */
  | { readonly type: 'trouble'; readonly trouble: '' | 'connection' | 'server-restart' | 'sending' }
  /** Everybody else, in full. */
  | { readonly type: 'people'; readonly streams: readonly Stream[] }
  | { readonly type: 'owner'; readonly userId: string }
  /** Muted by the owner, or no longer. */
  | { readonly type: 'muted'; readonly kind: 'audio' | 'video'; readonly on: boolean }
  | { readonly type: 'chat'; readonly lines: readonly ChatLine[] }
  /** Something does not work as it should; the call goes on. */
  | { readonly type: 'notice'; readonly code: number; readonly cause: SignalCause | null }
  | { readonly type: 'tickets' }
  /** The component has given up what `code` (−4 … −11, 19) says. */
  | { readonly type: 'failed'; readonly code: number; readonly cause: SignalCause | null };

/** The methods of the component that the page calls. It looks after hide and show by itself. */
export interface RoomComponent {
  start(): void;
  stop(): void;
  switchCamera(): void;
  /** Sends a line to everybody. */
  send(text: string): Promise<boolean>;
}
