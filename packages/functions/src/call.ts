import { LianmaiError, mediaRoomName } from '@lianmai/protocol';
import type { Actor, RoomKey } from '@lianmai/rooms';

/** Who calls, as his credentials say; never as the event says. */
export type Caller =
  | {
      readonly kind: 'user';
      readonly userId: string;
      readonly userName: string;
      /** What he signed in with; absent where the platform says who calls. */
      readonly session?: CallerSession;
    }
  /** `room`: the key speaks for this media room only; null for all. */
  | { readonly kind: 'server'; readonly room: string | null };

export interface CallerSession {
  /** How the user came in. */
  readonly kind: 'guest' | 'wechat';
  /** Unix ms. */
  readonly expiresAt: number;
}

/** One call of a function: who asks, and for whom. */
export interface Call {
  /** null for `webrtc-login` alone. */
  readonly caller: Caller | null;
  /** The session token that came along, even an expired one; for `webrtc-login` alone. */
  readonly bearer: string | null;
}

/** The user for whom a call acts. */
export interface Subject {
  readonly userId: string;
  readonly userName: string;
}

/** Who asks, in the words of the room rules. */
export function actorOf(call: Call): Actor {
  if (call.caller === null) throw new LianmaiError('notSignedIn');
  if (call.caller.kind === 'server') return { kind: 'server' };
  return { kind: 'user', userId: call.caller.userId, userName: call.caller.userName };
}

/**
 * For whom the call acts: the caller himself, whatever the event says; a server key names the user.
 * @throws LianmaiError notYourself for another user's id, invalidArgument for a server key that names nobody.
 */
export async function subjectOf(
  call: Call,
  userID: string | undefined,
  nameOf: (userId: string) => Promise<string>,
): Promise<Subject> {
  const actor = actorOf(call);
  if (actor.kind === 'server') {
    if (userID === undefined) {
      throw new LianmaiError('invalidArgument', 'userID is missing: with the server key, say for whom you act.');
    }
    return { userId: userID, userName: await nameOf(userID) };
  }
  requireSelf(call, userID);
  return { userId: actor.userId, userName: actor.userName };
}

/** Refuses an event that names another user than the caller. */
export function requireSelf(call: Call, userID: string | undefined): void {
  if (call.caller?.kind === 'user' && userID !== undefined && userID !== call.caller.userId) {
    throw new LianmaiError('notYourself');
  }
}

/** Refuses a server key that speaks for another room only. */
export function requireScope(call: Call, key: RoomKey | null): void {
  if (call.caller?.kind !== 'server' || call.caller.room === null) return;
  if (key === null || mediaRoomName(key.sdkAppId, key.roomId) !== call.caller.room) {
    throw new LianmaiError('notPermitted', 'This token speaks for one room only. Use the API key and secret.');
  }
}
