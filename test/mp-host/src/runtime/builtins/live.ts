import type { CodeSpace } from 'glass-easel-miniprogram-adapter';
import type { LiveSession, LiveView, PlayerProps, PusherProps } from '../live/port.ts';
import type { LiveRegistry } from '../live/registry.ts';
import { type Behaviour, type Builtin, defineBuiltin, type Properties } from './define.ts';

const PUSHER = {
  url: '',
  mode: 'RTC',
  autopush: false,
  debug: false,
  muted: false,
  enableCamera: true,
  autoFocus: true,
  orientation: 'vertical',
  beauty: 0,
  whiteness: 0,
  aspect: '9:16',
  minBitrate: 200,
  maxBitrate: 1_000,
  audioQuality: 'high',
  waitingImage: '',
  waitingImageHash: '',
  zoom: false,
  devicePosition: 'front',
  backgroundMute: false,
  mirror: false,
  remoteMirror: false,
  localMirror: 'auto',
  audioReverbType: 0,
  enableMic: true,
  enableAgc: false,
  enableAns: false,
  audioVolumeType: 'auto',
  videoWidth: 360,
  videoHeight: 640,
  beautyStyle: 'smooth',
  filter: 'standard',
  pictureInPictureMode: null as unknown,
  voiceChangerType: 0,
  customEffect: false,
  fps: 15,
};

const PLAYER = {
  src: '',
  mode: 'live',
  autoplay: false,
  muted: false,
  orientation: 'vertical',
  objectFit: 'contain',
  backgroundMute: false,
  minCache: 1,
  maxCache: 3,
  soundMode: 'speaker',
  autoPauseIfNavigate: true,
  autoPauseIfOpenNative: true,
  pictureInPictureMode: null as unknown,
  referrerPolicy: 'no-referrer',
  enableAutoRotation: false,
  muteAudio: false,
  muteVideo: false,
  pictureInPictureInitPosition: '',
  enableCasting: false,
  enableMetadata: false,
};

/** `<live-pusher>` and `<live-player>`: their media are behind a port. */
export function defineLive(space: CodeSpace, registry: LiveRegistry): void {
  defineBuiltin(space, 'live-pusher', PUSHER, (self) =>
    live<PusherProps, typeof PUSHER>(self, (view) => registry.addPusher(view)),
  );
  defineBuiltin(space, 'live-player', PLAYER, (self) =>
    live<PlayerProps, typeof PLAYER>(self, (view) => registry.addPlayer(view)),
  );
}

function live<P extends object, D extends P & Properties>(
  self: Builtin<D>,
  add: (view: LiveView<P>) => LiveSession<P> | null,
): Behaviour<D> {
  let session: LiveSession<P> | null = null;
  let known: Partial<D> = {};
  const view: LiveView<P> = {
    element: self.element,
    get id() {
      return self.id;
    },
    get props() {
      return self.props;
    },
    state: (code, message) => self.emit('statechange', { code, message }),
    netstatus: (info) => self.emit('netstatus', { info }),
    error: (errCode, errMsg) => self.emit('error', { errCode, errMsg }),
    emit: (name, detail) => self.emit(name, detail),
  };
  return {
    attached() {
      known = { ...self.props };
      session = add(view);
    },
    changed(names) {
      // The framework tells of whatever was set, also to what it was before: a list that is set again must not start every
      // player in it anew.
      const news = [...names].filter((name) => !Object.is(known[name], self.props[name]));
      // Of several that are set at once it tells one by one, when all have their new values.
      for (const name of news) known[name] = self.props[name];
      if (news.length > 0) session?.changed(new Set(news) as ReadonlySet<unknown> as ReadonlySet<keyof P>);
    },
    detached() {
      session?.destroy();
      session = null;
    },
  };
}
