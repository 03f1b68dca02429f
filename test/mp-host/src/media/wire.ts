/** What a page and the bridge say to each other over the WebSocket of one push. */

/** First byte of a binary frame; then the timestamp in milliseconds, 32 bits, big endian; then the payload. */
export const FRAME = {
  /** `AVCDecoderConfigurationRecord`, ISO/IEC 14496-15 §5.2.4.1. */
  avcConfig: 1,
  /** An access unit in length-prefixed NAL units. */
  avcKey: 2,
  avcDelta: 3,
  /** Mono, 16 bits, little endian, 44 100 samples a second. */
  pcm: 4,
} as const;

export const SAMPLE_RATE = 44_100;
export const FRAME_HEADER = 5;

/** Text frames to the bridge; the first opens the push. */
export type ToBridge = {
  readonly type: 'open';
  readonly url: string;
  readonly video: boolean;
  readonly audio: boolean;
};

/** Text frames to the page. */
export type ToPage =
  | { readonly type: 'state'; readonly code: number; readonly message: string }
  /** The next picture has to be a keyframe. */
  | { readonly type: 'keyframe' };
