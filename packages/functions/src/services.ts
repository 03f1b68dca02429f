import type { FunctionData, ParsedEvent, RoomInfo } from '@lianmai/protocol';
import type { Actor, RoomKey, Rooms } from '@lianmai/rooms';
import type { CallerSession, Subject } from './call.ts';
import type { TicketOffice } from './tickets.ts';

/** What changes both a room and its media room, whichever door it was asked at. */
export interface RoomActs {
  /** Gives the seat back, then takes the user out of the media room. */
  quit(key: RoomKey, userId: string): Promise<RoomInfo | null>;
  /** Shuts the media door first. */
  kick(actor: Actor, key: RoomKey, memberId: string): Promise<RoomInfo>;
  mute(actor: Actor, key: RoomKey, memberId: string, track: 'audio' | 'video'): Promise<RoomInfo>;
  dissolve(actor: Actor, key: RoomKey): Promise<RoomInfo>;
}

/** What the functions work with; each host brings its own. */
export interface FunctionServices {
  /** The application whose rooms these are. */
  readonly sdkAppId: number;
  readonly rooms: Rooms;
  readonly tickets: Pick<TicketOffice, 'signInfo'>;
  readonly acts: RoomActs;
  /** Most rooms on one page of the list, whatever is asked for. */
  readonly listLimit: number;
  /** The name that a user goes by; his id when there is none. */
  nameOf(userId: string): Promise<string>;
  login(event: ParsedEvent<'webrtc-login'>, bearer: string | null): Promise<FunctionData<'webrtc-login'>>;
  /** @param session what the user signed in with; null when a server key asks for him. */
  loginCode(subject: Subject, session: CallerSession | null): Promise<FunctionData<'webrtc-login-code'>>;
}
