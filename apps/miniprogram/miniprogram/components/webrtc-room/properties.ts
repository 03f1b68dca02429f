import type { RoomOptions } from '../../core/room/options.ts';
import type { Tickets } from '../../core/tickets.ts';

/** Every property with its default; docs/webrtc-room.md says what each is for. */
export const PROPERTIES = {
  // Who, where, by which service
  roomID: { type: Number, optionalTypes: [String], value: 0 },
  roomName: { type: String, value: '' },
  userID: { type: String, value: '' },
  userName: { type: String, value: '' },
  userSig: { type: String, value: '' },
  privateMapKey: { type: String, value: '' },
  sdkAppID: { type: Number, optionalTypes: [String], value: 0 },
  accountType: { type: Number, optionalTypes: [String], value: 0 },
  expiresAt: { type: Number, value: 0 },
  media: { type: String, value: 'rtmp' },
  server: { type: String, value: '' },
  useCloud: { type: Boolean, value: true },
  autoplay: { type: Boolean, value: false },
  // What is sent
  enableCamera: { type: Boolean, value: true },
  muted: { type: Boolean, value: false },
  beauty: { type: Number, value: 5 },
  whiteness: { type: Number, value: 5 },
  aspect: { type: String, value: '9:16' },
  minBitrate: { type: Number, value: 200 },
  maxBitrate: { type: Number, value: 400 },
  devicePosition: { type: String, value: 'front' },
  pureAudioPushMod: { type: Number, value: 0 },
  recordId: { type: null, value: null as unknown },
  // How it looks
  template: { type: String, value: 'float' },
  roomCreator: { type: String, value: '' },
  smallViewLeft: { type: String, value: '1vw' },
  smallViewTop: { type: String, value: '1vw' },
  smallViewWidth: { type: String, value: '30vw' },
  smallViewHeight: { type: String, value: '40vw' },
  waitingImg: { type: String, value: '' },
  playerBackgroundImg: { type: String, value: '' },
  pusherBackgroundImg: { type: String, value: '' },
  loadingImg: { type: String, value: '' },
  safeArea: { type: String, value: '' },
  language: { type: String, value: '' },
  debug: { type: Boolean, value: false },
  // Messages
  enableIM: { type: Boolean, value: false },
};

/** Names of those that the logic reads, as an observer wants them. */
export const LOGIC = [
  'roomID',
  'userID',
  'userName',
  'sdkAppID',
  'media',
  'server',
  'useCloud',
  'autoplay',
  'template',
  'roomCreator',
  'enableCamera',
  'muted',
  'waitingImg',
  'enableIM',
  'pureAudioPushMod',
  'recordId',
  'smallViewLeft',
  'smallViewTop',
  'smallViewWidth',
  'smallViewHeight',
].join(', ');

/** Values as a page may hand them in: ids as numbers or as texts. */
export type PropertyValues = { readonly [K in keyof typeof PROPERTIES]: unknown };

/** The properties as the logic takes them. */
export function readOptions(values: PropertyValues): RoomOptions {
  const text = (name: keyof typeof PROPERTIES) => String(values[name] ?? '');
  const pureAudioPushMod = Number(values.pureAudioPushMod) || 0;
  return {
    media: values.media === 'room' ? 'room' : 'rtmp',
    server: text('server'),
    roomID: Number(values.roomID),
    userID: text('userID'),
    userName: text('userName'),
    sdkAppID: Number(values.sdkAppID),
    useCloud: values.useCloud === true,
    autoplay: values.autoplay === true,
    template: text('template'),
    roomCreator: text('roomCreator'),
    // A room for sound alone has no camera.
    enableCamera: values.enableCamera === true && pureAudioPushMod === 0,
    muted: values.muted === true,
    waitingImg: text('waitingImg'),
    enableIM: values.enableIM === true,
    pureAudioPushMod,
    recordId: recordIdOf(values.recordId),
    smallViewLeft: text('smallViewLeft'),
    smallViewTop: text('smallViewTop'),
    smallViewWidth: text('smallViewWidth'),
    smallViewHeight: text('smallViewHeight'),
  };
}

function recordIdOf(value: unknown): number | null {
  const id = value === null || value === undefined || value === '' ? Number.NaN : Number(value);
  return Number.isInteger(id) ? id : null;
}

/** The tickets among the properties; an end that is no number counts as unknown, 0. */
export function readTickets(values: PropertyValues): Tickets {
  const expiresAt = Number(values.expiresAt);
  return {
    userSig: String(values.userSig ?? ''),
    privateMapKey: String(values.privateMapKey ?? ''),
    expiresAt: Number.isFinite(expiresAt) ? expiresAt : 0,
  };
}
