/** What the gateway asks of the room rules, answered by the same code as the functions. */
import { randomBytes } from 'node:crypto';
import type { Admitted, DoorRequest, GatewayHost, PhoneAction, Refused } from '@lianmai/gateway';
import {
  type CodeName,
  hasPrivilege,
  LianmaiError,
  mediaRoomName,
  type PhoneCodeName,
  PRIVILEGE,
  type RoomInfo,
} from '@lianmai/protocol';
import type { Actor, RoomKey } from '@lianmai/rooms';
import type { Services } from '../functions/context.ts';
import { createRoomActs } from '../functions/room-acts.ts';
import { phoneToken, watcherToken } from '../media/token.ts';

/** What a refusal of the rooms is called at the phones' doors. */
const PHONE_REASONS: Partial<Record<CodeName, PhoneCodeName>> = {
  removed: 'kicked',
  noSuchRoom: 'roomEnded',
  invalidRoomId: 'roomEnded',
  roomFull: 'roomFull',
  notMember: 'noSuchUser',
  notOwner: 'notOwner',
  notPermitted: 'notAllowed',
  invalidArgument: 'badRequest',
  tooManyRequests: 'tooFast',
};

const SERVER: Actor = { kind: 'server' };

/** What {@link createGatewayHost} works with. */
export type GatewayHostParts = Pick<Services, 'application' | 'config' | 'identities' | 'log' | 'media' | 'rooms'>;

export function createGatewayHost(parts: GatewayHostParts): GatewayHost {
  const { rooms, log } = parts;
  const { sdkAppId } = parts.application;
  const acts = createRoomActs(parts);
  // No user id holds a colon. Own to this process, so that two servers of one cluster do not put out each other's.
  const watcher = `lianmai:gateway:${randomBytes(6).toString('hex')}`;
  const lifeSeconds = parts.config.tickets.mediaTokenSeconds;

  async function nameOf(userId: string): Promise<string> {
    return (await parts.identities.identity(userId))?.userName ?? userId;
  }

  /**
   * The room with this user's seat in it. Signalling takes a lapsed seat anew, and one that stands for a lease: the late end of
   * the participant that its phone had before must not take it away. Media alone does not make a member.
   */
  async function seated(key: RoomKey, { door, userId }: DoorRequest): Promise<RoomInfo | PhoneCodeName> {
    const room = await rooms.info(SERVER, key);
    const member = room.members?.find(({ userID }) => userID === userId);
    if (door !== 'signal') return member === undefined ? 'notHere' : room;
    const userName = member?.userName ?? (await nameOf(userId));
    // Never makes a room: one that has ended stays so for whoever still holds a URL of it.
    return (await rooms.enter({ ...key, userId, userName, mayCreate: false })).room;
  }

  async function admit(request: DoorRequest): Promise<Admitted | Refused> {
    const key = { sdkAppId, roomId: request.roomId };
    const { userId } = request;
    if (await rooms.isRevoked(key, userId)) return { kind: 'refused', code: 'kicked' };
    const privileges = request.privileges & (await rooms.privileges(key, userId));
    // Asked before a seat is taken: who may not enter must not hold one.
    if (!hasPrivilege(privileges, PRIVILEGE.enterRoom)) return { kind: 'refused', code: 'notAllowed' };
    const room = await seated(key, request);
    if (typeof room === 'string') return { kind: 'refused', code: room };
    const userName = room.members?.find((member) => member.userID === userId)?.userName ?? userId;
    return { kind: 'admitted', userName, ownerId: room.ownerID, privileges };
  }

  async function act(key: RoomKey, userId: string, action: PhoneAction): Promise<void> {
    const actor: Actor = { kind: 'user', userId, userName: userId };
    switch (action.kind) {
      case 'kick':
        await acts.kick(actor, key, action.memberId);
        return;
      case 'mute':
        await acts.mute(actor, key, action.memberId, action.track);
        return;
      case 'dissolve':
        await acts.dissolve(actor, key);
        return;
      case 'leave':
        await acts.quit(key, userId);
        return;
    }
  }

  /** The phone's word for a failure; one that nobody expects is logged. */
  function reasonOf(error: unknown, what: string): PhoneCodeName {
    const reason = error instanceof LianmaiError ? PHONE_REASONS[error.reason] : undefined;
    if (reason !== undefined) return reason;
    log.error({ err: error }, what);
    return 'internal';
  }

  return {
    async admit(request) {
      try {
        return await admit(request);
      } catch (error) {
        return { kind: 'refused', code: reasonOf(error, 'a phone could not be admitted') };
      }
    },

    mediaToken({ roomId, user }) {
      const claims = { room: mediaRoomName(sdkAppId, roomId), lifeSeconds };
      return user === null
        ? watcherToken(parts.media.keys, { ...claims, identity: watcher })
        : phoneToken(parts.media.keys, { ...claims, ...user });
    },

    async act({ roomId, userId, action }) {
      try {
        await act({ sdkAppId, roomId }, userId, action);
        return 'ok';
      } catch (error) {
        // Gone already is what was asked for.
        if (action.kind === 'leave' && isGone(error)) return 'ok';
        return reasonOf(error, 'what a phone asked for could not be done');
      }
    },
  };
}

function isGone(error: unknown): boolean {
  return error instanceof LianmaiError && (error.reason === 'notMember' || error.reason === 'noSuchRoom');
}
