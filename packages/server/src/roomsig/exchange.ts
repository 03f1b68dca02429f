import {
  FROM_TYPE,
  hasPrivilege,
  LianmaiError,
  mediaRoomName,
  type PhoneUrls,
  PRIVILEGE,
  parseRoomId,
  type RoomsigAnswer,
  type RoomsigPhoneAnswer,
  type RoomsigReason,
  roomsigBodySchema,
  roomsigQuerySchema,
} from '@lianmai/protocol';
import { type RefusalReason, verifyPrivateMapKey, verifyUserSig } from '@lianmai/tickets';
import type { Services } from '../functions/context.ts';
import { mediaToken } from '../media/token.ts';
import { RoomsigRefusal } from './refusal.ts';

/** What a userSig's refusal is called here. */
const USER_SIG: Readonly<Record<RefusalReason, RoomsigReason>> = {
  malformed: 'truncated',
  'wrong-key': 'wrongKey',
  'other-application': 'applicationMismatch',
  'other-user': 'identifierMismatch',
  'other-room': 'truncated',
  'missing-privilege': 'truncated',
  expired: 'expired',
};

/** ... and a privateMapKey's. */
const PRIVATE_MAP_KEY: Readonly<Record<RefusalReason, RoomsigReason>> = {
  malformed: 'privateMapKeyFailed',
  'wrong-key': 'privateMapKeyFailed',
  'other-application': 'privilegeCheckFailed',
  'other-user': 'privilegeCheckFailed',
  'other-room': 'privilegeCheckFailed',
  'missing-privilege': 'mayNotEnter',
  expired: 'privateMapKeyExpired',
};

/** A request whose tickets have been found good. */
interface ProvenRequest {
  readonly userId: string;
  readonly roomId: string;
  /** Bits of the ticket, narrowed by `PrivMap`. */
  readonly privileges: number;
  readonly fromType: number;
}

/** What a request brings beside query and body. */
export interface ExchangeContext {
  /** Signal URL of this server, as the client reaches it. */
  readonly signalUrl: string;
  /** Push and signalling URLs for a member; null: this server serves no phones. */
  readonly phoneUrls: ((member: { roomId: string; userId: string; privileges: number }) => PhoneUrls) | null;
  /** Called with the user once his tickets are found good. */
  readonly admitUser: (userId: string) => void;
}

/**
 * The exchange of tickets for a roomsig: the step between the functions and the media room.
 * @throws RoomsigRefusal with the original's code.
 */
export async function exchange(
  services: Services,
  query: unknown,
  body: unknown,
  context: ExchangeContext,
): Promise<RoomsigAnswer | RoomsigPhoneAnswer> {
  const request = prove(services, query, body, context.phoneUrls !== null);
  context.admitUser(request.userId);
  const { privileges, userName } = await takeSeat(services, request);
  const RspHead = { ErrorCode: 0, ErrorInfo: '' } as const;
  if (request.fromType === FROM_TYPE.miniProgram && context.phoneUrls !== null) {
    const { roomId, userId } = request;
    return { RspHead, RspBody: context.phoneUrls({ roomId, userId, privileges }) };
  }
  const lifeSeconds = services.config.tickets.mediaTokenSeconds;
  const expiresAt = Date.now() + lifeSeconds * 1000;
  const token = await mediaToken(services.media.keys, {
    room: mediaRoomName(services.application.sdkAppId, request.roomId),
    userId: request.userId,
    userName,
    privileges,
    lifeSeconds,
  });
  const url = services.media.url ?? context.signalUrl;
  // Asked for from the start where phones are a must; else pages change when a phone comes, and rooms of browsers alone keep
  // what every browser has.
  const codec = services.config.phones.mode === 'on' ? { videoCodec: 'h264' as const } : {};
  return { RspHead, RspBody: { url, token, expiresAt, ...codec } };
}

