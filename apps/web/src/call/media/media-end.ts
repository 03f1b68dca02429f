import { ClientError, type FailureReason, type MediaEnd } from '@lianmai/client-core';
import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client';

/** What an end of the media connection means; `null` for one that the page itself asked for. */
export function mediaEnd(reason: DisconnectReason | undefined): MediaEnd | null {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
      return null;
    case DisconnectReason.PARTICIPANT_REMOVED:
      return 'kicked';
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return 'dissolved';
    case DisconnectReason.DUPLICATE_IDENTITY:
      return 'duplicate-identity';
    case DisconnectReason.SERVER_SHUTDOWN:
      return 'server-restart';
    default:
      return 'network';
  }
}

/** What a connection that did not come about means. */
export function connectFailure(error: unknown): ClientError {
  const detail = error instanceof Error ? error.message : String(error);
  return new ClientError(connectReason(error), detail, { cause: error });
}

function connectReason(error: unknown): FailureReason {
  if (!(error instanceof ConnectionError)) return 'network';
  switch (error.reason) {
    case ConnectionErrorReason.NotAllowed:
      // 401: the token has run out on the way here, so that fresh tickets help; 403: the door stays shut.
      return error.status === 403 ? 'no-permission' : 'sign-in';
    case ConnectionErrorReason.LeaveRequest:
      return mediaEnd(leaveReason(error.context)) ?? 'network';
    case ConnectionErrorReason.ServiceNotFound:
      return 'media';
    default:
      return 'network';
  }
}

function leaveReason(context: unknown): DisconnectReason | undefined {
  return typeof context === 'number' && context in DisconnectReason ? context : undefined;
}
