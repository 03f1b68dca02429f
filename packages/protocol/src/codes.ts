/**
 * The one table of result codes that functions answer. A code has one meaning, for ever: clients may branch on it.
 *
 * `original` says what the demo answered in the same case, for people who migrate; `null` where it had no such case.
 */
export interface CodeEntry {
  /** The number in the envelope. */
  readonly code: number;
  /** HTTP status of the answer that carries it. */
  readonly status: number;
  /** What happened and what to do, in a sentence; a more precise one may replace it. */
  readonly message: string;
  /** The original demo's code or behaviour in this case. */
  readonly original: string | null;
}

export const CODES = {
  ok: { code: 0, status: 200, message: 'success', original: '0; no code at all on enter' },
  invalidArgument: {
    code: 10001,
    status: 400,
    message: 'An argument is missing or invalid. Check the request against /docs.',
    original: '10001; an unhandled TypeError on enter',
  },
  invalidRoomId: {
    code: 10002,
    status: 400,
    message: 'roomID must be an integer from 1 to 4294967294, as a number or in its canonical decimal form.',
    original: "'10002' as a string (stage C/D), '12' (stage B)",
  },
  noSuchRoom: {
    code: 10003,
    status: 404,
    message: 'There is no such room. It may have ended: refresh the list, or create it.',
    original: '10002 on quit; data null on info',
  },
  roomExists: {
    code: 10004,
    status: 409,
    message: 'A room with this id exists already. Enter it, or choose another id.',
    original: 'silently another, random id',
  },
  roomFull: {
    code: 10005,
    status: 409,
    message: 'The room is full. Try again when somebody has left.',
    original: "'10005' as a string (stage C/D), '5001' (stage B)",
  },
  notSignedIn: {
    code: 10006,
    status: 401,
    message: 'Sign in first: call webrtc-login and send its token as "Authorization: Bearer <token>".',
    original: null,
  },
  notYourself: {
    code: 10007,
    status: 403,
    message: 'You may act for yourself only. Leave userID out, or use the server API key.',
    original: 'allowed: anybody could act for anybody',
  },
  notOwner: {
    code: 10008,
    status: 403,
    message: 'Only the owner of the room, or the server API key, may do this.',
    original: null,
  },
  removed: {
    code: 10009,
    status: 403,
    message: 'You have been removed from this room. Ask its owner to let you in again.',
    original: null,
  },
  notMember: {
    code: 10010,
    status: 404,
    message: 'This user is not a member of the room. Enter it first.',
    original: 'success',
  },
  tooManyRequests: {
    code: 10011,
    status: 429,
    message: 'Too many requests. Wait for the time in the Retry-After header, then try again.',
    original: null,
  },
  requestTooLarge: {
    code: 10012,
    status: 413,
    message: 'The request is too large. Send a smaller one.',
    original: null,
  },
  noSuchFunction: {
    code: 10013,
    status: 404,
    message: 'There is no function with this name. /docs lists them.',
    original: null,
  },
  loginRefused: {
    code: 10014,
    status: 401,
    message: 'The login was refused. Ask for a fresh code (wx.login) and try again.',
    original: null,
  },
  loginDisabled: {
    code: 10015,
    status: 403,
    message: 'This kind of login is switched off or not set up on this server. Ask its operator.',
    original: null,
  },
  notPermitted: {
    code: 10016,
    status: 403,
    message: 'Your privileges in this room do not allow this.',
    original: null,
  },
  tooManyRooms: {
    code: 10017,
    status: 503,
    message: 'The server holds as many rooms as it is set up for. Try again later, or raise rooms.maxRooms.',
    original: null,
  },
  loginUnavailable: {
    code: 10018,
    status: 502,
    message: 'WeChat does not answer the login. Try again; if it lasts, tell the operator.',
    original: null,
  },
  mediaUnavailable: {
    code: 10020,
    status: 502,
    message: 'The media service does not answer. Try again; if it lasts, tell the operator.',
    original: null,
  },
  storeUnavailable: {
    code: 10021,
    status: 503,
    message: 'The database does not answer. Try again; if it lasts, tell the operator.',
    original: 'DB errors swallowed (stage A) or unhandled',
  },
  noMediaService: {
    code: 10022,
    status: 501,
    message: 'This deployment has no media service of its own, so it cannot do this. Ask the user to do it.',
    original: null,
  },
  notConfigured: {
    code: 10023,
    status: 503,
    message: 'This deployment is not set up completely. Tell the operator.',
    original: 'an unhandled exception, or tickets that nobody accepts',
  },
  internal: {
    code: 10500,
    status: 500,
    message: 'The server failed to answer. Try again; if it lasts, give the operator the request id.',
    original: 'an unhandled exception',
  },
} as const satisfies Record<string, CodeEntry>;

/** Name of a result, as used in code. */
export type CodeName = keyof typeof CODES;

/** Envelope of every function's answer. `total` stands beside `data` for lists only. */
export interface Envelope<T> {
  readonly code: number;
  readonly message: string;
  readonly data: T;
  readonly total?: number;
}

/** An expected failure of a function: becomes an envelope with the code, `data: null` and the HTTP status. */
export class LianmaiError extends Error {
  readonly reason: CodeName;
  readonly code: number;
  readonly status: number;

  constructor(reason: CodeName, message: string = CODES[reason].message, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LianmaiError';
    this.reason = reason;
    this.code = CODES[reason].code;
    this.status = CODES[reason].status;
  }
}
