/** An age in the largest unit that fits (keys of `age`). */
export type Age = { readonly unit: 'now' } | { readonly unit: 'minutes' | 'hours' | 'days'; readonly count: number };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago a Unix time in milliseconds was. A clock that is behind the server's reads as "just now". */
export function ageOf(createTime: number, now: number): Age {
  const age = now - createTime;
  if (!(age >= MINUTE)) return { unit: 'now' };
  if (age < HOUR) return { unit: 'minutes', count: Math.floor(age / MINUTE) };
  if (age < DAY) return { unit: 'hours', count: Math.floor(age / HOUR) };
  return { unit: 'days', count: Math.floor(age / DAY) };
}
