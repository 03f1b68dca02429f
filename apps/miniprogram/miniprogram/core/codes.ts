/** Codes of `<live-pusher>` (`bindstatechange`) that mean something to the component. */
export const PUSHER = {
  connected: 1001,
  pushing: 1002,
  roomIn: 1018,
  roomOut: 1019,
  userList: 1020,
  reenter: 1021,
  roomInFailed: 1022,
  userEnter: 1031,
  userExit: 1032,
  video: 1033,
  audio: 1034,
  reconnecting: 1102,
  playing: 2004,
  loading: 2007,
  serverClosed: 3004,
  suspended: 5000,
  floatClosed: 5001,
  cameraFailed: -1301,
  microphoneFailed: -1302,
  disconnected: -1307,
  badUrl: -1313,
  serverRefused: -1326,
  enterFailed: -3301,
  badUserSig: -100018,
} as const;

/** Codes of `<live-player>` (`bindstatechange`). */
export const PLAYER = {
  firstFrame: 2003,
  playing: 2004,
  loading: 2007,
  gaveUp: -2301,
  noFastUrl: -2302,
} as const;

/** `RoomEvent` codes with the tag `error`. */
export const ROOM_ERROR = {
  camera: -4,
  microphone: -5,
  push: -6,
  permission: -7,
  tooMany: -8,
  roomsig: -9,
  entry: -10,
  whiteList: -11,
  /** The stay ended without a fault: the mini program was suspended, its floating window closed. */
  left: 19,
} as const;

/** `RoomEvent` codes with the tag `ok`. */
export const ROOM_OK = {
  pushed: 10,
  joined: 11,
  members: 12,
  network: 13,
  pusherLoading: 14,
  pusherPlaying: 15,
  playerLoading: 16,
  playerPlaying: 17,
  playerEnded: 18,
} as const;

/**
 * Signalling codes (`PHONE_CODES` of the protocol) after which another try of the same push cannot help: what is sent, or
 * who sends it, would have to change. The values are part of the wire and never change; they are repeated here because
 * the table lives beside schemas that a mini program does not carry.
 */
export const HOPELESS_PUSH: ReadonlySet<number> = new Set([20005, 20006, 20008, 20013, 20014, 20015, 20018]);

/** Close codes of signalling that ask for a fresh ticket: 4000 and the last two digits of 20003 and 20004. */
export const TICKET_CLOSE_CODES: ReadonlySet<number> = new Set([4003, 4004]);
