import type { Cause } from '../events.ts';

/** The component's properties, as far as its logic reads them. */
export interface RoomOptions {
  /** `rtmp`: a self-hosted server; `room`: Tencent's media service. */
  readonly media: 'rtmp' | 'room';
  /** Base address of the self-hosted server, e.g. `https://meet.example.com`. */
  readonly server: string;
  readonly roomID: number;
  readonly userID: string;
  readonly userName: string;
  readonly sdkAppID: number;
  readonly useCloud: boolean;
  /** Pictures of others are shown without being asked for. */
  readonly autoplay: boolean;
  readonly template: string;
  readonly roomCreator: string;
  readonly enableCamera: boolean;
  readonly muted: boolean;
  /** Sent by WeChat instead of the camera while it is in the background; empty: nothing is sent then. */
  readonly waitingImg: string;
  readonly enableIM: boolean;
  readonly pureAudioPushMod: number;
  readonly recordId: number | null;
  readonly smallViewLeft: string;
  readonly smallViewTop: string;
  readonly smallViewWidth: string;
  readonly smallViewHeight: string;
}

export const DEFAULT_OPTIONS: RoomOptions = {
  media: 'rtmp',
  server: '',
  roomID: 0,
  userID: '',
  userName: '',
  sdkAppID: 0,
  useCloud: true,
  autoplay: false,
  template: 'float',
  roomCreator: '',
  enableCamera: true,
  muted: false,
  waitingImg: '',
  enableIM: false,
  pureAudioPushMod: 0,
  recordId: null,
  smallViewLeft: '',
  smallViewTop: '',
  smallViewWidth: '',
  smallViewHeight: '',
};

/** Largest room number; 4294967295 is reserved. */
const MAX_ROOM_ID = 4_294_967_294;

/** Why a room cannot even be asked for with these properties; `null` when it can. */
export function refuseOptions(options: RoomOptions): Cause | null {
  const { roomID, userID, sdkAppID, media, server } = options;
  const slip = (property: string, wanted: string): Cause => ({
    reason: 'bad-argument',
    code: 0,
    message: `The property ${property} must be ${wanted}. Set it before start().`,
  });
  if (!Number.isInteger(roomID) || roomID < 1 || roomID > MAX_ROOM_ID) {
    return slip('roomID', 'an integer from 1 to 4294967294');
  }
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(userID)) return slip('userID', '1–32 characters of A–Z a–z 0–9 _ -');
  if (!Number.isInteger(sdkAppID) || sdkAppID < 1) return slip('sdkAppID', 'the number of your application');
  if (media === 'rtmp' && !/^https?:\/\/[^/?#]+/.test(server))
    return slip('server', 'the https address of your server');
  return null;
}

/** The server's address without the slash that people leave at its end. */
export function serverBase(server: string): string {
  return server.replace(/\/+$/, '');
}
