/** Types of `<webrtc-room>`: what a page sets, calls and hears. */

/** The properties, as attributes of the tag; each has a default. */
export interface WebrtcRoomProperties {
  /** 1 … 4294967294, as a number or as digits. */
  roomID: number | string;
  roomName: string;
  userID: string;
  userName: string;
  userSig: string;
  privateMapKey: string;
  sdkAppID: number | string;
  /** Taken for compatibility. */
  accountType: number | string;
  /** When the tickets run out, Unix ms; 0: unknown. */
  expiresAt: number;
  /** `rtmp`: your own server. `room`: Tencent TRTC. */
  media: 'rtmp' | 'room';
  /** `https` address of your server, for `media="rtmp"`. */
  server: string;
  /** For `media="room"`: which of Tencent's hosts gives the roomsig. */
  useCloud: boolean;
  /** Pictures of others are shown at once; they are heard either way. */
  autoplay: boolean;
  enableCamera: boolean;
  /** One's own microphone is off. */
  muted: boolean;
  /** 0–9. */
  beauty: number;
  /** 0–9. */
  whiteness: number;
  aspect: '9:16' | '3:4';
  /** kbit/s. */
  minBitrate: number;
  /** kbit/s. */
  maxBitrate: number;
  /** Counts before `start()`. */
  devicePosition: 'front' | 'back';
  /** 1, 2: sound alone; 2 with MP3 recording in Tencent's rooms. */
  pureAudioPushMod: 0 | 1 | 2;
  recordId: number | string | null;
  template: '1v1' | '1v1horizontal' | 'bigsmall' | '1v1bigsmall' | 'float' | '1v3' | 'grid' | '1u3d' | '1l3r';
  /** User id of the presenter of `1u3d` and `1l3r`. */
  roomCreator: string;
  /** px, rpx, vw, vh or %, like the other three. */
  smallViewLeft: string;
  smallViewTop: string;
  smallViewWidth: string;
  smallViewHeight: string;
  waitingImg: string;
  playerBackgroundImg: string;
  pusherBackgroundImg: string;
  loadingImg: string;
  /** Edges of the screen that the component reaches. */
  safeArea: '' | 'top' | 'bottom' | 'top bottom';
  /** Empty: WeChat's. */
  language: '' | 'zh' | 'en';
  debug: boolean;
  enableIM: boolean;
}

/** 0 when done. */
export interface Reply {
  readonly code: number;
  readonly message: string;
}

type Succeeded = (answer: unknown) => void;
type Failed = (failure: {
  readonly ActionStatus: 'FAIL';
  readonly ErrorCode: number;
  readonly ErrorInfo: string;
}) => void;

/** Callbacks of `enableAudio`, as those of live-player's `mute`. */
export interface MuteParams {
  readonly success?: Succeeded;
  readonly complete?: Succeeded;
}

/** What `selectComponent('#room')` has. */
export interface WebrtcRoom {
  start(): void;
  stop(): void;
  exitRoom(): void;
  pause(): void;
  resume(): void;
  switchCamera(): void;
  /** One's own camera; with another's id, whether his picture is shown on this phone. */
  enableVideo(enable: boolean, userid?: string | number): void;
  /** One's own microphone; with another's id, whether his sound is played on this phone. `params` are called at once. */
  enableAudio(enable: boolean, userid?: string | number, params?: MuteParams): void;
  /** For the owner, `media="rtmp"`; like the next two. */
  kickMember(userid: string): Promise<Reply>;
  muteMember(userid: string, kind: 'audio' | 'video'): Promise<Reply>;
  dissolveRoom(): Promise<Reply>;
  sendGroupTextMsg(text: string, succ?: Succeeded, fail?: Failed): void;
  sendGroupCustomMsg(message: { data: string; desc?: string; ext?: string }, succ?: Succeeded, fail?: Failed): void;
  /** Always answered by `fail`, like the next: a room's conversation is heard by all. */
  sendC2CTextMsg(userid: string, text: string, succ?: Succeeded, fail?: Failed): void;
  sendC2CCustomMsg(userid: string, message: object, succ?: Succeeded, fail?: Failed): void;
}

/** `event.detail` of `bindRoomEvent`. */
export interface RoomEvent {
  readonly tag: 'error' | 'ok';
  readonly code: number;
  readonly detail: string;
  readonly cause?: Cause;
}

/** Why something went wrong: a word to branch on, and the number of the layer that said so, 0 where it has none. */
export interface Cause {
  readonly reason: string;
  readonly code: number;
  readonly message: string;
}

/** `event.detail` of `bindIMEvent`: `code` 0 is well, with `group_system_notifys` 4 is kicked and 5 dissolved. */
export interface ImEvent {
  readonly tag:
    | 'login_event'
    | 'join_group_event'
    | 'connection_event'
    | 'big_group_msg_notify'
    | 'msg_notify'
    | 'group_system_notifys'
    | 'group_info_change_notify'
    | 'kicked';
  readonly code: number;
  /** With `big_group_msg_notify` a list of {@link ImMessage}. */
  readonly detail: unknown;
}

/** A message of the room's conversation. */
export interface ImMessage {
  readonly elems: readonly (
    | { readonly type: 'TIMTextElem'; readonly content: { readonly text: string } }
    | {
        readonly type: 'TIMCustomElem';
        readonly content: { readonly data: string; readonly desc: string; readonly ext: string };
      }
  )[];
  readonly fromAccount: string;
  readonly fromAccountNick: string;
  readonly isSend: boolean;
  readonly id: string;
  /** Unix seconds. */
  readonly time: number;
  readonly sess: { readonly type: 'GROUP'; readonly id: string };
}

/** `event.detail` of `bindTicketEvent`: set fresh `userSig`, `privateMapKey` and `expiresAt`. */
export interface TicketEvent {
  readonly reason: 'expiring' | 'expired' | 'refused';
  readonly expiresAt: number;
}

/** `event.detail` of `bindStateEvent`. */
export interface StateEvent {
  readonly phase: 'idle' | 'entering' | 'in' | 'leaving';
  readonly reconnecting: boolean;
  /** What stands between the user and the others just now; the component is at work on it. */
  readonly trouble: '' | 'connection' | 'server-restart' | 'sending';
  readonly ownerID: string;
  readonly mutedByOwner: { readonly audio: boolean; readonly video: boolean };
  readonly members: readonly {
    readonly userID: string;
    readonly name: string;
    readonly streamType: 'main' | 'aux';
    readonly hasVideo: boolean;
    readonly hasAudio: boolean;
    /** Has a tile; the others have a name only. */
    readonly shown: boolean;
    /** Picture or sound has come through. */
    readonly playing: boolean;
    /** `excellent`, `good`, `poor`, `lost`; empty when nobody said. */
    readonly quality: string;
    /** Why there is no picture or sound; empty when all is well. */
    readonly missing: string;
  }[];
  /** What last did not work as it should. */
  readonly notice: Cause | null;
}

/** `event.detail` of `bindPusherEvent`. */
export interface PusherEvent {
  readonly code: number;
  readonly message: string;
}
