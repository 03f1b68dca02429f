import type { SenderClock } from './sender-clock.ts';
import { distance } from './sequence.ts';

/** Furthest that sender reports are believed to move a switch away from what the arrival time says. */
const MAX_DISAGREEMENT_MS = 2000;

/** State that output timestamps continue from. */
export interface TimestampState {
  /** Output minus input of the source so far. */
  readonly offset: number;
  /** Highest output timestamp, and when its packet arrived. */
  readonly last: number;
  readonly lastAt: number;
}

/**
 * The offset with which a new source continues the timestamps of the old one. Both sources' sender reports put the new
 * source's first timestamp on the old one's scale exactly; without them the time between arrivals has to do. The result
 * always lies after what was sent.
 */
export function alignTimestamp(
  state: TimestampState,
  from: SenderClock | null,
  to: SenderClock,
  timestamp: number,
  now: number,
  clockRate: number,
): number {
  const elapsed = Math.max(0, now - state.lastAt);
  const byArrival = (state.last + Math.round((elapsed * clockRate) / 1000)) | 0;
  let target = byArrival;
  if (from?.valid && to.valid) {
    const byReports = (from.toTimestamp(to.toNtpMs(timestamp, clockRate), clockRate) + state.offset) | 0;
    if (Math.abs(distance(byReports, byArrival)) <= (MAX_DISAGREEMENT_MS * clockRate) / 1000) target = byReports;
  }
  // Another layer's picture of the same instant may have been sent already: it comes one millisecond later then.
  const step = Math.max(1, Math.round(clockRate / 1000));
  if (distance(target, state.last) < step) target = (state.last + step) | 0;
  return (target - timestamp) | 0;
}
