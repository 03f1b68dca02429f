/** Units as an FLV stream (Adobe Flash Video File Format 10.1, annex E). */
import { readSps } from '../h264/sps.ts';
import type { AudioConfig, MediaUnit, Muxer, Tracks, VideoConfig } from '../stream/types.ts';
import { frameHeaderLength, tagMedia, tagType, tagTypes, writeTagHeader } from './body.ts';
import { metadataBody, type ScriptValue } from './script.ts';

const tagHeaderBytes = 11;
const previousSizeBytes = 4;

/**
 * The header's flags are those of `tracks` alone: players wait for ever for a kind that is announced and does not come,
 * and take no notice of one that is not announced. A configuration has the stamp 0 in the preamble and that of the last
 * frame later on. Nothing is written into the arrays made; `unit` allocates one for each call.
 */
export function createFlvMuxer(): Muxer {
  let last = 0;
  return {
    preamble(tracks, video, audio) {
      // 'FLV', version 1, flags, header size, PreviousTagSize0.
      const flags = (tracks.audio ? 4 : 0) | (tracks.video ? 1 : 0);
      const parts: Uint8Array[] = [Uint8Array.of(0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0)];
      const metadata = metadataBody(describe(tracks, video, audio));
      const script = new Uint8Array(tagHeaderBytes + metadata.length + previousSizeBytes);
      writeTag(script, tagTypes.script, metadata.length, 0);
      script.set(metadata, tagHeaderBytes);
      parts.push(script);
      if (tracks.video && video !== null) parts.push(tag(video, 0));
      if (tracks.audio && audio !== null) parts.push(tag(audio, 0));
      return Buffer.concat(parts);
    },
    unit(unit) {
      if (unit.kind === 'video' || unit.kind === 'audio') last = unit.timestampMs;
      return tag(unit, last);
    },
  };
}

function tag(unit: MediaUnit, timestampMs: number): Uint8Array {
  const media = tagMedia(unit);
  const header = frameHeaderLength(unit);
  const size = header + media.length;
  // Every byte is written: the flags' zeros too.
  const out = Buffer.allocUnsafe(tagHeaderBytes + size + previousSizeBytes);
  writeTag(out, tagType(unit), size, timestampMs);
  out.fill(0, tagHeaderBytes, tagHeaderBytes + header);
  writeTagHeader(unit, out, tagHeaderBytes);
  out.set(media, tagHeaderBytes + header);
  return out;
}

/** Tag header and the previous tag's size behind the body; the body is left to the caller. */
function writeTag(out: Uint8Array, type: number, size: number, timestampMs: number): void {
  out[0] = type;
  out[1] = size >>> 16;
  out[2] = size >>> 8;
  out[3] = size;
  // 24 bits and then the upper eight; stamps beyond 32 bits wrap, as RTMP's do.
  const stamp = Math.round(timestampMs) >>> 0;
  out[4] = stamp >>> 16;
  out[5] = stamp >>> 8;
  out[6] = stamp;
  out[7] = stamp >>> 24;
  out[8] = 0;
  out[9] = 0;
  out[10] = 0;
  const whole = tagHeaderBytes + size;
  out[whole] = whole >>> 24;
  out[whole + 1] = whole >>> 16;
  out[whole + 2] = whole >>> 8;
  out[whole + 3] = whole;
}

function describe(tracks: Tracks, video: VideoConfig | null, audio: AudioConfig | null) {
  const values: Record<string, ScriptValue> = { hasVideo: tracks.video, hasAudio: tracks.audio, encoder: 'Lianmai' };
  if (tracks.video) {
    values['videocodecid'] = 7;
    const size = video === null ? null : readSps(video.sps);
    if (size !== null) {
      values['width'] = size.width;
      values['height'] = size.height;
    }
  }
  if (tracks.audio) {
    values['audiocodecid'] = 10;
    if (audio !== null) {
      values['audiosamplerate'] = audio.sampleRate;
      values['audiosamplesize'] = 16;
      values['stereo'] = audio.channels === 2;
    }
  }
  return values;
}
