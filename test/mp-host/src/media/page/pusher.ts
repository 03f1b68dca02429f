import type { LiveCommand, LiveSession, LiveView, PusherProps } from '../../runtime/live/port.ts';
import { WxFail } from '../../runtime/wx/api.ts';
import { FRAME_HEADER, type ToPage } from '../wire.ts';
import { CameraEncoder, type Counts, MicrophoneTap } from './capture.ts';

/** Milliseconds between two `netstatus`. */
const STATUS = 2_000;
/** Bytes that may wait for the bridge; more are dropped. */
const MAX_BUFFERED = 2_000_000;

/** `<live-pusher>` with the page's own camera and microphone. */
export class PusherSession implements LiveSession<PusherProps> {
  readonly #view: LiveView<PusherProps>;
  readonly #bridge: string;
  readonly #preview = document.createElement('video');
  readonly #counts: Counts = { frames: 0, videoBytes: 0, audioBytes: 0 };
  #camera: MediaStream | null = null;
  #microphone: MediaStream | null = null;
  #encoder: CameraEncoder | null = null;
  #tap: MicrophoneTap | null = null;
  #socket: WebSocket | null = null;
  #status: ReturnType<typeof setInterval> | null = null;
  #pushing = false;
  #paused = false;
  #seen = false;
  #facing: 'user' | 'environment' = 'user';
  #queue: Promise<void> = Promise.resolve();

  constructor(view: LiveView<PusherProps>, bridge: string) {
    this.#view = view;
    this.#bridge = bridge;
    this.#facing = view.props.devicePosition === 'back' ? 'environment' : 'user';
    Object.assign(this.#preview, { muted: true, autoplay: true, playsInline: true });
    this.#preview.style.objectFit = 'cover';
    view.element.prepend(this.#preview);
    if (view.props.autopush && view.props.url !== '') this.#then(() => this.#start());
  }

  async command(command: LiveCommand): Promise<object | undefined> {
    if (command === 'start') {
      if (this.#view.props.url === '') throw new WxFail('url is empty');
      this.#then(() => this.#start());
    } else if (command === 'stop') this.#then(() => this.#stop());
    else if (command === 'pause' || command === 'resume') {
      this.#paused = command === 'pause';
      if (this.#tap !== null) this.#tap.muted = this.#silent;
      this.#encoder?.askForKey();
    } else if (command === 'startPreview') this.#then(() => this.#media());
    else if (command === 'stopPreview') this.#preview.srcObject = null;
    else if (command === 'switchCamera') {
      this.#facing = this.#facing === 'user' ? 'environment' : 'user';
      this.#closeCamera();
      this.#then(() => this.#media());
    } else if (command === 'snapshot') return snapshot(this.#preview);
    else throw new WxFail(`${command} is not part of this host's media`);
    await this.#queue;
    return undefined;
  }

  changed(names: ReadonlySet<keyof PusherProps>): void {
    const { props } = this.#view;
    if (this.#tap !== null) this.#tap.muted = this.#silent;
    if (names.has('url') && this.#pushing) this.#then(() => this.#stop());
    if ((names.has('url') || names.has('autopush')) && props.autopush && props.url !== '')
      this.#then(() => this.#start());
    if ((names.has('enableCamera') || names.has('enableMic')) && this.#pushing) this.#then(() => this.#media());
  }

  destroy(): void {
    this.#then(() => this.#stop());
  }

  get #silent(): boolean {
    return this.#view.props.muted || this.#paused;
  }

  /** One thing after the other: a start waits for the camera. */
  #then(run: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(run).catch((error: unknown) => {
      console.error(error);
      this.#view.error(10_003, String(error));
    });
  }

  async #start(): Promise<void> {
    if (this.#pushing) return;
    this.#pushing = true;
    this.#seen = false;
    await this.#media();
    if (this.#camera === null && this.#microphone === null) {
      this.#pushing = false;
      return;
    }
    const socket = new WebSocket(`${this.#bridge.replace('http', 'ws')}/push`);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(socket, JSON.parse(String(data)) as ToPage));
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error('the bridge is not there')));
    });
    const { url } = this.#view.props;
    socket.send(JSON.stringify({ type: 'open', url, video: this.#camera !== null, audio: this.#microphone !== null }));
    this.#status = setInterval(() => this.#netstatus(), STATUS);
  }

  #stop(): void {
    this.#pushing = false;
    if (this.#status !== null) clearInterval(this.#status);
    this.#status = null;
    this.#socket?.close();
    this.#socket = null;
    this.#closeCamera();
    this.#closeMicrophone();
  }

  #hear(socket: WebSocket, message: ToPage): void {
    if (socket !== this.#socket) return;
    if (message.type === 'keyframe') this.#restartEncoder();
    else {
      this.#view.state(message.code, message.message);
      // Given up: the mini program starts again when it likes.
      if (message.code === -1307) this.#then(() => this.#stop());
    }
  }

  /** A fresh encoder says its configuration again, which every new push begins with. */
  #restartEncoder(): void {
    const track = this.#camera?.getVideoTracks()[0];
    if (track === undefined) return;
    this.#encoder?.close();
    this.#encoder = this.#encode(track);
  }

  /** Opens and closes camera and microphone as the properties say. */
  async #media(): Promise<void> {
    const { enableCamera, enableMic, videoWidth, videoHeight } = this.#view.props;
    if (!enableCamera) this.#closeCamera();
    else if (this.#camera === null) {
      const video = { width: videoWidth, height: videoHeight, facingMode: this.#facing };
      this.#camera = await this.#capture({ video }, 10_001, -1301);
      const track = this.#camera?.getVideoTracks()[0];
      if (track !== undefined) {
        this.#preview.srcObject = this.#camera;
        this.#view.state(1003, 'the camera is open');
        this.#encoder = this.#encode(track);
        this.#view.state(1008, 'the encoder has started');
      }
    }
    if (!enableMic) this.#closeMicrophone();
    else if (this.#microphone === null) {
      const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      this.#microphone = await this.#capture({ audio }, 10_002, -1302);
      if (this.#microphone !== null) {
        this.#tap = new MicrophoneTap(this.#microphone, (...frame) => this.#send(...frame), this.#counts);
        this.#tap.muted = this.#silent;
      }
    }
  }

  async #capture(constraints: MediaStreamConstraints, refused: number, broken: number): Promise<MediaStream | null> {
    try {
      return await navigator.mediaDevices.getUserMedia(constraints);
    } catch (error) {
      const name = error instanceof DOMException ? error.name : '';
      if (name === 'NotAllowedError') this.#view.error(refused, 'the user refused');
      else this.#view.state(broken, String(error));
      return null;
    }
  }

