/** Units as RTMP messages, framed once for all players of a stream. */
import { frameHeaderLength, tagMedia, tagType, tagTypes, writeTagHeader } from '../flv/body.ts';
import { createFlvMuxer } from '../flv/mux.ts';
import type { MediaUnit, Muxer } from '../stream/types.ts';
import { bodyOffset, encodeMessage } from './chunk-writer.ts';
import { CHUNK_STREAM, MESSAGE_STREAM, OUTGOING_CHUNK_BYTES } from './constants.ts';

const FLV_FILE_HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const TAG_TRAILER_BYTES = 4;

/**
 * Every message begins with a whole (type-0) header on fixed chunk streams and message stream 1, in chunks of the size that
 * our server tells everybody: so the bytes are the same for each player, wherever he comes in. A configuration has the
 * stamp of the last frame. `unit` makes one array for each call.
 */
export function createRtmpMuxer(): Muxer {
  let last = 0;
  return {
    preamble(tracks, video, audio) {
      // RTMP carries what FLV's tags carry: metadata and parameter sets are made in one place.
      const flv = createFlvMuxer().preamble(tracks, video, audio);
      const parts: Uint8Array[] = [];
      for (let at = FLV_FILE_HEADER_BYTES; at < flv.length; ) {
        const size = (flv[at + 1]! << 16) | (flv[at + 2]! << 8) | flv[at + 3]!;
        const start = at + TAG_HEADER_BYTES;
        parts.push(frame(flv[at]!, 0, flv.subarray(start, start + size), 0));
        at = start + size + TAG_TRAILER_BYTES;
      }
      return Buffer.concat(parts);
    },
    unit(unit: MediaUnit) {
      if (unit.kind === 'video' || unit.kind === 'audio') last = Math.round(unit.timestampMs) >>> 0;
      const out = frame(tagType(unit), last, tagMedia(unit), frameHeaderLength(unit));
      writeTagHeader(unit, out, bodyOffset(last));
      return out;
    },
  };
}

function frame(type: number, timestamp: number, body: Uint8Array, headBytes: number): Uint8Array {
  return encodeMessage(chunkStreamOf(type), type, MESSAGE_STREAM, timestamp, body, OUTGOING_CHUNK_BYTES, headBytes);
}

function chunkStreamOf(type: number): number {
  if (type === tagTypes.audio) return CHUNK_STREAM.audio;
  return type === tagTypes.video ? CHUNK_STREAM.video : CHUNK_STREAM.data;
}
