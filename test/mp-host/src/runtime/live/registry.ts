import type { Failures } from '../failures.ts';
import { type ApiFactory, type Callbacks, WxFail, type WxFunction } from '../wx/api.ts';
import type { LiveBackend, LiveCommand, LiveSession, LiveView, PlayerProps, PusherProps } from './port.ts';
import { ScriptedBackend } from './scripted.ts';

interface Attached {
  readonly element: HTMLElement;
  readonly id: string;
  readonly session: LiveSession<PusherProps> | LiveSession<PlayerProps>;
}

const PUSHER_COMMANDS: readonly LiveCommand[] = [
  'start',
  'stop',
  'pause',
  'resume',
  'switchCamera',
  'startPreview',
  'stopPreview',
  'snapshot',
  'toggleTorch',
  'sendMessage',
  'setMICVolume',
  'setBGMVolume',
  'playBGM',
  'stopBGM',
  'pauseBGM',
  'resumeBGM',
];
const PLAYER_COMMANDS: readonly LiveCommand[] = [
  'play',
  'stop',
  'mute',
  'pause',
  'resume',
  'snapshot',
  'requestFullScreen',
  'exitFullScreen',
  'exitPictureInPicture',
];

/** The live components that are in pages now, and the contexts that reach them. */
export class LiveRegistry {
  readonly scripted = new ScriptedBackend();
  backend: LiveBackend = this.scripted;
  readonly #failures: Failures;
  readonly #pageOf: (element: Element) => object | null;
  readonly #pushers = new Map<object, Attached>();
  readonly #players = new Set<Attached>();

  constructor(failures: Failures, pageOf: (element: Element) => object | null) {
    this.#failures = failures;
    this.#pageOf = pageOf;
  }

  /** Takes up a `<live-pusher>`; a page has one at most, a second is refused. */
  addPusher(view: LiveView<PusherProps>): LiveSession<PusherProps> | null {
    const page = this.#pageOf(view.element) ?? this;
    if (this.#pushers.has(page)) {
      this.#failures.add('wx', 'a page has one live-pusher only: a second was inserted');
      return null;
    }
    const session = this.backend.pusher(view);
    this.#pushers.set(page, { element: view.element, id: view.id, session });
    return {
      ...bind(session),
      destroy: () => {
        this.#pushers.delete(page);
        session.destroy();
      },
    };
  }

  addPlayer(view: LiveView<PlayerProps>): LiveSession<PlayerProps> {
    const session = this.backend.player(view);
    const attached = { element: view.element, id: view.id, session };
    this.#players.add(attached);
    return {
      ...bind(session),
      destroy: () => {
        this.#players.delete(attached);
        session.destroy();
      },
    };
  }

  /** `wx.createLivePusherContext()`: that of the page on top. */
  pusherContext(make: ApiFactory, top: () => object | null): object {
    const find = () => this.#pushers.get(top() ?? this) ?? null;
    return this.#context(make, 'LivePusherContext', PUSHER_COMMANDS, find);
  }

  /** `wx.createLivePlayerContext(id, component)`. */
  playerContext(make: ApiFactory, id: string, within: () => Element | null): object {
    const find = () => {
      const scope = within();
      return [...this.#players].find((one) => one.id === id && (scope?.contains(one.element) ?? true)) ?? null;
    };
    return this.#context(make, 'LivePlayerContext', PLAYER_COMMANDS, find);
  }

  #context(make: ApiFactory, name: string, commands: readonly LiveCommand[], find: () => Attached | null): object {
    const context: Record<string, WxFunction> = {};
    for (const command of commands) {
      context[command] = make.async<Callbacks & Record<string, unknown>>(`${name}.${command}`, async (options) => {
        const attached = find();
        if (attached === null) throw new WxFail('there is no such component in the page');
        return attached.session.command(command, options);
      });
    }
    return context;
  }
}

function bind<P>(session: LiveSession<P>): LiveSession<P> {
  return {
    command: (command, options) => session.command(command, options),
    changed: (names) => session.changed(names),
    destroy: () => session.destroy(),
  };
}
