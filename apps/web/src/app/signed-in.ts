import type { Failure, SessionInfo } from '@lianmai/client-core';

/** Who is signed in here by a one-time code; null also when that session has run out. `now`: Unix milliseconds. */
export function signedInByCode(current: SessionInfo | null, now: number): SessionInfo | null {
  return current !== null && current.lent !== undefined && current.expiresAt > now ? current : null;
}

/** Whether a WeChat user's session by code has run out: only the mini program makes another, or the user goes on as a guest. */
export function codeSessionIsOver(current: SessionInfo | null, now: number): boolean {
  return current?.lent === 'wechat' && current.expiresAt <= now;
}

/** Whether this failure comes of such an end, which trying again does not mend. */
export function endsCodeSession(failure: Pick<Failure, 'reason'> | null, current: SessionInfo | null): boolean {
  return failure?.reason === 'sign-in' && current?.lent === 'wechat';
}

/** What of a visit this browser remembers: a WeChat user's name is not the one that its guests go by. */
export function toRemember<T extends { readonly name: string }>(
  entry: T,
  current: SessionInfo | null,
): T | Omit<T, 'name'> {
  if (current?.lent !== 'wechat' || entry.name !== current.userName) return entry;
  const { name: _, ...choices } = entry;
  return choices;
}
