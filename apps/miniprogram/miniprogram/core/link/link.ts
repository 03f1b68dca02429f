import type { PhoneChat, PhoneQuality } from '@lianmai/protocol/phone-signal';
import type { RecoveryPolicy } from '../backoff.ts';
import type { Cause, PusherEvent } from '../events.ts';
import type { RemoteStream } from '../members/stream.ts';
import type { Ports } from '../ports.ts';
import type { TicketHolder } from '../tickets.ts';

/** Which room, as whom, by which service. */
export interface Place {
  readonly roomId: number;
  readonly userId: string;
  readonly sdkAppId: number;
  /** Base address of the self-hosted server. */
  readonly server: string;
  readonly useCloud: boolean;
  readonly pureAudioPushMod: number;
  readonly recordId: number | null;
}

export interface LinkParts {
  readonly ports: Ports;
  readonly policy: RecoveryPolicy;
  readonly tickets: TicketHolder;
  readonly place: Place;
  readonly host: LinkHost;
}

/** What a link tells the room. A link that was closed tells nothing more. */
export interface LinkHost {
  /** A URL to push to; the first one, and each after `freshPush`. */
  push(url: string): void;
  /** The push is to stop now; another URL follows. */
  halt(): void;
  /** A live-pusher event, its own or made from signalling. */
  event(event: PusherEvent): void;
  /** Everybody else, in full. */
  streams(streams: readonly RemoteStream[], renewed: boolean): void;
  /** The connection is being tried again (`true`), or stands. `restarting`: the server said that it restarts. */
  reconnecting(on: boolean, restarting?: boolean): void;
  /** What is sent is not taken; the stay goes on. */
  pushRefused(cause: Cause): void;
  /** roomsig could not be had: −9. */
  roomsigFailed(cause: Cause): void;
  /** Entry failed, or the stay is over: −10. */
  ended(cause: Cause): void;
  owner(userId: string): void;
  mutedByOwner(kind: 'audio' | 'video', muted: boolean): void;
  /** The conversation so far, when (again) connected. */
  history(chat: readonly PhoneChat[], selfName: string): void;
  chat(message: PhoneChat): void;
  quality(userId: string, quality: PhoneQuality): void;
  /** Something does not work as it should; the call goes on. */
  notice(cause: Cause): void;
}

export interface Reply {
  readonly code: number;
  readonly message: string;
}

/** Requests that others answer. */
export type LinkRequest =
  | { readonly type: 'chat'; readonly text: string }
  | { readonly type: 'kick'; readonly userid: string }
  | { readonly type: 'mute'; readonly userid: string; readonly kind: 'audio' | 'video' }
  | { readonly type: 'dissolve' };

/** One stay in a room by one media service. */
export interface Link {
  enter(): void;
  /** Ends it; with a word of goodbye where there is a way to say it. Nothing is told after this. */
  close(goodbye: boolean): void;
  /** What live-pusher itself said. */
  pusherEvent(event: PusherEvent): void;
  /** The push was stopped here, and another will follow: what live-pusher says of that end is no end of the stay. */
  halted(): void;
  /** Asks for a push URL that works now. */
  freshPush(): void;
  /** Asks for play URLs that work now. */
  freshPlay(): void;
  /** What the user switched on. */
  state(camera: boolean, microphone: boolean): void;
  netStatus(info: Readonly<Record<string, unknown>>): void;
  ask(request: LinkRequest): Promise<Reply>;
  /** The page is back in view, or the network has changed: a connection that is dead is found out now. */
  wake(): void;
}
