/**
 * What the engine and a local link (in another thread) say to each other over a `MessagePort`: plain data and bytes,
 * nothing shared. Packets travel beside these messages, as transferred buffers of records (see `records.ts`).
 *
 * A session is one participant. Signalling is LiveKit's own, frame by frame; only descriptions (SDP), ICE, DTLS, SRTP
 * and SCTP are absent: tracks are told by {@link ToEngine} `publish` and {@link ToLink} `subscribed`.
 */
import type { MediaKind } from '../forward/types.ts';

export type LocalDataKind = 'reliable' | 'lossy';

/** Link → engine. */
export type ToEngine =
  /** `join`: a `livekit.JoinRequest`. The number names the session from now on, never used before on this port. */
  | { readonly type: 'open'; readonly session: number; readonly token: string; readonly join: Uint8Array }
  /** A `livekit.SignalRequest`. */
  | { readonly type: 'frame'; readonly session: number; readonly frame: Uint8Array }
  /** The link gives the session up without having said `leave`. */
  | { readonly type: 'closed'; readonly session: number }
  /** Media of the track asked for with `addTrack` under `cid` come from now on as records of this stream. */
  | {
      readonly type: 'publish';
      readonly session: number;
      readonly stream: number;
      readonly kind: MediaKind;
      readonly cid: string;
    }
  | { readonly type: 'unpublish'; readonly session: number; readonly stream: number }
  /** 16-bit sequence numbers of a subscription that did not come. */
  | {
      readonly type: 'nack';
      readonly session: number;
      readonly stream: number;
      readonly sequences: readonly number[];
    }
  | { readonly type: 'keyframe'; readonly session: number; readonly stream: number }
  /** A `livekit.DataPacket`. */
  | { readonly type: 'data'; readonly session: number; readonly kind: LocalDataKind; readonly bytes: Uint8Array }
  | Acknowledgement;

/** Engine → link. */
export type ToLink =
  | { readonly type: 'accepted'; readonly session: number }
  /** As the HTTP answer that a WebSocket would have got. */
  | { readonly type: 'refused'; readonly session: number; readonly status: number; readonly reason: string }
  /** A `livekit.SignalResponse`. */
  | { readonly type: 'frame'; readonly session: number; readonly frame: Uint8Array }
  /** The session is over. */
  | { readonly type: 'close'; readonly session: number; readonly code: number; readonly reason: string }
  /** Packets of a track come from now on as records of this stream; its number is never used again. */
  | {
      readonly type: 'subscribed';
      readonly session: number;
      readonly stream: number;
      readonly trackSid: string;
      /** Mime type of the publisher's first codec; the records' payload types tell what really comes. */
      readonly mimeType: string;
    }
  | { readonly type: 'unsubscribed'; readonly session: number; readonly stream: number }
  /** A viewer of a published stream needs a keyframe. */
  | { readonly type: 'keyframe'; readonly session: number; readonly stream: number }
  | { readonly type: 'data'; readonly session: number; readonly kind: LocalDataKind; readonly bytes: Uint8Array }
  | Acknowledgement;

/** How much of what the other end sent was taken since the channel began, in bytes as `channel.ts` counts them. */
export interface Acknowledgement {
  readonly type: 'taken';
  readonly packets: number;
  readonly messages: number;
}
