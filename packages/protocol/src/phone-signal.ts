/**
 * Signalling for phones: JSON text frames on the WebSocket `/signal`, opened with the URL of the roomsig answer
 * (`FromType` 3). The server speaks first. Both ends validate with these tables; unknown members are ignored, unknown
 * types too, so that both may learn more.
 */
import { z } from 'zod';

/** One stream that can be played: an entry of event 1020's `userlist`, with what only signalling knows. */
export const phoneStreamSchema = z.object({
  userid: z.string(),
  /** Display name. */
  name: z.string(),
  /** RTMP, for `<live-player mode="RTC">`; empty when there is nothing to play. */
  playurl: z.string(),
  /** HTTP(S)-FLV, for `mode="live"`; empty when there is nothing to play. */
  flvurl: z.string(),
  hasvideo: z.boolean(),
  hasaudio: z.boolean(),
  /** `aux`: a screen share. */
  streamtype: z.enum(['main', 'aux']),
  /** Why there is no picture or sound although one is published; absent when all is well. */
  missing: z.enum(['video-codec', 'audio-codec', 'encrypted', 'not-allowed']).optional(),
});

/** Everybody else, in full, with a number that only grows: a client drops what is not newer than what it has. */
export const rosterSchema = z.object({ version: z.int(), userlist: z.array(phoneStreamSchema) });

/** Why somebody is no longer there. */
export const leaveReasonSchema = z.enum(['left', 'kicked', 'lost', 'duplicate', 'dissolved', 'server-restart']);

/** Fresh URLs; those in use go on until they are needed again (they are checked at connect only). */
export const phoneUrlsSchema = z.object({
  pushUrl: z.string(),
  signalUrl: z.string(),
  /** When the first of them runs out, Unix ms. */
  expiresAt: z.int(),
});

const chatSchema = z.object({
  id: z.string(),
  userid: z.string(),
  name: z.string(),
  text: z.string(),
  /** Unix ms. */
  time: z.int(),
});

export const phoneQualitySchema = z.enum(['excellent', 'good', 'poor', 'lost']);

/** Server → phone. */
export const phoneEventSchema = z.discriminatedUnion('type', [
  /** First frame of every connection, also after coming back. */
  z.object({
    type: z.literal('welcome'),
    self: z.object({ userid: z.string(), name: z.string(), privileges: z.int() }),
    roomid: z.string(),
    ownerid: z.string(),
    roster: rosterSchema,
    urls: phoneUrlsSchema,
    /** The last messages of the conversation, oldest first. */
    chat: z.array(chatSchema),
    /** Muted by the owner: what this phone sends of that kind is dropped. */
    muted: z.object({ audio: z.boolean(), video: z.boolean() }),
    /** Milliseconds after which the server takes a silent connection for lost; send `ping` at a third of it. */
    idleMs: z.int(),
  }),
  /** The list changed, or URLs in it were renewed (`renewed`: players that run need no restart). */
  z.object({
    type: z.literal('roster'),
    roster: rosterSchema,
    renewed: z.boolean(),
    joined: z.array(z.string()),
    left: z.array(z.object({ userid: z.string(), reason: leaveReasonSchema })),
  }),
  z.object({ type: z.literal('owner'), ownerid: z.string() }),
  z.object({ type: z.literal('chat'), message: chatSchema }),
  z.object({ type: z.literal('quality'), userid: z.string(), quality: phoneQualitySchema }),
  z.object({ type: z.literal('urls'), urls: phoneUrlsSchema }),
  z.object({ type: z.literal('muted'), kind: z.enum(['audio', 'video']), muted: z.boolean() }),
  /** The push was accepted and runs, or ended (`reason` in words). */
  z.object({ type: z.literal('push'), state: z.enum(['started', 'ended']), reason: z.string() }),
  /** A door said no: the phone itself sees only 3004 or −1307. */
  z.object({ type: z.literal('refused'), door: z.enum(['push', 'play']), code: z.int(), message: z.string() }),
  /** Something does not work as it should, the call goes on (`no-audio-codec` …). */
  z.object({ type: z.literal('notice'), code: z.int(), message: z.string() }),
  /** Answer to a request with an `id`. */
  z.object({ type: z.literal('reply'), id: z.int(), code: z.int(), message: z.string() }),
  z.object({ type: z.literal('pong') }),
  /** Last frame: the stay is over. With `server-restart` the phone comes back by itself. */
  z.object({
    type: z.literal('ended'),
    reason: z.enum(['kicked', 'dissolved', 'duplicate', 'left', 'expired', 'encrypted', 'server-restart', 'refused']),
    code: z.int(),
    message: z.string(),
  }),
]);

