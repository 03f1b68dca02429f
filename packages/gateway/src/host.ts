/** What the gateway asks of the server around it: room rules, tokens and the owner's actions. All by messages. */
import type { PhoneCodeName } from '@lianmai/protocol';

/** Somebody at a door of the gateway, after his ticket was found good. */
export interface DoorRequest {
  readonly door: 'signal' | 'push' | 'play';
  readonly roomId: string;
  readonly userId: string;
  /** Privilege bits of the ticket. */
  readonly privileges: number;
}

export interface Admitted {
  readonly kind: 'admitted';
  readonly userName: string;
  readonly ownerId: string;
  /** The ticket's bits narrowed by the room's as they are now. */
  readonly privileges: number;
}

export interface Refused {
  readonly kind: 'refused';
  readonly code: PhoneCodeName;
}

/** What the owner of a room, or a user for himself, does from a phone. */
export type PhoneAction =
  | { readonly kind: 'kick'; readonly memberId: string }
  | { readonly kind: 'mute'; readonly memberId: string; readonly track: 'audio' | 'video' }
  | { readonly kind: 'dissolve' }
  /** Gives the seat back. */
  | { readonly kind: 'leave' };

export interface GatewayHost {
  /** Kicked, dissolved, no seat: asked at every door. A seat that lapsed is taken anew when there is place. */
  admit(request: DoorRequest): Promise<Admitted | Refused>;
  /**
   * A LiveKit token. With a user: his participant (publishes under his own name, subscribes nothing, carries the phone's
   * attribute). Without: the hidden participant that watches for all phones of the room.
   */
  mediaToken(request: {
    readonly roomId: string;
    readonly user: { readonly userId: string; readonly userName: string; readonly privileges: number } | null;
  }): Promise<string>;
  act(request: {
    readonly roomId: string;
    readonly userId: string;
    readonly action: PhoneAction;
  }): Promise<PhoneCodeName>;
}

/** What happened to a room, told by the server so that phones hear of it and doors shut at once. */
export type RoomNotice =
  | { readonly kind: 'kicked'; readonly roomId: string; readonly userId: string }
  | { readonly kind: 'left'; readonly roomId: string; readonly userId: string; readonly reason: 'quit' | 'expired' }
  | { readonly kind: 'owner'; readonly roomId: string; readonly ownerId: string }
  | { readonly kind: 'ended'; readonly roomId: string; readonly reason: 'dissolved' | 'empty' };
