import type { ProblemKey, Words } from '../i18n/index.ts';
import { fill } from '../i18n/index.ts';
import { ClientError, type Failure, reasonOfFunctionCode, reasonOfRoomsigCode, toFailure } from './core.ts';

/** What the user can do about a problem; the page turns it into a button. */
export type NextStep = 'rejoin' | 'takeBack' | 'rooms' | 'settings';

/** A problem as a user is told it: never a code without a sentence. */
export interface Problem {
  readonly key: ProblemKey;
  /** For people who help users; `null` when there is none. */
  readonly code: number | null;
}

/** Codes of `<webrtc-room>` (negative) that are failures. */
const ROOM_EVENTS: Readonly<Record<number, ProblemKey>> = {
  [-4]: 'camera',
  [-5]: 'microphone',
  [-6]: 'push-lost',
  [-7]: 'permission',
  [-8]: 'too-many-people',
  [-9]: 'enter-failed',
  [-10]: 'enter-failed',
  [-11]: 'no-permission',
  19: 'suspended',
};

/** Codes of live-pusher and live-player, should one ever arrive bare. */
const DEVICE_EVENTS: Readonly<Record<number, ProblemKey>> = {
  [-1301]: 'camera',
  [-1302]: 'microphone',
  [-1303]: 'encoder',
  [-1304]: 'encoder',
  [-1305]: 'encoder',
  [-1306]: 'encoder',
  [-1307]: 'push-lost',
  [-1308]: 'microphone',
  [-1313]: 'invalid',
  [-1326]: 'push-lost',
  [-2301]: 'play-lost',
  [-2302]: 'play-lost',
  [-3301]: 'enter-failed',
  1019: 'enter-failed',
  1021: 'network',
  1022: 'enter-failed',
  3001: 'network',
  3002: 'network',
  3003: 'network',
  3004: 'push-lost',
  3005: 'network',
  5000: 'suspended',
  5001: 'suspended',
};

/** Codes of signalling (PHONE_CODES of the protocol; a test holds the two tables together). */
const SIGNAL_CODES: Readonly<Record<number, ProblemKey>> = {
  20001: 'invalid',
  20002: 'busy',
  20003: 'ticket',
  20004: 'ticket',
  20005: 'kicked',
  20006: 'dissolved',
  20007: 'full',
  20008: 'no-permission',
  20009: 'not-owner',
  20010: 'not-member',
  20011: 'duplicate-identity',
  20012: 'not-member',
  20013: 'b-frames',
  20014: 'bad-media',
  20015: 'too-much',
  20016: 'network',
  20017: 'replaced',
  20018: 'encrypted',
  20019: 'no-audio-codec',
  20020: 'no-video-codec',
  20021: 'stream-gone',
  20022: 'busy',
  20023: 'server',
};

/** Reasons of signalling's last frame. */
const ENDS: Readonly<Record<string, ProblemKey>> = {
  kicked: 'kicked',
  dissolved: 'dissolved',
  duplicate: 'duplicate-identity',
  left: 'not-member',
  expired: 'ticket',
  encrypted: 'encrypted',
  'server-restart': 'server-restart',
  refused: 'no-permission',
};

/** Any code of any of the tables; one that is in none is `unknown`, with its number beside the sentence. */
export function problemOfCode(code: number): Problem {
  const own = ROOM_EVENTS[code] ?? SIGNAL_CODES[code] ?? DEVICE_EVENTS[code];
  if (own !== undefined) return { key: own, code };
  if (code >= 10_001 && code < 11_000) return { key: reasonOfFunctionCode(code), code };
  if (code < -3_000) return { key: reasonOfRoomsigCode(code), code };
  return { key: 'unknown', code };
}

/** Signalling's last word. A refusal is as precise as its code. */
export function problemOfEnd(reason: string, code: number): Problem {
  const precise = SIGNAL_CODES[code];
  if (reason === 'refused' && precise !== undefined) return { key: precise, code };
  return { key: ENDS[reason] ?? precise ?? 'unknown', code: code === 0 ? null : code };
}

/** Anything thrown. */
export function problemOfError(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const failure: Failure = toFailure(error);
  return { key: failure.reason, code: failure.code };
}

/** A failure that the shared reasons have no name for. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.key);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** Whether going through the door again may help without the user doing anything. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  return ['network', 'server', 'server-restart', 'busy', 'media'].includes(error.reason);
}

const NEXT: Readonly<Partial<Record<ProblemKey, NextStep>>> = {
  'duplicate-identity': 'takeBack',
  replaced: 'takeBack',
  kicked: 'rooms',
  dissolved: 'rooms',
  encrypted: 'rooms',
  'no-permission': 'rooms',
  'no-such-room': 'rooms',
  'bad-room-id': 'rooms',
  'room-exists': 'rooms',
  application: 'rooms',
  permission: 'settings',
};

/** What to offer first. */
export function nextStep(key: ProblemKey): NextStep {
  return NEXT[key] ?? 'rejoin';
}

/** Words of a problem, ready for a page. */
export interface ProblemWords {
  readonly key: ProblemKey;
  readonly title: string;
  readonly body: string;
  /** `Code 10005`, or empty. */
  readonly code: string;
  readonly step: NextStep;
  readonly action: string;
  readonly rooms: string;
}

export function describe(problem: Problem, words: Words): ProblemWords {
  const { title, body } = words.problem[problem.key];
  const step = nextStep(problem.key);
  return {
    key: problem.key,
    title,
    body,
    code: problem.code === null ? '' : fill(words.next.code, { code: problem.code }),
    step,
    action: words.next[step],
    rooms: words.next.rooms,
  };
}
