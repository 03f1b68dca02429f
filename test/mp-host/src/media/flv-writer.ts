import { FRAME } from './wire.ts';

/** FLV file format 10.1, annex E: what the ffmpeg program reads from its pipe, so that it knows every timestamp. */
export function flvHeader(video: boolean, audio: boolean): Buffer {
  const flags = (audio ? 4 : 0) | (video ? 1 : 0);
  return Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]);
}

/** Linear PCM, little endian; 44 kHz; 16 bits; mono. */
const PCM_HEAD = Buffer.from([0x3e]);

/** One tag for a frame of the wire. */
export function flvTag(kind: number, timestamp: number, payload: Buffer): Buffer {
  const isAudio = kind === FRAME.pcm;
  const head = isAudio
    ? PCM_HEAD
    : Buffer.from([kind === FRAME.avcDelta ? 0x27 : 0x17, kind === FRAME.avcConfig ? 0 : 1, 0, 0, 0]);
  const size = head.length + payload.length;
  const tag = Buffer.alloc(11 + size + 4);
  tag[0] = isAudio ? 8 : 9;
  tag.writeUIntBE(size, 1, 3);
  tag.writeUIntBE(timestamp & 0xff_ffff, 4, 3);
  tag[7] = (timestamp >>> 24) & 0xff;
  head.copy(tag, 11);
  payload.copy(tag, 11 + head.length);
  tag.writeUInt32BE(11 + size, 11 + size);
  return tag;
}
