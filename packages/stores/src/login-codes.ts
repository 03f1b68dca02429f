import type { IdentityKind } from './identities.ts';

/** A code that signs somebody in once. The code itself is never kept, only what it hashes to. */
export interface LoginCode {
  readonly hash: string;
  readonly userId: string;
  readonly userName: string;
  readonly kind: IdentityKind;
  /** When the session that it becomes has to end at the latest (Unix ms); null for no end of its own. */
  readonly sessionEndsAt: number | null;
  /** Unix ms; from then on the code is worth nothing. */
  readonly expiresAt: number;
}

export interface LoginCodeLimits {
  /** Codes that one user may have open; the oldest goes. */
  readonly perUser: number;
  /** Codes open in all. */
  readonly total: number;
}

/** Codes that were handed out and not used yet. */
export interface LoginCodeStore {
  /** Keeps a code; false when as many are open as may be. Those that have run out by `now` do not count. */
  keepLoginCode(code: LoginCode, limits: LoginCodeLimits, now: number): Promise<boolean>;
  /**
   * Takes the code of this hash away and answers it; null when there is none, or one that has run out. Of any number of
   * callers, in any number of processes, one gets it.
   */
  takeLoginCode(hash: string, now: number): Promise<LoginCode | null>;
  /** Forgets codes that have run out by `now` (Unix ms); answers how many. */
  purgeLoginCodes(now: number): Promise<number>;
}
