import mpegts from 'mpegts.js';
import type { LiveCommand, LiveSession, LiveView, PlayerProps } from '../../runtime/live/port.ts';
import { WxFail } from '../../runtime/wx/api.ts';
import { snapshot } from './pusher.ts';

/** Retries before WeChat gives up. */
const MAX_RETRIES = 3;
/** Milliseconds between two tries. */
const PAUSE = 1_000;
const STATUS = 2_000;
const FITS: Record<string, string> = { contain: 'contain', fillCrop: 'cover', fill: 'fill' };

mpegts.LoggingControl.enableAll = false;

/** `<live-player>`: HTTP-FLV, or RTMP that the bridge pulls, played by mpegts.js. */
export class PlayerSession implements LiveSession<PlayerProps> {
  readonly #view: LiveView<PlayerProps>;
  readonly #bridge: string;
  readonly #video = document.createElement('video');
  #player: mpegts.Player | null = null;
  #playing = false;
  #mutedByCommand = false;
  #retries = 0;
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #status: ReturnType<typeof setInterval> | null = null;

  constructor(view: LiveView<PlayerProps>, bridge: string) {
    this.#view = view;
    this.#bridge = bridge;
    this.#video.playsInline = true;
    view.element.prepend(this.#video);
    this.#video.addEventListener('loadeddata', () => this.#view.state(2003, 'the first picture is here'));
    this.#video.addEventListener('playing', () => {
      this.#retries = 0;
      this.#view.state(2004, 'playing');
    });
    this.#video.addEventListener('waiting', () => this.#playing && this.#view.state(2007, 'loading'));
    this.#video.addEventListener('resize', () => this.#view.state(2009, 'the size has changed'));
    this.#look();
    if (view.props.autoplay && view.props.src !== '') this.#play();
  }

  async command(command: LiveCommand): Promise<object | undefined> {
    if (command === 'play') {
      if (this.#view.props.src === '') throw new WxFail('src is empty');
      this.#play();
    } else if (command === 'stop') this.#stop();
    else if (command === 'pause') this.#video.pause();
    else if (command === 'resume') await this.#video.play();
    else if (command === 'mute') {
      this.#mutedByCommand = !this.#mutedByCommand;
      this.#look();
    } else if (command === 'snapshot') return snapshot(this.#video);
    else if (command === 'requestFullScreen' || command === 'exitFullScreen') {
      const fullScreen = command === 'requestFullScreen';
      this.#view.emit('fullscreenchange', { fullScreen, direction: 'vertical' });
    } else throw new WxFail(`${command} is not part of this host's media`);
    return undefined;
  }

  changed(names: ReadonlySet<keyof PlayerProps>): void {
    this.#look();
    const { src, autoplay } = this.#view.props;
    if (!names.has('src') && !names.has('autoplay') && !names.has('mode')) return;
    const goesOn = this.#playing || autoplay;
    this.#stop();
    if (goesOn && src !== '') this.#play();
  }

  destroy(): void {
    this.#stop();
  }

  #look(): void {
    const { muted, muteAudio, muteVideo, objectFit, orientation } = this.#view.props;
    this.#video.muted = muted || muteAudio || this.#mutedByCommand;
    this.#video.style.visibility = muteVideo ? 'hidden' : '';
    this.#video.style.objectFit = FITS[objectFit] ?? 'contain';
    this.#video.style.transform = orientation === 'horizontal' ? 'rotate(90deg)' : '';
  }

  #play(): void {
    if (this.#playing) return;
    this.#playing = true;
    this.#retries = 0;
    this.#connect();
    this.#status = setInterval(() => this.#netstatus(), STATUS);
  }

  #stop(): void {
    this.#playing = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#status !== null) clearInterval(this.#status);
    this.#disconnect();
  }

  #connect(): void {
    const { src, minCache, maxCache } = this.#view.props;
    const player = mpegts.createPlayer(
      { type: 'flv', isLive: true, url: `${this.#bridge}/pull?url=${encodeURIComponent(src)}` },
      {
        // It would hold back hundreds of kilobytes: of a still picture that is many seconds.
        enableStashBuffer: false,
        liveBufferLatencyChasing: true,
        liveBufferLatencyMinRemain: minCache,
        liveBufferLatencyMaxLatency: Math.max(maxCache, minCache + 0.2),
        autoCleanupSourceBuffer: true,
      },
    );
    this.#player = player;
    let connected = false;
    // Told in a turn of its own: whoever hears it may take the player down, which its library does not survive in the midst
    // of its own work.
    const later = (tell: () => void) =>
      setTimeout(() => {
        if (player === this.#player) tell();
      }, 0);
    player.on(mpegts.Events.MEDIA_INFO, () => {
      if (connected) return;
      connected = true;
      later(() => {
        this.#view.state(2001, 'connected to the server');
        this.#view.state(2002, 'pulling has begun');
      });
    });
    player.on(mpegts.Events.STATISTICS_INFO, (info: { readonly speed?: number }) => {
      this.#bytes += (info.speed ?? 0) * 600;
    });
    player.on(mpegts.Events.ERROR, (_type: string, detail: string) => later(() => this.#lost(player, 3002, detail)));
    player.on(mpegts.Events.LOADING_COMPLETE, () => later(() => this.#lost(player, 3004, 'the server has ended it')));
    player.attachMediaElement(this.#video);
    player.load();
    // A refusal comes when the player is taken down again, which is no failure.
    Promise.resolve(player.play()).catch(() => {});
  }

  #lost(player: mpegts.Player, code: number, message: string): void {
    if (player !== this.#player || !this.#playing) return;
    this.#view.state(code, message);
    this.#disconnect();
    if (this.#retries >= MAX_RETRIES) {
      this.#stop();
      this.#view.state(-2301, 'the connection is lost; retries did not help');
      return;
    }
    this.#retries += 1;
    this.#view.state(2103, `reconnecting, ${this.#retries} of ${MAX_RETRIES}`);
    this.#timer = setTimeout(() => this.#connect(), PAUSE);
  }

  #disconnect(): void {
    const player = this.#player;
    this.#player = null;
    player?.destroy();
  }

  #netstatus(): void {
    const netSpeed = Math.round((this.#bytes * 8) / STATUS);
    this.#bytes = 0;
    const { videoWidth, videoHeight } = this.#video;
    this.#view.netstatus({
      videoBitrate: netSpeed,
      audioBitrate: 0,
      videoFPS: 0,
      videoGOP: 3,
      netSpeed,
      netJitter: 0,
      videoWidth,
      videoHeight,
    });
  }
}