/** Phone → server. Requests that are answered carry an `id` of the client's own. */
export const phoneRequestSchema = z.discriminatedUnion('type', [
  /** What the user chose; told before the first push and at every change. */
  z.object({ type: z.literal('state'), camera: z.boolean(), microphone: z.boolean() }),
  z.object({ type: z.literal('chat'), id: z.int(), text: z.string().min(1).max(2_000) }),
  z.object({ type: z.literal('kick'), id: z.int(), userid: z.string().min(1).max(64) }),
  z.object({
    type: z.literal('mute'),
    id: z.int(),
    userid: z.string().min(1).max(64),
    kind: z.enum(['audio', 'video']),
  }),
  z.object({ type: z.literal('dissolve'), id: z.int() }),
  /** Asks for fresh URLs now (they also come by themselves before the old ones run out). */
  z.object({ type: z.literal('renew'), id: z.int() }),
  /** What live-pusher's `bindnetstatus` told; for the log and for the quality that others see. */
  z.object({
    type: z.literal('netstatus'),
    videoBitrate: z.number().optional(),
    audioBitrate: z.number().optional(),
    videoFPS: z.number().optional(),
    videoGOP: z.number().optional(),
    netSpeed: z.number().optional(),
    netJitter: z.number().optional(),
  }),
  /** Leaving on purpose: the seat is free at once. */
  z.object({ type: z.literal('leave') }),
  z.object({ type: z.literal('ping') }),
]);

export type PhoneStream = z.output<typeof phoneStreamSchema>;
export type Roster = z.output<typeof rosterSchema>;
export type LeaveReason = z.output<typeof leaveReasonSchema>;
export type PhoneUrls = z.output<typeof phoneUrlsSchema>;
export type PhoneChat = z.output<typeof chatSchema>;
export type PhoneQuality = z.output<typeof phoneQualitySchema>;
export type PhoneEvent = z.output<typeof phoneEventSchema>;
export type PhoneRequest = z.output<typeof phoneRequestSchema>;

/** Path of the WebSocket; the ticket stands in the query as `ticket`. */
export const PHONE_SIGNAL_PATH = '/signal';

/** Reasons that phones are told by signalling, each with one code for ever. */
export const PHONE_CODES = {
  ok: { code: 0, message: 'success' },
  badRequest: { code: 20001, message: 'The message is not of the expected form.' },
  tooFast: { code: 20002, message: 'Too many messages. Wait a little.' },
  badTicket: { code: 20003, message: 'The ticket in the URL is missing, altered or not for this. Ask for fresh URLs.' },
  ticketExpired: { code: 20004, message: 'The ticket in the URL has run out. Ask for fresh URLs.' },
  kicked: { code: 20005, message: 'You have been removed from this room.' },
  roomEnded: { code: 20006, message: 'The room has ended.' },
  roomFull: { code: 20007, message: 'The room is full. Try again when somebody has left.' },
  notAllowed: { code: 20008, message: 'Your ticket does not allow this.' },
  notOwner: { code: 20009, message: 'Only the owner of the room may do this.' },
  noSuchUser: { code: 20010, message: 'That user is not in this room.' },
  duplicate: { code: 20011, message: 'The same user has entered from elsewhere.' },
  notHere: { code: 20012, message: 'The user is not in the room: open signalling first, then push.' },
  bFrames: { code: 20013, message: 'The video has B frames, which cannot be forwarded. Encode without them.' },
  badMedia: { code: 20014, message: 'The stream is not H.264 video with AAC-LC sound.' },
  tooMuch: { code: 20015, message: 'The stream is over a limit (bit rate, size or duration).' },
  idle: { code: 20016, message: 'Nothing was sent for too long.' },
  replaced: { code: 20017, message: 'Another push of the same user has begun.' },
  encrypted: { code: 20018, message: 'The room is end-to-end encrypted: phones cannot take part.' },
  noAudioCodec: { code: 20019, message: 'The server has no audio codec: picture only between phones and browsers.' },
  noVideoCodec: { code: 20020, message: 'A video of this room cannot be shown on phones.' },
  streamNotFound: { code: 20021, message: 'Nobody is sending under this name now.' },
  busy: { code: 20022, message: 'The gateway is at its limit. Try again later.' },
  internal: { code: 20023, message: 'The gateway failed. Try again.' },
} as const;

export type PhoneCodeName = keyof typeof PHONE_CODES;

/** Attribute of a media participant that says what kind of client it is; pages publish H.264 when a phone is there. */
export const CLIENT_ATTRIBUTE = 'lianmai.client';
export const PHONE_CLIENT = 'phone';
