/** Properties of `<live-pusher>` that a media back end obeys. */
export interface PusherProps {
  readonly url: string;
  readonly mode: string;
  readonly autopush: boolean;
  readonly muted: boolean;
  readonly enableCamera: boolean;
  readonly enableMic: boolean;
  readonly orientation: string;
  readonly aspect: string;
  readonly minBitrate: number;
  readonly maxBitrate: number;
  readonly videoWidth: number;
  readonly videoHeight: number;
  readonly devicePosition: string;
  readonly localMirror: string;
  readonly audioQuality: string;
}

/** Properties of `<live-player>`. */
export interface PlayerProps {
  readonly src: string;
  readonly mode: string;
  readonly autoplay: boolean;
  readonly muted: boolean;
  readonly muteAudio: boolean;
  readonly muteVideo: boolean;
  readonly objectFit: string;
  readonly orientation: string;
  /** Seconds. */
  readonly minCache: number;
  /** Seconds. */
  readonly maxCache: number;
  readonly soundMode: string;
}

/** A `<live-pusher>` or `<live-player>` as a back end sees it. */
export interface LiveView<P> {
  readonly element: HTMLElement;
  readonly id: string;
  readonly props: P;
  /** `statechange` with a code of WeChat's tables. */
  state(code: number, message: string): void;
  netstatus(info: Readonly<Record<string, number>>): void;
  /** `error`: 10001 camera refused, 10002 microphone refused, 10003, 10004. */
  error(code: number, message: string): void;
  /** Any other event, as `audiovolumenotify`. */
  emit(name: string, detail: object): void;
}

/** What a context of the mini program may ask; the names are WeChat's. */
export type LiveCommand =
  | 'start'
  | 'stop'
  | 'pause'
  | 'resume'
  | 'play'
  | 'mute'
  | 'switchCamera'
  | 'startPreview'
  | 'stopPreview'
  | 'snapshot'
  | 'toggleTorch'
  | 'sendMessage'
  | 'setMICVolume'
  | 'setBGMVolume'
  | 'playBGM'
  | 'stopBGM'
  | 'pauseBGM'
  | 'resumeBGM'
  | 'requestFullScreen'
  | 'exitFullScreen'
  | 'exitPictureInPicture';

/** One component with media behind it. */
export interface LiveSession<P> {
  /** Throws `WxFail` when it cannot; an object, or the promise of one, becomes the answer. */
  command(command: LiveCommand, options: Readonly<Record<string, unknown>>): unknown;
  /** Properties changed; `view.props` has the new ones. */
  changed(names: ReadonlySet<keyof P>): void;
  /** The component was taken out of the page. */
  destroy(): void;
}

/** Where the media of `<live-pusher>` and `<live-player>` come from and go to. */
export interface LiveBackend {
  pusher(view: LiveView<PusherProps>): LiveSession<PusherProps>;
  player(view: LiveView<PlayerProps>): LiveSession<PlayerProps>;
}
