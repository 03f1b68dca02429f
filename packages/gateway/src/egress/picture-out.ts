/** What stands between whole pictures and the phones: nothing, or a transcoder. */
import type { CodecJob, CodecPool, ForeignCodec, ForeignFrame } from '../codec/types.ts';
import type { VideoConfig, VideoFrame } from '../stream/types.ts';

export interface PictureOutSink {
  onUnit(unit: VideoConfig | VideoFrame): void;
  onNeedKeyframe(): void;
  /** There is no way to show this codec. Told once. */
  onUnavailable(detail: string): void;
}

export interface PictureOut {
  config(sps: Uint8Array, pps: Uint8Array): void;
  /** @param timestampMs of the stream. */
  picture(data: Uint8Array, timestampMs: number, keyframe: boolean): void;
  tick(now: number): void;
  close(): void;
}

/** H.264 goes on as it is. */
export class PassThrough implements PictureOut {
  readonly #sink: PictureOutSink;

  constructor(sink: PictureOutSink) {
    this.#sink = sink;
  }

  config(sps: Uint8Array, pps: Uint8Array): void {
    this.#sink.onUnit({ kind: 'video-config', sps, pps });
  }

  picture(data: Uint8Array, timestampMs: number, keyframe: boolean): void {
    this.#sink.onUnit({ kind: 'video', timestampMs, keyframe, data });
  }

  tick(): void {}

  close(): void {}
}

/** A job that ends is opened again after this, and so often in a row before it is given up. */
const reopenMs = 200;
const maxEnds = 5;
/** One that lived so long ended by accident. */
const longMs = 10_000;

/** Other codecs are decoded and encoded anew. */
export class Transcoder implements PictureOut {
  readonly #codecs: CodecPool;
  readonly #codec: ForeignCodec;
  readonly #sink: PictureOutSink;
  #job: CodecJob<ForeignFrame> | null = null;
  #now: number;
  #openedAt = 0;
  #reopenAt = Number.NaN;
  #ends = 0;
  #closed = false;

  constructor(codecs: CodecPool, codec: ForeignCodec, sink: PictureOutSink, now: number) {
    this.#codecs = codecs;
    this.#codec = codec;
    this.#sink = sink;
    this.#now = now;
    this.#open();
  }

  config(): void {}

  picture(data: Uint8Array, timestampMs: number, keyframe: boolean): void {
    this.#job?.write({ data, timestampMs, keyframe });
  }

  tick(now: number): void {
    this.#now = now;
    if (Number.isNaN(this.#reopenAt) || now < this.#reopenAt) return;
    this.#reopenAt = Number.NaN;
    this.#open();
    this.#sink.onNeedKeyframe();
  }

  close(): void {
    this.#closed = true;
    this.#job?.close();
    this.#job = null;
  }

  #open(): void {
    this.#openedAt = this.#now;
    this.#job = this.#codecs.openVideoToH264(this.#codec, {
      onOutput: (unit) => {
        if (!this.#closed) this.#sink.onUnit(unit);
      },
      onNeedKeyframe: () => {
        if (!this.#closed) this.#sink.onNeedKeyframe();
      },
      onEnd: (reason) => this.#ended(reason),
    });
    if (this.#job === null) {
      const why = this.#codecs.unavailable ?? 'no place is left in the budget of video transcoding';
      this.#fail(`The picture comes as ${this.#codec.toUpperCase()}, and ${why}`);
    }
  }

  #ended(reason: 'crashed' | 'undecodable' | 'refused'): void {
    this.#job = null;
    if (this.#closed) return;
    this.#ends = this.#now - this.#openedAt > longMs ? 1 : this.#ends + 1;
    if (reason === 'refused' || this.#ends >= maxEnds) {
      this.#fail(`The picture comes as ${this.#codec.toUpperCase()}, and its transcoder ended (${reason}).`);
      return;
    }
    this.#reopenAt = this.#now + reopenMs;
  }

  #fail(detail: string): void {
    this.close();
    this.#sink.onUnavailable(detail);
  }
}
