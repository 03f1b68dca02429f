/** How a server's goodbye is understood, and small helpers of waiting. */
import { DisconnectReason, type LeaveRequest } from '@livekit/protocol';
import type { LinkLimits } from '../limits.ts';
import type { LinkEnd } from '../types.ts';

/** The server says goodbye while a session is being made. */
export class TurnedAway extends Error {
  readonly leave: LeaveRequest;

  constructor(leave: LeaveRequest) {
    super(`the media server said: ${DisconnectReason[leave.reason] ?? leave.reason}`);
    this.leave = leave;
  }
}

/** Why it is over, or null when the link comes back by itself. */
export function endOf(leave: LeaveRequest): LinkEnd | null {
  switch (leave.reason) {
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'duplicate-identity';
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'removed';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'room-deleted';
    case DisconnectReason.CLIENT_INITIATED:
      return 'left';
    default:
      return null;
  }
}

/** Milliseconds to wait before a try; half of it at random, so that many do not come back in step. */
export function backOff(attempt: number, { retryMs, maxRetryMs }: LinkLimits): number {
  const full = Math.min(maxRetryMs, retryMs * 2 ** Math.min(attempt - 1, 16));
  return full / 2 + Math.random() * (full / 2);
}

/** The promise's value, or an error with this sentence when it takes longer. */
export async function within<T>(promise: Promise<T>, ms: number, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(problem)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
