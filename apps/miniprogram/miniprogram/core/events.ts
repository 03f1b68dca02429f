import { PLAYER, PUSHER, ROOM_ERROR, ROOM_OK } from './codes.ts';

/** Why something went wrong, for programs: `detail` of the event says it in words. */
export interface Cause {
  /** One word that never changes, e.g. `kicked`, `room-full`, `network`. */
  readonly reason: string;
  /** Number of the layer that said so (roomsig, signalling, live-pusher), 0 where it has none. */
  readonly code: number;
  readonly message: string;
}

/** What `bindRoomEvent` gets, in the shape of the original; `cause` is new and only there with errors. */
export interface RoomEvent {
  readonly tag: 'error' | 'ok';
  readonly code: number;
  readonly detail: string;
  readonly cause?: Cause;
}

/** A code of `<live-pusher>`, its own or made from signalling in its place. */
export interface PusherEvent {
  readonly code: number;
  readonly message: string;
}

export function ok(code: number, detail = ''): RoomEvent {
  return { tag: 'ok', code, detail };
}

export function failure(code: number, cause: Cause): RoomEvent {
  return { tag: 'error', code, detail: cause.message, cause };
}

/** What a live-pusher code means to the page by itself; `null` for codes that others decide about, or nobody. */
export function roomEventOfPusher(code: number): RoomEvent | null {
  switch (code) {
    case PUSHER.pushing:
      return ok(ROOM_OK.pushed);
    case PUSHER.roomIn:
      return ok(ROOM_OK.joined);
    case PUSHER.reenter:
      return ok(ROOM_OK.network);
    case PUSHER.loading:
    case PUSHER.reconnecting:
      return ok(ROOM_OK.pusherLoading);
    case PUSHER.playing:
      return ok(ROOM_OK.pusherPlaying);
    case PUSHER.cameraFailed:
      return failure(ROOM_ERROR.camera, {
        reason: 'camera',
        code,
        message: 'The camera could not be opened. Another app may hold it.',
      });
    case PUSHER.microphoneFailed:
      return failure(ROOM_ERROR.microphone, {
        reason: 'microphone',
        code,
        message: 'The microphone could not be opened. Another app or a phone call may hold it.',
      });
    case PUSHER.suspended:
      return failure(ROOM_ERROR.left, { reason: 'suspended', code, message: 'The mini program was suspended.' });
    case PUSHER.floatClosed:
      return failure(ROOM_ERROR.left, { reason: 'closed', code, message: 'The floating window was closed.' });
    default:
      return null;
  }
}

/** Whether the code ends the stay by itself. */
export function endsStay(code: number): boolean {
  return (
    code === PUSHER.cameraFailed ||
    code === PUSHER.microphoneFailed ||
    code === PUSHER.suspended ||
    code === PUSHER.floatClosed
  );
}

/** What a live-player code means to the page; `detail` is the user id. */
export function roomEventOfPlayer(code: number, userId: string): RoomEvent | null {
  switch (code) {
    case PLAYER.loading:
      return ok(ROOM_OK.playerLoading, userId);
    case PLAYER.playing:
      return ok(ROOM_OK.playerPlaying, userId);
    case PLAYER.gaveUp:
      return ok(ROOM_OK.playerEnded, userId);
    default:
      return null;
  }
}

/** `binderror` of live-pusher: 10001 no camera permission, 10002 no microphone permission. */
export function permissionEvent(errorCode: number): RoomEvent | null {
  if (errorCode !== 10001 && errorCode !== 10002) return null;
  const what = errorCode === 10001 ? 'camera' : 'microphone';
  return failure(ROOM_ERROR.permission, {
    reason: `${what}-permission`,
    code: errorCode,
    message: `This mini program may not use the ${what}. Allow it in the settings.`,
  });
}
