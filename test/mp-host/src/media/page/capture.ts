import { FRAME, SAMPLE_RATE } from '../wire.ts';

/** Milliseconds from keyframe to keyframe, as phones send. */
const GROUP = 3_000;
const FPS = 15;

export interface CaptureOptions {
  readonly width: number;
  readonly height: number;
  /** Bits a second. */
  readonly bitrate: number;
  /** Takes one encoded frame: its kind on the wire, milliseconds, bytes. */
  readonly send: (kind: number, timestamp: number, payload: Uint8Array) => void;
  readonly firstFrame: () => void;
}

/** Counts for `netstatus`. */
export interface Counts {
  frames: number;
  videoBytes: number;
  audioBytes: number;
}

/** Encodes a camera's pictures: baseline H.264 without B frames, a keyframe every three seconds and when one is asked for. */
export class CameraEncoder {
  readonly #options: CaptureOptions;
  readonly #encoder: VideoEncoder;
  readonly #reader: ReadableStreamDefaultReader<VideoFrame>;
  readonly #counts: Counts;
  #lastKey = Number.NEGATIVE_INFINITY;
  #due = 0;
  #seen = false;

  constructor(track: MediaStreamTrack, options: CaptureOptions, counts: Counts) {
    this.#options = options;
    this.#counts = counts;
    this.#encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#output(chunk, metadata),
      error: (error) => console.error(error),
    });
    this.#encoder.configure({
      codec: 'avc1.42e01f',
      width: options.width,
      height: options.height,
      bitrate: options.bitrate,
      framerate: FPS,
      latencyMode: 'realtime',
      avc: { format: 'avc' },
    });
    const processor = new MediaStreamTrackProcessor({ track });
    this.#reader = processor.readable.getReader();
    void this.#run();
  }

  /** The next frame begins a group. */
  askForKey(): void {
    this.#lastKey = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    void this.#reader.cancel();
    if (this.#encoder.state !== 'closed') this.#encoder.close();
  }

  async #run(): Promise<void> {
    for (;;) {
      const { done, value: frame } = await this.#reader.read();
      if (done || frame === undefined) return;
      const now = performance.now();
      // A slow machine skips pictures, as a phone does; none are kept for later.
      const take = this.#encoder.state === 'configured' && this.#encoder.encodeQueueSize < 3 && now >= this.#due;
      if (take) {
        // Pictures come in the camera's time: what one comes late is taken off the next.
        this.#due = Math.max(this.#due + 1_000 / FPS, now);
        const keyFrame = now - this.#lastKey >= GROUP;
        if (keyFrame) this.#lastKey = now;
        const timed = new VideoFrame(frame, { timestamp: Math.round(now * 1_000) });
        this.#encoder.encode(timed, { keyFrame });
        timed.close();
      }
      frame.close();
    }
  }

  #output(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    const at = Math.round(chunk.timestamp / 1_000);
    const description = metadata?.decoderConfig?.description;
    if (description !== undefined) this.#options.send(FRAME.avcConfig, at, bytesOf(description));
    const payload = new Uint8Array(chunk.byteLength);
    chunk.copyTo(payload);
    this.#options.send(chunk.type === 'key' ? FRAME.avcKey : FRAME.avcDelta, at, payload);
    this.#counts.frames += 1;
    this.#counts.videoBytes += payload.length;
    if (!this.#seen) {
      this.#seen = true;
      this.#options.firstFrame();
    }
  }
}

const WORKLET = `registerProcessor('tap', class extends AudioWorkletProcessor {
  #kept = new Float32Array(1024); #at = 0;
  process([[channel]]) {
    if (channel === undefined) return true;
    this.#kept.set(channel, this.#at); this.#at += channel.length;
    if (this.#at >= 1024) { this.port.postMessage(this.#kept.slice()); this.#at = 0; }
    return true;
  }
});`;

/** Hands a microphone's sound over as 16-bit samples; silence while it is muted. */
export class MicrophoneTap {
  muted = false;
  readonly #context = new AudioContext({ sampleRate: SAMPLE_RATE });
  readonly #send: CaptureOptions['send'];
  readonly #counts: Counts;
  #began: number | null = null;
  #samples = 0;

  constructor(stream: MediaStream, send: CaptureOptions['send'], counts: Counts) {
    this.#send = send;
    this.#counts = counts;
    void this.#run(stream);
  }

  close(): void {
    void this.#context.close();
  }

  async #run(stream: MediaStream): Promise<void> {
    const url = URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' }));
    await this.#context.audioWorklet.addModule(url);
    URL.revokeObjectURL(url);
    if (this.#context.state === 'closed') return;
    const tap = new AudioWorkletNode(this.#context, 'tap', { channelCount: 1, channelCountMode: 'explicit' });
    tap.port.onmessage = ({ data }: MessageEvent<Float32Array>) => this.#chunk(data);
    this.#context.createMediaStreamSource(stream).connect(tap);
  }

  #chunk(samples: Float32Array): void {
    this.#began ??= performance.now() - (samples.length / SAMPLE_RATE) * 1_000;
    const timestamp = Math.round(this.#began + (this.#samples / SAMPLE_RATE) * 1_000);
    this.#samples += samples.length;
    const pcm = new Int16Array(samples.length);
    if (!this.muted) {
      for (let index = 0; index < samples.length; index++) {
        pcm[index] = Math.max(-1, Math.min(1, samples[index] ?? 0)) * 32_767;
      }
    }
    this.#counts.audioBytes += pcm.byteLength;
    this.#send(FRAME.pcm, timestamp, new Uint8Array(pcm.buffer));
  }
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}
