import { z } from 'zod';
import { MAX_ROOM_ID, parseRoomId } from './room-id.ts';
import { USER_ID_PATTERN } from './user-id.ts';

/** roomID of a request: an integer or its canonical decimal string; parsed to the string. */
export const roomIdSchema = z
  .union([z.int().min(1).max(MAX_ROOM_ID), z.string()])
  .transform((value, context) => {
    const roomId = parseRoomId(value);
    if (roomId === null) {
      context.addIssue({ code: 'custom', message: 'not a canonical room id', params: { lianmai: 'invalidRoomId' } });
      return z.NEVER;
    }
    return roomId;
  })
  .meta({ description: 'An integer from 1 to 4294967294, or its canonical decimal string.' });

/** A room's name is a label, not a key. */
export const roomNameSchema = z.string().trim().min(1).max(64).meta({ description: 'A label of 1–64 characters.' });

/** A user id: 1–32 of `[A-Za-z0-9_-]`. */
export const userIdSchema = z
  .string()
  .regex(USER_ID_PATTERN)
  .meta({ description: '1–32 characters of A–Z a–z 0–9 _ -' });

/** What the caller may add to every event: his own id (anyone's with the server key). */
const caller = { userID: userIdSchema.optional() };

/** A member as members see one another. */
export const memberSchema = z.object({ userID: userIdSchema, userName: z.string(), joinTime: z.int() });

/** A room as it is answered; `members` only for members, the owner and the server key, never in the list. */
export const roomSchema = z.object({
  roomID: z.string(),
  roomName: z.string(),
  creator: z.string(),
  ownerID: z.string(),
  memberCount: z.int(),
  capacity: z.int(),
  /** Unix milliseconds. */
  createTime: z.int(),
  members: z.array(memberSchema).optional(),
});

/** Everything a client needs to ask for a roomsig. `expiresAt`: Unix milliseconds; renew by it. */
export const signInfoSchema = z.object({
  userID: z.string(),
  sdkAppID: z.int(),
  accountType: z.string(),
  userSig: z.string(),
  privateMapKey: z.string(),
  expiresAt: z.int(),
});

export const loginSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('guest'), name: z.string().trim().min(1).max(32) }),
  z.object({ type: z.literal('wechat'), code: z.string().min(1).max(128) }),
  /** A code of `webrtc-login-code`: signs in as the user who asked for it. */
  z.object({ type: z.literal('code'), code: z.string().min(1).max(128) }),
]);

const roomEvent = z.object({ ...caller, roomID: roomIdSchema });
const memberEvent = z.object({ ...caller, roomID: roomIdSchema, memberID: userIdSchema });
const listOrder = z.enum(['newest', 'oldest', 'fullest']);

/** One function: what it takes and what `data` it answers. */
export interface FunctionSpec {
  readonly summary: string;
  /** Other names under which the same function is called. */
  readonly aliases: readonly string[];
  /** `session`: the caller must be signed in; `none`: anybody (login only). */
  readonly access: 'session' | 'none';
  readonly event: z.ZodType;
  readonly data: z.ZodType;
  /** The answer carries `total` beside `data`. */
  readonly listed?: true;
}

