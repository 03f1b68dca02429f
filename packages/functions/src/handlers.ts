/** What each function does. Its name and types follow the table in the protocol package, so that they cannot drift. */
import { type FunctionData, type FunctionName, LianmaiError, type ParsedEvent, type SignInfo } from '@lianmai/protocol';
import type { RoomKey } from '@lianmai/rooms';
import { actorOf, type Call, requireScope, requireSelf, subjectOf } from './call.ts';
import type { FunctionServices } from './services.ts';

/** A list's answer: `total` stands beside `data` in the envelope. */
export interface Listed<T> {
  readonly data: T;
  readonly total: number;
}

type Answer<N extends FunctionName> = N extends 'webrtc-get-room-list' ? Listed<FunctionData<N>> : FunctionData<N>;

export type Handlers = { readonly [N in FunctionName]: (call: Call, event: ParsedEvent<N>) => Promise<Answer<N>> };

/** Every function of the protocol's table. Each throws LianmaiError for what it refuses. */
export function createHandlers(services: FunctionServices): Handlers {
  const { rooms, tickets, acts, sdkAppId } = services;
  const nameOf = (userId: string): Promise<string> => services.nameOf(userId);

  function keyOf(call: Call, roomId: string): RoomKey {
    const key = { sdkAppId, roomId };
    requireScope(call, key);
    return key;
  }

  async function ticketsFor(key: RoomKey, userId: string): Promise<SignInfo> {
    if (await rooms.isRevoked(key, userId)) throw new LianmaiError('removed');
    return tickets.signInfo(userId, { roomId: key.roomId, privileges: await rooms.privileges(key, userId) });
  }

  return {
    'webrtc-login': (call, event) => services.login(event, call.bearer),

    async 'webrtc-login-code'(call, event) {
      const subject = await subjectOf(call, event.userID, nameOf);
      requireScope(call, null);
      return services.loginCode(subject, call.caller?.kind === 'user' ? (call.caller.session ?? null) : null);
    },

    async 'webrtc-create-room'(call, event) {
      const subject = await subjectOf(call, event.userID, nameOf);
      const { roomID, roomName, capacity, privilegeMap } = event;
      requireScope(call, roomID === undefined ? null : { sdkAppId, roomId: roomID });
      const entered = await rooms.create(actorOf(call), {
        key: { sdkAppId, ...(roomID === undefined ? {} : { roomId: roomID }) },
        ...subject,
        ...(roomName === undefined ? {} : { roomName }),
        ...(capacity === undefined ? {} : { capacity }),
        ...(privilegeMap === undefined ? {} : { privilegeMap }),
      });
      return entered.room;
    },

    async 'webrtc-enter-room'(call, event) {
      const subject = await subjectOf(call, event.userID, nameOf);
      const { roomID, roomName } = event;
      requireScope(call, roomID === undefined ? null : { sdkAppId, roomId: roomID });
      const { room, privileges } = await rooms.enter({
        sdkAppId,
        ...subject,
        ...(roomID === undefined ? {} : { roomId: roomID }),
        ...(roomName === undefined ? {} : { roomName }),
      });
      return { roomInfo: room, signInfo: tickets.signInfo(subject.userId, { roomId: room.roomID, privileges }) };
    },

    async 'webrtc-quit-room'(call, event) {
      const { userId } = await subjectOf(call, event.userID, nameOf);
      const key = keyOf(call, event.roomID);
      return acts.quit(key, userId);
    },

    async 'webrtc-get-room-info'(call, event) {
      requireSelf(call, event.userID);
      return rooms.info(actorOf(call), keyOf(call, event.roomID));
    },

    async 'webrtc-get-room-list'(call, event) {
      requireSelf(call, event.userID);
      requireScope(call, null);
      const limit = Math.min(event.limit, services.listLimit);
      const page = await rooms.list(sdkAppId, { skip: event.skip, limit, order: event.order });
      return { data: page.rooms, total: page.total };
    },

    async 'webrtc-sig-api'(call, event) {
      const { userId } = await subjectOf(call, event.userID, nameOf);
      if (event.roomID === undefined) {
        requireScope(call, null);
        return tickets.signInfo(userId, null);
      }
      return ticketsFor(keyOf(call, event.roomID), userId);
    },

    async 'webrtc-heartbeat'(call, event) {
      const { userId } = await subjectOf(call, event.userID, nameOf);
      return rooms.heartbeat(keyOf(call, event.roomID), userId);
    },

    async 'webrtc-kick-member'(call, event) {
      requireSelf(call, event.userID);
      const key = keyOf(call, event.roomID);
      if (!event.kick) return rooms.forgive(actorOf(call), key, event.memberID);
      return acts.kick(actorOf(call), key, event.memberID);
    },

    async 'webrtc-mute-member'(call, event) {
      requireSelf(call, event.userID);
      const key = keyOf(call, event.roomID);
      return acts.mute(actorOf(call), key, event.memberID, event.kind);
    },

    async 'webrtc-dissolve-room'(call, event) {
      requireSelf(call, event.userID);
      const key = keyOf(call, event.roomID);
      return acts.dissolve(actorOf(call), key);
    },
  };
}
