import type { TicketRoom } from './types.ts';

/** What the binary `userbuf` inside a privateMapKey says. All integers are big-endian on the wire. */
export interface UserBuf {
  readonly account: string;
  readonly sdkAppId: number;
  readonly room: TicketRoom;
  /** Absolute Unix seconds. */
  readonly expiresAt: number;
  readonly privileges: number;
  readonly accountType: number;
}

/** Version byte: 0 for a numeric room, 1 when a string room follows. */
const NUMERIC = 0;
const STRING = 1;

/** Writes the layout `cVer, wAccountLen, account, dwSdkAppid, dwAuthId, dwExpTime, dwPrivilegeMap, dwAccountType [, room]`. */
export function encodeUserBuf(value: UserBuf): Buffer {
  const account = Buffer.from(value.account, 'utf8');
  const strRoom = 'strRoomId' in value.room ? Buffer.from(value.room.strRoomId, 'utf8') : null;
  const bytes = Buffer.alloc(23 + account.length + (strRoom === null ? 0 : 2 + strRoom.length));
  bytes.writeUInt8(strRoom === null ? NUMERIC : STRING, 0);
  bytes.writeUInt16BE(account.length, 1);
  let at = 3 + account.copy(bytes, 3);
  at = bytes.writeUInt32BE(value.sdkAppId, at);
  at = bytes.writeUInt32BE('roomId' in value.room ? value.room.roomId : 0, at);
  at = bytes.writeUInt32BE(value.expiresAt, at);
  at = bytes.writeUInt32BE(value.privileges, at);
  at = bytes.writeUInt32BE(value.accountType, at);
  if (strRoom !== null) {
    at = bytes.writeUInt16BE(strRoom.length, at);
    strRoom.copy(bytes, at);
  }
  return bytes;
}

/** Inverse of {@link encodeUserBuf}; `null` when a length does not add up or the version is unknown. */
export function decodeUserBuf(bytes: Buffer): UserBuf | null {
  if (bytes.length < 23) return null;
  const version = bytes.readUInt8(0);
  const accountLength = bytes.readUInt16BE(1);
  const fixedEnd = 23 + accountLength;
  if ((version !== NUMERIC && version !== STRING) || bytes.length < fixedEnd) return null;
  const account = bytes.toString('utf8', 3, 3 + accountLength);
  const at = 3 + accountLength;
  let room: TicketRoom = { roomId: bytes.readUInt32BE(at + 4) };
  let end = fixedEnd;
  if (version === STRING) {
    if (bytes.length < fixedEnd + 2) return null;
    const roomLength = bytes.readUInt16BE(fixedEnd);
    end = fixedEnd + 2 + roomLength;
    if (bytes.length < end) return null;
    room = { strRoomId: bytes.toString('utf8', fixedEnd + 2, end) };
  }
  if (bytes.length !== end) return null;
  return {
    account,
    sdkAppId: bytes.readUInt32BE(at),
    room,
    expiresAt: bytes.readUInt32BE(at + 8),
    privileges: bytes.readUInt32BE(at + 12),
    accountType: bytes.readUInt32BE(at + 16),
  };
}
