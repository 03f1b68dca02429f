/** How a server's goodbye is understood. */
import { DisconnectReason, type LeaveRequest, LeaveRequest_Action } from '@livekit/protocol';
import type { LinkEnd } from './types.ts';

/** The server says goodbye while a connection is being made. */
export class TurnedAway extends Error {
  readonly leave: LeaveRequest;

  constructor(leave: LeaveRequest) {
    super(`the media server said: ${reasonOf(leave)}`);
    this.leave = leave;
  }
}

export function reasonOf(leave: LeaveRequest): string {
  return DisconnectReason[leave.reason] ?? String(leave.reason);
}

/** Whether everything must be made anew, not the signal alone. */
export function wantsRejoin(leave: LeaveRequest): boolean {
  return leave.action !== LeaveRequest_Action.RESUME;
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
