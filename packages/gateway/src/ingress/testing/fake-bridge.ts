/** A bridge as the codec pool makes one, without codecs: checks what it is given, answers when it is told to. */
import type { BridgeInput, BridgeJob, BridgeOutput, CodecSink } from '../../codec/types.ts';
import type { VideoFrame } from '../../stream/types.ts';
import { makeConfig, makePicture, readPicture } from './pictures.ts';

export class FakeBridge implements BridgeJob {
  readonly encoder: number;
  readonly encodeFromMs: number;
  readonly #sink: CodecSink<BridgeOutput>;
  readonly #waiting: { readonly frame: VideoFrame; readonly keyframe: boolean }[] = [];
  #decoded = -1;
  #number = 0;
  #idr = true;
  keyframeRequests = 0;
  closed = false;
  over = false;
  /** Told of every picture that can be answered. */
  onWritten: () => void = () => {};

  /** @param encoder its number, from 1. */
  constructor(encoder: number, encodeFromMs: number, sink: CodecSink<BridgeOutput>) {
    this.encoder = encoder;
    this.encodeFromMs = encodeFromMs;
    this.#sink = sink;
  }

  /** Pictures that it has not yet answered. */
  get waiting(): number {
    return this.over || this.closed ? 0 : this.#waiting.length;
  }

  write(input: BridgeInput): void {
    if (this.over) throw new Error('written to after its end');
    if (this.closed) throw new Error('written to after it was closed');
    if (input.kind === 'video-config') return;
    const picture = readPicture(input);
    if (picture.encoder !== 0) throw new Error('a bridge decodes the phone');
    if (picture.reference >= 0 && picture.reference !== this.#decoded) {
      throw new Error(`the bridge was given ${picture.number} after ${this.#decoded}`);
    }
    this.#decoded = picture.number;
    if (input.timestampMs < this.encodeFromMs) return;
    this.#waiting.push({ frame: input, keyframe: this.#idr });
    this.#idr = false;
    this.onWritten();
  }

  requestKeyframe(): void {
    this.keyframeRequests++;
    this.#idr = true;
  }

  close(): void {
    this.closed = true;
  }

  /** Answers the oldest picture that waits; false when there is none. */
  answer(): boolean {
    if (this.closed || this.over) return false;
    const next = this.#waiting.shift();
    if (next === undefined) return false;
    const number = this.#number++;
    const { frame, keyframe } = next;
    const { index } = readPicture(frame);
    if (keyframe) this.#sink.onOutput(makeConfig(this.encoder));
    if (this.closed) return true;
    const reference = keyframe ? -1 : number - 1;
    this.#sink.onOutput(makePicture({ encoder: this.encoder, index, number, reference }, frame.timestampMs));
    return true;
  }

  /** Ends by itself. */
  end(reason: 'crashed' | 'undecodable' | 'refused' = 'crashed'): void {
    if (this.closed || this.over) return;
    this.over = true;
    this.#sink.onEnd(reason);
  }
}
