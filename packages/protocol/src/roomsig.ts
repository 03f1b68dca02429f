import { z } from 'zod';

/** Kind of client that asks for a roomsig (`ReqBody.FromType`). */
export const FROM_TYPE = { native: 1, web: 2, miniProgram: 3 } as const;

/** Query of `POST /v4/openim/jsonvideoapp` (and `/v4/trtc/jsonvideoapp`). */
export const roomsigQuerySchema = z.object({
  sdkappid: z.string().regex(/^[0-9]{1,10}$/),
  identifier: z.string().min(1).max(64),
  usersig: z.string().min(1).max(8192),
  random: z.string().max(32).optional(),
  contenttype: z.string().max(16).optional(),
});

/** Body of the request; `Cmd` 1 and `BusType` 7 are required, unknown members are ignored as the original does. */
export const roomsigBodySchema = z.object({
  ReqHead: z.object({
    Cmd: z.literal(1),
    SeqNo: z.number().optional(),
    BusType: z.literal(7),
    GroupId: z.union([z.number(), z.string()]),
  }),
  ReqBody: z.object({
    PrivMap: z.int().min(0).max(255).optional(),
    PrivMapEncrypt: z.string().min(1).max(8192),
    TerminalType: z.number().optional(),
    FromType: z.number(),
    SdkVersion: z.number().optional(),
    IsIpRedirect: z.number().optional(),
  }),
});

/**
 * What a browser gets as `RspBody`. `expiresAt`: Unix milliseconds. `videoCodec`: what to publish when the browser can,
 * because phones of the room show it without transcoding; absent where that is decided when a phone comes.
 */
export const roomsigWebBodySchema = z.object({
  url: z.string(),
  token: z.string(),
  expiresAt: z.int(),
  videoCodec: z.enum(['h264']).optional(),
});

/** What a mini program gets as `RspBody`: signed push URL, signalling WebSocket. `expiresAt`: Unix milliseconds. */
export const roomsigPhoneBodySchema = z.object({ pushUrl: z.string(), signalUrl: z.string(), expiresAt: z.int() });

/** A successful answer for `FromType` 2. */
export const roomsigAnswerSchema = z.object({
  RspHead: z.object({ ErrorCode: z.literal(0), ErrorInfo: z.string() }),
  RspBody: roomsigWebBodySchema,
});

/** A successful answer for `FromType` 3. */
export const roomsigPhoneAnswerSchema = z.object({
  RspHead: z.object({ ErrorCode: z.literal(0), ErrorInfo: z.string() }),
  RspBody: roomsigPhoneBodySchema,
});

/** A failure answers both of the original's shapes at once. */
export const roomsigErrorSchema = z.object({
  ActionStatus: z.literal('FAIL'),
  ErrorCode: z.int(),
  ErrorInfo: z.string(),
  RspHead: z.object({ ErrorCode: z.int(), ErrorInfo: z.string() }),
});

export type RoomsigBody = z.output<typeof roomsigBodySchema>;
export type RoomsigWebBody = z.output<typeof roomsigWebBodySchema>;
export type RoomsigPhoneBody = z.output<typeof roomsigPhoneBodySchema>;
export type RoomsigAnswer = z.output<typeof roomsigAnswerSchema>;
export type RoomsigPhoneAnswer = z.output<typeof roomsigPhoneAnswerSchema>;
export type RoomsigError = z.output<typeof roomsigErrorSchema>;

/** roomsig error codes of the original (its negative, native-SDK form), with what to do. */
export const ROOMSIG_ERRORS = {
  invalidRequest: {
    code: -3316,
    message: 'The request is not of the expected form. Send Cmd 1, BusType 7 and a numeric GroupId.',
  },
  unknownFromType: { code: -3317, message: 'FromType is missing or unknown. Browsers send 2, mini programs 3.' },
  unsupportedFromType: {
    code: -3318,
    message: 'This server does not serve this FromType. Browsers send 2, mini programs 3.',
  },
  expired: { code: -70001, message: 'The userSig has expired. Ask for fresh tickets (webrtc-sig-api).' },
  truncated: { code: -70003, message: 'The userSig is malformed or truncated.' },
  wrongKey: { code: -70009, message: 'The userSig was not signed with the key of this sdkappid.' },
  identifierMismatch: { code: -70013, message: 'The userSig belongs to another user.' },
  applicationMismatch: { code: -70014, message: 'The userSig belongs to another sdkappid.' },
  unknownApplication: { code: -70020, message: 'This sdkappid is not known here.' },
  invalidated: { code: -70052, message: 'The userSig has been invalidated. Sign in again.' },
  privateMapKeyFailed: { code: -70346, message: 'The privateMapKey does not verify. Ask for fresh tickets.' },
  privateMapKeyExpired: {
    code: -70347,
    message: 'The privateMapKey has expired. Ask for fresh tickets (webrtc-sig-api).',
  },
  privilegeCheckFailed: { code: -100006, message: 'The privateMapKey does not belong to this user and room.' },
  badRoomId: { code: -100010, message: 'GroupId must be an integer from 1 to 4294967294.' },
  mayNotCreate: { code: -102010, message: 'There is no such room, and the ticket has no privilege to create one.' },
  mayNotEnter: { code: -102011, message: 'You may not enter this room.' },
  roomFull: { code: -102052, message: 'The room is full. Try again when somebody has left.' },
  tooManyRequests: { code: -100012, message: 'Too many requests. Wait a little, then try again.' },
  internal: { code: -100018, message: 'The server failed to answer. Try again.' },
} as const;

export type RoomsigReason = keyof typeof ROOMSIG_ERRORS;