/** Form first, then the application, then both tickets: what is not proved is never looked up. */
function prove(services: Services, query: unknown, body: unknown, phones: boolean): ProvenRequest {
  const parsedQuery = roomsigQuerySchema.safeParse(query);
  if (!parsedQuery.success) throw invalid(parsedQuery.error.issues[0]?.path);
  const parsedBody = roomsigBodySchema.safeParse(body);
  if (!parsedBody.success) throw invalid(parsedBody.error.issues[0]?.path);
  const { sdkappid, identifier, usersig } = parsedQuery.data;
  const { ReqHead, ReqBody } = parsedBody.data;
  requireFromType(ReqBody.FromType, phones);

  const { application, tickets } = services;
  if (Number(sdkappid) !== application.sdkAppId) throw new RoomsigRefusal('unknownApplication');
  const expected = { key: tickets.publicKey, sdkAppId: application.sdkAppId, userId: identifier };
  const userSig = verifyUserSig(usersig, expected);
  if (!userSig.ok) throw new RoomsigRefusal(USER_SIG[userSig.reason]);

  const roomId = parseRoomId(ReqHead.GroupId);
  if (roomId === null) throw new RoomsigRefusal('badRoomId');
  const privateMapKey = verifyPrivateMapKey(ReqBody.PrivMapEncrypt, {
    ...expected,
    room: { roomId: Number(roomId) },
    requiredPrivileges: PRIVILEGE.enterRoom,
  });
  if (!privateMapKey.ok) throw new RoomsigRefusal(PRIVATE_MAP_KEY[privateMapKey.reason]);
  const privileges = privateMapKey.privileges & (ReqBody.PrivMap ?? 255);
  if (!hasPrivilege(privileges, PRIVILEGE.enterRoom)) throw new RoomsigRefusal('mayNotEnter');
  return { userId: identifier, roomId, privileges, fromType: ReqBody.FromType };
}

function requireFromType(fromType: number, phones: boolean): void {
  switch (fromType) {
    case FROM_TYPE.web:
      return;
    case FROM_TYPE.miniProgram:
      if (phones) return;
      throw new RoomsigRefusal('unsupportedFromType', 'This server serves no phones. Its operator can switch them on.');
    case FROM_TYPE.native:
      throw new RoomsigRefusal('unsupportedFromType');
    default:
      throw new RoomsigRefusal('unknownFromType');
  }
}

function invalid(path: readonly PropertyKey[] | undefined): RoomsigRefusal {
  const field = path?.at(-1);
  if (field === 'FromType') return new RoomsigRefusal('unknownFromType');
  if (field === 'GroupId') return new RoomsigRefusal('badRoomId');
  if (field === undefined) return new RoomsigRefusal('invalidRequest');
  return new RoomsigRefusal('invalidRequest', `${String(field)} is missing or not of the expected form.`);
}

/** Takes the user's seat, making the room on first use when the ticket may. The room's own bits narrow the ticket's. */
async function takeSeat(
  services: Services,
  { userId, roomId, privileges }: ProvenRequest,
): Promise<{ privileges: number; userName: string }> {
  const sdkAppId = services.application.sdkAppId;
  const mayCreate = hasPrivilege(privileges, PRIVILEGE.createRoom);
  try {
    // Asked before the seat is taken: who may not enter (removed, or the room gives less) must not hold one.
    const offered = await services.rooms.privileges({ sdkAppId, roomId }, userId);
    if (!hasPrivilege(privileges & offered, PRIVILEGE.enterRoom)) throw new RoomsigRefusal('mayNotEnter');
    const userName = (await services.identities.identity(userId))?.userName ?? userId;
    const entered = await services.rooms.enter({ sdkAppId, roomId, userId, userName, mayCreate });
    const granted = privileges & entered.privileges;
    if (!hasPrivilege(granted, PRIVILEGE.enterRoom)) throw new RoomsigRefusal('mayNotEnter');
    const member = entered.room.members?.find((one) => one.userID === userId);
    return { privileges: granted, userName: member?.userName ?? userName };
  } catch (error) {
    throw roomRefusal(error);
  }
}

function roomRefusal(error: unknown): unknown {
  if (!(error instanceof LianmaiError)) return error;
  switch (error.reason) {
    case 'roomFull':
      return new RoomsigRefusal('roomFull');
    case 'removed':
      return new RoomsigRefusal('mayNotEnter', error.message);
    case 'noSuchRoom':
    case 'notPermitted':
      return new RoomsigRefusal('mayNotCreate');
    case 'invalidRoomId':
      return new RoomsigRefusal('badRoomId');
    case 'tooManyRequests':
      return new RoomsigRefusal('tooManyRequests');
    default:
      return error;
  }
}
