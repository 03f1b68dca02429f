import {
  AudioFrame,
  AudioSource,
  AudioStream,
  DisconnectReason,
  LocalAudioTrack,
  LocalVideoTrack,
  type RemoteTrack,
  Room,
  RoomEvent,
  type RoomOptions,
  SimulateScenarioKind,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
  VideoCodec,
  type VideoFrame,
  VideoSource,
  VideoStream,
} from '@livekit/rtc-node';
import type { Rgb } from '../harness-api.ts';
import type { NodeCalls, NodeLook, NodeSound, NodeVideoCodec } from './messages.ts';
import { paint, pitch, seenIn } from './signals.ts';

const RATE = 48_000;
const FRAME_MS = 20;

interface Watched {
  frames: number;
  frame: VideoFrame | null;
}

interface Heard {
  readonly samples: Float64Array;
  frames: number;
}

/** The option exists in the native layer only; the SDK passes it on as it passes every other. */
interface NodeRoomOptions extends RoomOptions {
  readonly singlePeerConnection: boolean;
}

type Answers = { [K in keyof NodeCalls]: (...args: Parameters<NodeCalls[K]>) => Promise<ReturnType<NodeCalls[K]>> };

/** The participant in the child process: the SDK itself. */
export class NodeClient implements Answers {
  readonly #room = new Room();
  readonly #tell: (entry: string) => void;
  readonly #watched = new Map<string, Watched>();
  readonly #heard = new Map<string, Heard>();
  #closed = false;

  /** @param tell takes what happens in the room, one line each. */
  constructor(tell: (entry: string) => void) {
    this.#tell = tell;
  }

  async connect(url: string, token: string, singlePeerConnection: boolean): Promise<null> {
    const room = this.#room;
    const tell = this.#tell;
    room
      .on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
        tell(`trackSubscribed:${participant.identity}`);
        this.#watch(track, participant.identity, publication.source ?? TrackSource.SOURCE_UNKNOWN);
      })
      .on(RoomEvent.ParticipantConnected, (who) => tell(`participantConnected:${who.identity}`))
      .on(RoomEvent.ParticipantDisconnected, (who) => tell(`participantDisconnected:${who.identity}`))
      .on(RoomEvent.Reconnecting, () => tell('reconnecting'))
      .on(RoomEvent.Reconnected, () => tell('reconnected'))
      .on(RoomEvent.Disconnected, (reason) => tell(`disconnected:${DisconnectReason[reason]}`))
      .on(RoomEvent.DataReceived, (payload, who, _kind, topic) =>
        tell(`data:${who?.identity ?? ''}:${topic ?? ''}:${new TextDecoder().decode(payload)}`),
      );
    const options: NodeRoomOptions = { autoSubscribe: true, dynacast: false, singlePeerConnection };
    await room.connect(url, token, options);
    this.#local().registerRpcMethod('echo', async (call) => `${call.callerIdentity}:${call.payload}`);
    room.registerTextStreamHandler('words', (reader, who) => {
      void reader.readAll().then((text) => tell(`text:${who.identity}:${text}`));
    });
    return null;
  }

  async publishVideo(color: Rgb, codec: NodeVideoCodec): Promise<null> {
    const [width, height] = [320, 180];
    const source = new VideoSource(width, height);
    const options = new TrackPublishOptions({
      source: TrackSource.SOURCE_CAMERA,
      videoCodec: codec === 'h264' ? VideoCodec.H264 : VideoCodec.VP8,
      simulcast: false,
    });
    await this.#local().publishTrack(LocalVideoTrack.createVideoTrack('camera', source), options);
    let count = 0;
    const timer = setInterval(() => {
      if (this.#closed) {
        clearInterval(timer);
        return;
      }
      source.captureFrame(paint(width, height, color, count));
      count += 1;
    }, 66);
    return null;
  }

  async publishAudio(tone: number): Promise<null> {
    const source = new AudioSource(RATE, 1, 200);
    const track = LocalAudioTrack.createAudioTrack('microphone', source);
    await this.#local().publishTrack(track, new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }));
    const size = (RATE / 1000) * FRAME_MS;
    let at = 0;
    const pump = async () => {
      while (!this.#closed) {
        const samples = Int16Array.from({ length: size }, (_, index) =>
          Math.round(10_000 * Math.sin((2 * Math.PI * tone * (at + index)) / RATE)),
        );
        at += size;
        // Resolves when the queue has room again: the source keeps the time.
        await source.captureFrame(new AudioFrame(samples, RATE, 1, size));
      }
    };
    pump().catch(() => {});
    return null;
  }

  async look(identity: string): Promise<NodeLook | null> {
    const watched = this.#watched.get(identity);
    if (watched?.frame == null) return null;
    return { ...seenIn(watched.frame), frames: watched.frames };
  }

  async listen(identity: string): Promise<NodeSound | null> {
    const heard = this.#heard.get(identity);
    return heard === undefined ? null : { hz: pitch(heard.samples, RATE), frames: heard.frames };
  }

  async sid(): Promise<string> {
    return this.#local().sid ?? '';
  }

  async reconnectSignal(): Promise<null> {
    await this.#room.simulateScenario(SimulateScenarioKind.SIMULATE_SIGNAL_RECONNECT);
    return null;
  }

  async sendData(text: string, topic: string): Promise<null> {
    await this.#local().publishData(new TextEncoder().encode(text), { reliable: true, topic });
    return null;
  }

  async sendText(text: string, topic: string): Promise<null> {
    await this.#local().sendText(text, { topic });
    return null;
  }

  async rpc(identity: string, method: string, payload: string): Promise<string> {
    return this.#local().performRpc({ destinationIdentity: identity, method, payload });
  }

  async disconnect(): Promise<null> {
    this.#closed = true;
    await this.#room.disconnect();
    return null;
  }

  #local() {
    const { localParticipant } = this.#room;
    if (localParticipant === undefined) throw new Error('not connected');
    return localParticipant;
  }

  #watch(track: RemoteTrack, identity: string, source: TrackSource): void {
    if (track.kind === TrackKind.KIND_VIDEO && source === TrackSource.SOURCE_CAMERA) {
      const watched: Watched = { frames: 0, frame: null };
      this.#watched.set(identity, watched);
      void drain(new VideoStream(track), (event) => {
        watched.frames += 1;
        watched.frame = event.frame;
      });
    } else if (track.kind === TrackKind.KIND_AUDIO) {
      const heard: Heard = { samples: new Float64Array(RATE / 10), frames: 0 };
      this.#heard.set(identity, heard);
      void drain(new AudioStream(track, RATE, 1), (frame) => {
        heard.frames += 1;
        heard.samples.copyWithin(0, frame.data.length);
        heard.samples.set(frame.data, heard.samples.length - frame.data.length);
      });
    }
  }
}

async function drain<T>(stream: ReadableStream<T>, take: (value: T) => void): Promise<void> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value);
  }
}
