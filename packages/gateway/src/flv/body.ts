/** Tag bodies, the same in FLV files (Adobe FLV 10.1 annex E.4.2, E.4.3) and in RTMP messages. */
import { makeAvcConfig } from '../h264/avc-config.ts';
import type { MediaUnit } from '../stream/types.ts';

/** Message types of RTMP and tag types of FLV are the same numbers. */
export const tagTypes = { audio: 8, video: 9, script: 18 } as const;

/** Tag type of a unit. */
export function tagType(unit: MediaUnit): 8 | 9 {
  return unit.kind === 'audio' || unit.kind === 'audio-config' ? tagTypes.audio : tagTypes.video;
}

/** Bytes before the media in a frame's body. */
export function frameHeaderLength(unit: MediaUnit): number {
  return tagType(unit) === tagTypes.audio ? 2 : 5;
}

/**
 * The body of a unit's tag: a sequence header (AVC with 4-byte lengths, AAC with the 2-byte configuration) or a frame
 * behind its flags, composition offset 0. A new array.
 */
export function tagBody(unit: MediaUnit): Uint8Array {
  const media = tagMedia(unit);
  const header = frameHeaderLength(unit);
  const body = new Uint8Array(header + media.length);
  writeTagHeader(unit, body, 0);
  body.set(media, header);
  return body;
}

/** What follows the flags in a body: the unit's own data, or the configuration record made from it. */
export function tagMedia(unit: MediaUnit): Uint8Array {
  switch (unit.kind) {
    case 'video-config':
      return makeAvcConfig(unit.sps, unit.pps);
    case 'audio-config':
      return unit.asc;
    case 'video':
    case 'audio':
      return unit.data;
  }
}

/** Writes the flags of a body ({@link frameHeaderLength} bytes) into a zeroed part of `out`. */
export function writeTagHeader(unit: MediaUnit, out: Uint8Array, at: number): void {
  switch (unit.kind) {
    case 'video-config':
      out[at] = 0x17;
      return;
    case 'video':
      out[at] = unit.keyframe ? 0x17 : 0x27;
      out[at + 1] = 1;
      return;
    // AAC is marked as 44 kHz, 16 bit, stereo whatever it is (annex E.4.2.1): decoders read its configuration.
    case 'audio-config':
      out[at] = 0xaf;
      return;
    case 'audio':
      out[at] = 0xaf;
      out[at + 1] = 1;
  }
}