  #encode(track: MediaStreamTrack): CameraEncoder {
    const { videoWidth, videoHeight, maxBitrate, minBitrate } = this.#view.props;
    return new CameraEncoder(
      track,
      {
        width: videoWidth,
        height: videoHeight,
        bitrate: ((minBitrate + maxBitrate) / 2) * 1_000,
        send: (...frame) => this.#send(...frame),
        firstFrame: () => {
          if (!this.#seen) this.#view.state(1007, 'the first picture is encoded');
          this.#seen = true;
        },
      },
      this.#counts,
    );
  }

  #send(kind: number, timestamp: number, payload: Uint8Array): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_BUFFERED || (this.#paused && kind !== 4))
      return;
    const frame = new Uint8Array(FRAME_HEADER + payload.length);
    frame[0] = kind;
    new DataView(frame.buffer).setUint32(1, timestamp);
    frame.set(payload, FRAME_HEADER);
    socket.send(frame);
  }

  #closeCamera(): void {
    this.#encoder?.close();
    this.#encoder = null;
    stopAll(this.#camera);
    this.#camera = null;
    this.#preview.srcObject = null;
  }

  #closeMicrophone(): void {
    this.#tap?.close();
    this.#tap = null;
    stopAll(this.#microphone);
    this.#microphone = null;
  }

  #netstatus(): void {
    const { frames, videoBytes, audioBytes } = this.#counts;
    Object.assign(this.#counts, { frames: 0, videoBytes: 0, audioBytes: 0 });
    const kilobits = (bytes: number) => Math.round((bytes * 8) / STATUS);
    this.#view.netstatus({
      videoBitrate: kilobits(videoBytes),
      audioBitrate: kilobits(audioBytes),
      videoFPS: Math.round((frames * 1_000) / STATUS),
      videoGOP: 3,
      netSpeed: kilobits(videoBytes + audioBytes),
      netJitter: 0,
      videoWidth: this.#view.props.videoWidth,
      videoHeight: this.#view.props.videoHeight,
    });
  }
}

function stopAll(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** What a video shows, as a data URL in place of WeChat's temporary file. */
export function snapshot(video: HTMLVideoElement): object {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return { tempImagePath: canvas.toDataURL('image/jpeg'), width: canvas.width, height: canvas.height };
}
