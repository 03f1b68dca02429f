import type { CODES, CodeName, ROOMSIG_ERRORS, RoomsigReason } from '@lianmai/protocol';

/** Why something did not work, as a user needs to be told; every reason has words and a next step in each client. */
export type FailureReason =
  | 'bad-room-id'
  | 'no-such-room'
  | 'room-exists'
  | 'full'
  | 'kicked'
  | 'dissolved'
  | 'duplicate-identity'
  | 'no-permission'
  | 'not-owner'
  | 'not-member'
  | 'sign-in'
  | 'too-many-rooms'
  | 'busy'
  | 'network'
  | 'server-restart'
  | 'media'
  | 'invalid'
  | 'server';

export const FAILURE_REASONS: readonly FailureReason[] = [
  'bad-room-id',
  'no-such-room',
  'room-exists',
  'full',
  'kicked',
  'dissolved',
  'duplicate-identity',
  'no-permission',
  'not-owner',
  'not-member',
  'sign-in',
  'too-many-rooms',
  'busy',
  'network',
  'server-restart',
  'media',
  'invalid',
  'server',
];

/** A failure as it stands in the controller's state. */
export interface Failure {
  readonly reason: FailureReason;
  /** The server's own code, when it answered one. */
  readonly code: number | null;
  /** The server's sentence, in English: for people who support users, not for users. */
  readonly detail: string;
}

/** Thrown by every call of this package that fails in an expected way. */
export class ClientError extends Error implements Failure {
  readonly reason: FailureReason;
  readonly code: number | null;
  readonly detail: string;
  /** Milliseconds after which the server asks to be tried again; `null` when it said nothing. */
  readonly retryAfterMs: number | null;

  constructor(
    reason: FailureReason,
    detail: string,
    options: { code?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = 'ClientError';
    this.reason = reason;
    this.code = options.code ?? null;
    this.detail = detail;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

type FunctionCode = (typeof CODES)[CodeName]['code'];
type RoomsigCode = (typeof ROOMSIG_ERRORS)[RoomsigReason]['code'];

/**
 * Every code that a function answers. Typed by the table itself, so that a new code does not compile until it has a
 * reason here; the table is not imported, to keep it (and the schemas beside it) out of the page.
 */
const FUNCTION_REASONS: Readonly<Record<Exclude<FunctionCode, 0>, FailureReason>> = {
  10001: 'invalid',
  10002: 'bad-room-id',
  10003: 'no-such-room',
  10004: 'room-exists',
  10005: 'full',
  10006: 'sign-in',
  10007: 'no-permission',
  10008: 'not-owner',
  10009: 'kicked',
  10010: 'not-member',
  10011: 'busy',
  10012: 'invalid',
  10013: 'server',
  10014: 'sign-in',
  10015: 'sign-in',
  10016: 'no-permission',
  10017: 'too-many-rooms',
  10018: 'server',
  10020: 'media',
  10021: 'server',
  10022: 'server',
  10023: 'server',
  10500: 'server',
};

/** The same for roomsig. */
const ROOMSIG_REASONS: Readonly<Record<RoomsigCode, FailureReason>> = {
  [-3316]: 'invalid',
  [-3317]: 'invalid',
  [-3318]: 'invalid',
  [-70001]: 'sign-in',
  [-70003]: 'sign-in',
  [-70009]: 'sign-in',
  [-70013]: 'sign-in',
  [-70014]: 'sign-in',
  [-70020]: 'sign-in',
  [-70052]: 'sign-in',
  [-70346]: 'sign-in',
  [-70347]: 'sign-in',
  [-100006]: 'no-permission',
  [-100010]: 'bad-room-id',
  [-100012]: 'busy',
  [-100018]: 'server',
  [-102010]: 'no-such-room',
  [-102011]: 'no-permission',
  [-102052]: 'full',
};

/** Tickets that only have grown old: fresh ones (webrtc-sig-api) help. */
const STALE_TICKETS: ReadonlySet<number> = new Set<RoomsigCode>([-70001, -70347]);

/** The reason behind a function's code; an unknown code is the server's fault. */
export function reasonOfFunctionCode(code: number): FailureReason {
  return (FUNCTION_REASONS as Readonly<Record<number, FailureReason>>)[code] ?? 'server';
}

/** The reason behind a roomsig error code; an unknown code is the server's fault. */
export function reasonOfRoomsigCode(code: number): FailureReason {
  return (ROOMSIG_REASONS as Readonly<Record<number, FailureReason>>)[code] ?? 'server';
}

/** Whether a roomsig refusal is cured by fresh tickets. */
export function isStaleTicket(error: unknown): boolean {
  return error instanceof ClientError && error.code !== null && STALE_TICKETS.has(error.code);
}

/** Failures that may pass by themselves, so that trying again makes sense. */
export function isPassing(reason: FailureReason): boolean {
  return (
    reason === 'network' ||
    reason === 'server' ||
    reason === 'server-restart' ||
    reason === 'busy' ||
    reason === 'media'
  );
}

/** Anything thrown, as a failure. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ClientError) return { reason: error.reason, code: error.code, detail: error.detail };
  return { reason: 'server', code: null, detail: error instanceof Error ? error.message : String(error) };
}