/** Every function by its name: validated, documented and called by this table alone. */
export const FUNCTIONS = {
  'webrtc-login': {
    summary: 'Sign in as a guest, through WeChat, or by a one-time code.',
    aliases: [],
    access: 'none',
    event: loginSchema,
    data: z.object({
      token: z.string(),
      userID: z.string(),
      expiresAt: z.int(),
      /** The name that others see. */
      userName: z.string(),
      /** How the user is known: a guest may take another name at the next login, a WeChat user is who he is. */
      kind: z.enum(['guest', 'wechat']),
    }),
  },
  'webrtc-login-code': {
    summary: 'A code by which a page on another device or in a web-view signs in as the caller, once and soon.',
    aliases: [],
    access: 'session',
    event: z.object({ ...caller }),
    /** `expiresIn`: seconds. */
    data: z.object({ code: z.string(), expiresIn: z.int() }),
  },
  'webrtc-create-room': {
    summary: 'Create a room and take its first seat.',
    aliases: [],
    access: 'session',
    event: z.object({
      ...caller,
      roomID: roomIdSchema.optional(),
      roomName: roomNameSchema.optional(),
      capacity: z.int().min(1).optional(),
      privilegeMap: z.int().min(0).max(255).optional(),
    }),
    data: roomSchema,
  },
  'webrtc-enter-room': {
    summary: 'Enter a room by id (created if absent), or create a new one by name.',
    aliases: ['webrtcroom-enter-room'],
    access: 'session',
    event: z
      .object({ ...caller, roomID: roomIdSchema.optional(), roomName: roomNameSchema.optional() })
      .refine((event) => event.roomID !== undefined || event.roomName !== undefined, {
        message: 'Give roomID, roomName or both.',
      }),
    data: z.object({ roomInfo: roomSchema, signInfo: signInfoSchema }),
  },
  'webrtc-quit-room': {
    summary: 'Leave a room; data is null when it ended with its last member.',
    aliases: ['webrtcroom-quit-room'],
    access: 'session',
    event: roomEvent,
    data: roomSchema.nullable(),
  },
  'webrtc-get-room-info': {
    summary: 'One room.',
    aliases: ['webrtcroom-get-room-info'],
    access: 'session',
    event: roomEvent,
    data: roomSchema,
  },
  'webrtc-get-room-list': {
    summary: 'A page of the rooms, ordered and counted.',
    aliases: ['webrtcroom-get-room-list'],
    access: 'session',
    event: z.object({
      ...caller,
      skip: z.int().min(0).max(1_000_000).default(0),
      limit: z.int().min(1).max(100).default(10),
      order: listOrder.default('newest'),
    }),
    data: z.array(roomSchema),
    listed: true,
  },
  'webrtc-sig-api': {
    summary: 'Fresh tickets for the caller; bound to the room when roomID is given.',
    aliases: [],
    access: 'session',
    event: z.object({ ...caller, roomID: roomIdSchema.optional() }),
    data: signInfoSchema,
  },
  'webrtc-heartbeat': {
    summary: 'Keep a seat without being in the media room; every 10 s.',
    aliases: [],
    access: 'session',
    event: roomEvent,
    data: z.object({ expiresAt: z.int() }),
  },
  'webrtc-kick-member': {
    summary: 'Remove a member and keep him out (owner or server key); kick: false lets him in again.',
    aliases: [],
    access: 'session',
    event: memberEvent.extend({ kick: z.boolean().default(true) }),
    data: roomSchema,
  },
  'webrtc-mute-member': {
    summary: "Mute a member's microphone or camera (owner or server key).",
    aliases: [],
    access: 'session',
    event: memberEvent.extend({ kind: z.enum(['audio', 'video']) }),
    data: roomSchema,
  },
  'webrtc-dissolve-room': {
    summary: 'End a room for everybody (owner or server key); data is the room as it was.',
    aliases: [],
    access: 'session',
    event: roomEvent,
    data: roomSchema,
  },
} as const satisfies Record<string, FunctionSpec>;

export type FunctionName = keyof typeof FUNCTIONS;
/** What a caller sends. */
export type FunctionEvent<N extends FunctionName> = z.input<(typeof FUNCTIONS)[N]['event']>;
/** What the function sees after validation. */
export type ParsedEvent<N extends FunctionName> = z.output<(typeof FUNCTIONS)[N]['event']>;
/** What stands in the envelope's `data`. */
export type FunctionData<N extends FunctionName> = z.output<(typeof FUNCTIONS)[N]['data']>;

export type RoomInfo = z.output<typeof roomSchema>;
export type MemberInfo = z.output<typeof memberSchema>;
export type SignInfo = z.output<typeof signInfoSchema>;
export type ListOrder = z.output<typeof listOrder>;

/** The function that a name or alias stands for; `null` for none. */
export function resolveFunction(name: string): FunctionName | null {
  if (Object.hasOwn(FUNCTIONS, name)) return name as FunctionName;
  for (const [functionName, spec] of Object.entries(FUNCTIONS) as [FunctionName, FunctionSpec][]) {
    if (spec.aliases.includes(name)) return functionName;
  }
  return null;
}
