/**
 * Pictures whose bytes say who encoded them and what they refer to, a phone that makes them, and a viewer that checks that
 * what reaches it can be decoded.
 */
import type { VideoConfig, VideoFrame } from '../../stream/types.ts';

const IDR = 0x65;
const P = 0x41;

/** What a test picture says of itself. */
export interface Picture {
  /** 0: the phone; else the number of a bridge. */
  readonly encoder: number;
  /** Running number of the phone's picture that it shows. */
  readonly index: number;
  /** Number within its encoder, and that of the picture it is predicted from; -1 for IDR. */
  readonly number: number;
  readonly reference: number;
}

export function makePicture(picture: Picture, timestampMs: number): VideoFrame {
  const data = new Uint8Array(4 + 17);
  const view = new DataView(data.buffer);
  view.setUint32(0, 17);
  view.setUint8(4, picture.reference < 0 ? IDR : P);
  view.setInt32(5, picture.encoder);
  view.setInt32(9, picture.index);
  view.setInt32(13, picture.number);
  view.setInt32(17, picture.reference);
  return { kind: 'video', timestampMs, keyframe: picture.reference < 0, data };
}

export function readPicture(frame: { readonly data: Uint8Array }): Picture {
  const view = new DataView(frame.data.buffer, frame.data.byteOffset, frame.data.length);
  return {
    encoder: view.getInt32(5),
    index: view.getInt32(9),
    number: view.getInt32(13),
    reference: view.getInt32(17),
  };
}

/** Parameter sets that name their encoder (and a version). */
export function makeConfig(encoder: number, version = 0): VideoConfig {
  return {
    kind: 'video-config',
    sps: Uint8Array.of(0x67, encoder, version),
    pps: Uint8Array.of(0x68, encoder, version),
  };
}

/** The phone's encoder, with the group that a broadcast would keep. */
export class FakePhone {
  readonly #group: (VideoConfig | VideoFrame)[] = [];
  #index = 0;
  #version = 0;
  config = makeConfig(0);

  get group(): readonly (VideoConfig | VideoFrame)[] {
    return this.#group;
  }

  get next(): number {
    return this.#index;
  }

  /** New parameter sets for the next keyframe. */
  reconfigure(): VideoConfig {
    this.config = makeConfig(0, ++this.#version);
    return this.config;
  }

  picture(keyframe: boolean, timestampMs: number): VideoFrame {
    const index = this.#index++;
    const frame = makePicture(
      { encoder: 0, index, number: index, reference: keyframe ? -1 : Math.max(0, index - 1) },
      timestampMs,
    );
    if (keyframe) this.#group.splice(0, Number.POSITIVE_INFINITY, this.config);
    this.#group.push(frame);
    return frame;
  }
}

/** A viewer that has been there from the beginning. Throws where a real one would show something wrong. */
export class Viewer {
  #last: Picture | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Pictures that never came, by where they are missing: between two pictures of which one is an IDR of another encoder. */
  skipped = 0;
  /** The most that were missing at one place. */
  longestSkip = 0;
  pictures = 0;
  keyframes = 0;

  get encoder(): number {
    return this.#last?.encoder ?? -1;
  }

  get index(): number {
    return this.#last?.index ?? -1;
  }

  see(frame: VideoFrame, parameters: VideoConfig | null): Picture {
    const picture = readPicture(frame);
    const last = this.#last;
    if (frame.timestampMs <= this.#lastMs) throw new Error(`time went back to ${frame.timestampMs}`);
    if (last !== null && picture.index <= last.index) throw new Error(`picture ${picture.index} after ${last.index}`);
    if (picture.reference < 0) {
      if (parameters === null) throw new Error('a keyframe without parameter sets');
      if (parameters.sps[1] !== picture.encoder) throw new Error('parameter sets of another encoder');
      this.keyframes++;
    } else {
      if (parameters !== null) throw new Error('parameter sets before a P picture');
      if (last === null || last.encoder !== picture.encoder || last.number !== picture.reference) {
        throw new Error(
          `picture ${picture.encoder}:${picture.number} refers to ${picture.reference}, which is not the one before it`,
        );
      }
    }
    const skip = last === null ? 0 : picture.index - last.index - 1;
    this.skipped += skip;
    this.longestSkip = Math.max(this.longestSkip, skip);
    this.#last = picture;
    this.#lastMs = frame.timestampMs;
    this.pictures++;
    return picture;
  }
}
