import { type Problem, problemOfCode, problemOfEnd } from '../../services/problems.ts';
import type { SignalCause } from './signals.ts';

/** What follows from a failure of the component. */
export type Verdict =
  /** Over: say it. `keepSeat`: it is another's now, or ours no longer. */
  | { readonly kind: 'over'; readonly problem: Problem; readonly keepSeat: boolean }
  /** Go through the door again, with fresh tickets and growing pauses; `problem` is told when that does not help. */
  | { readonly kind: 'again'; readonly problem: Problem }
  /** The call goes on; say it. */
  | { readonly kind: 'tell'; readonly problem: Problem }
  /** Nothing until the page is shown again. */
  | { readonly kind: 'wait' };

/** Ends that no new try changes, and whether the seat must be left alone. */
const FINAL: Readonly<Record<string, boolean>> = {
  kicked: true,
  dissolved: true,
  duplicate: true,
  left: false,
  encrypted: false,
  refused: false,
  'bad-argument': false,
};

/** Codes that no new try changes, whichever layer said them. */
const FINAL_CODES: ReadonlySet<number> = new Set([
  10002, 10005, 10009, 10016, 20005, 20006, 20007, 20008, 20011, 20013, 20014, 20015, 20018, -3316, -3317, -3318,
  -100006, -100010, -102010, -102011, -102052, -70009, -70013, -70014, -70020,
]);

/** @param settled in the room, and nothing was wrong until now */
export function verdictOf(code: number, cause: SignalCause | null, settled = false): Verdict {
  if (settled && cause?.reason === 'out') {
    // Tencent's service put this phone out: by its console, or for another device of the same user, whose seat it is now.
    return { kind: 'over', problem: { key: 'not-member', code: cause.code }, keepSeat: true };
  }
  const problem = problemOfCause(code, cause);
  switch (code) {
    case -8:
      return { kind: 'tell', problem };
    case 19:
      // Suspended: the component comes back with the page. A floating window that was closed was meant to be.
      if (cause?.reason !== 'closed') return { kind: 'wait' };
      return { kind: 'over', problem: { key: 'not-member', code: null }, keepSeat: false };
    case -4:
    case -5:
    case -7:
    case -11:
      return { kind: 'over', problem, keepSeat: false };
    default: {
      const keepSeat = cause === null ? undefined : FINAL[cause.reason];
      if (keepSeat !== undefined) return { kind: 'over', problem, keepSeat };
      if (cause !== null && FINAL_CODES.has(cause.code)) {
        return { kind: 'over', problem, keepSeat: cause.code === 20005 || cause.code === 20011 };
      }
      return { kind: 'again', problem };
    }
  }
}

/** The most precise words there are: the layer's own code, its reason, then the component's code. */
export function problemOfCause(code: number, cause: SignalCause | null): Problem {
  if (cause === null) return problemOfCode(code);
  // The component's own word, which has no number but the component's.
  if (cause.reason === 'bad-argument') return problemOfCode(code);
  if (cause.reason in FINAL) return problemOfEnd(cause.reason, cause.code);
  if (cause.reason === 'network') return { key: 'network', code: cause.code === 0 ? null : cause.code };
  if (cause.code !== 0) {
    const precise = problemOfCode(cause.code);
    // A device's own number says less than what the component made of it.
    if (precise.key !== 'unknown' && !(cause.code === 10001 || cause.code === 10002)) return precise;
  }
  return problemOfCode(code);
}
