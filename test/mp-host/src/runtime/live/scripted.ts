import type { LiveBackend, LiveCommand, LiveSession, LiveView, PlayerProps, PusherProps } from './port.ts';

interface Asked {
  readonly command: LiveCommand;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One live component of a page under a test's control. */
export interface ScriptedLive<P> {
  readonly view: LiveView<P>;
  /** What contexts asked of it, in order. */
  readonly asked: Asked[];
  /** The names of properties as they changed. */
  readonly changes: (keyof P)[];
  running: boolean;
}

/**
 * No media: a test fires every event itself. It keeps what was asked, and it is running from `start` (`play`), or from
 * `autopush` (`autoplay`) with a URL, until `stop`.
 */
export class ScriptedBackend implements LiveBackend {
  readonly pushers: ScriptedLive<PusherProps>[] = [];
  readonly players: ScriptedLive<PlayerProps>[] = [];
  /** The answer to a command; an exception makes it fail. */
  onCommand: ((command: LiveCommand) => unknown) | null = null;

  pusher(view: LiveView<PusherProps>): LiveSession<PusherProps> {
    return this.#session(view, this.pushers, 'start', () => view.props.autopush && view.props.url !== '');
  }

  player(view: LiveView<PlayerProps>): LiveSession<PlayerProps> {
    return this.#session(view, this.players, 'play', () => view.props.autoplay && view.props.src !== '');
  }

  #session<P>(view: LiveView<P>, list: ScriptedLive<P>[], start: LiveCommand, starts: () => boolean): LiveSession<P> {
    const live: ScriptedLive<P> = { view, asked: [], changes: [], running: starts() };
    list.push(live);
    return {
      command: (command, options) => {
        live.asked.push({ command, options });
        const result = this.onCommand?.(command);
        if (command === start) live.running = true;
        if (command === 'stop') live.running = false;
        return result;
      },
      changed: (names) => {
        live.changes.push(...names);
        if (starts()) live.running = true;
      },
      destroy: () => {
        live.running = false;
        list.splice(list.indexOf(live), 1);
      },
    };
  }
}
