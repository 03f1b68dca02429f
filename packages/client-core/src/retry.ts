import { ClientError, isPassing } from './failure.ts';
import { type Clock, pause } from './ports.ts';

/** How often and how patiently something is tried. */
export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  /** Pause before the second try; doubles with each further one. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
}

/** Pause before try `attempt` (2 is the first that waits). A server that names a time is taken at its word, within the cap. */
export function pauseBefore(policy: RetryPolicy, attempt: number, error?: unknown): number {
  const backOff = Math.min(policy.firstPauseMs * 2 ** Math.max(0, attempt - 2), policy.maxPauseMs);
  const asked = error instanceof ClientError ? error.retryAfterMs : null;
  return asked === null ? backOff : Math.min(Math.max(asked, backOff), policy.maxPauseMs);
}

/**
 * Tries until it works, a failure will not pass, the tries are used up, or `goOn` says stop.
 *
 * @throws the last failure.
 */
export async function withRetries<T>(
  clock: Clock,
  policy: RetryPolicy,
  action: (attempt: number) => Promise<T>,
  goOn: () => boolean = () => true,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action(attempt);
    } catch (error) {
      const passing = error instanceof ClientError && isPassing(error.reason);
      if (!passing || attempt >= policy.attempts || !goOn()) throw error;
      await pause(clock, pauseBefore(policy, attempt + 1, error));
      if (!goOn()) throw error;
    }
  }
}
