import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFlvMuxer } from '../flv/mux.ts';
import { createUnitReader } from '../flv/unit-reader.ts';
import type { AudioConfig, MediaUnit, VideoConfig } from '../stream/types.ts';
import { ChunkReader } from './chunk-reader.ts';
import { encodeMessage } from './chunk-writer.ts';
import { MESSAGE, OUTGOING_CHUNK_BYTES } from './constants.ts';
import { uint32Body } from './control.ts';
import { createRtmpMuxer } from './mux.ts';
import { createRtmpServer } from './server.ts';
import { LIMITS } from './testing/limits.ts';
import { hasFfmpeg, makeClip, run, scratch } from './testing/peers.ts';
import { serve } from './testing/serve.ts';
import type { RtmpMedia } from './types.ts';

const video: VideoConfig = {
  kind: 'video-config',
  // 320×240, constrained baseline.
  sps: Uint8Array.from(Buffer.from('6742c00cda0507e88000000300800000190788a198', 'hex')),
  pps: Uint8Array.from(Buffer.from('68ce3c80', 'hex')),
};
const audio: AudioConfig = { kind: 'audio-config', asc: Uint8Array.of(0x11, 0x90), sampleRate: 48_000, channels: 2 };
const BOTH = { video: true, audio: true };

/** Messages in these bytes, as a player sees them who was told the chunk size. */
function read(...parts: readonly Uint8Array[]) {
  const messages: { type: number; stream: number; timestamp: number; body: string }[] = [];
  const reader = new ChunkReader({ ...LIMITS, maxMessageBytes: 1 << 24 }, (type, stream, timestamp, payload) => {
    messages.push({ type, stream, timestamp, body: Buffer.from(payload).toString('hex') });
  });
  reader.read(encodeMessage(2, MESSAGE.setChunkSize, 0, 0, uint32Body(OUTGOING_CHUNK_BYTES), 128), 0);
  for (const part of parts) reader.read(part, 0);
  return messages.slice(1);
}

/** The tags of an FLV stream in the same form. */
function tags(...parts: readonly Uint8Array[]) {
  const bytes = Buffer.concat(parts);
  const found: { type: number; stream: number; timestamp: number; body: string }[] = [];
  for (let at = 13; at < bytes.length; ) {
    const size = bytes.readUIntBE(at + 1, 3);
    const timestamp = bytes.readUIntBE(at + 4, 3) + bytes[at + 7]! * 2 ** 24;
    found.push({ type: bytes[at]!, stream: 1, timestamp, body: bytes.toString('hex', at + 11, at + 11 + size) });
    at += 15 + size;
  }
  return found;
}

describe('RTMP muxer', () => {
  const units: MediaUnit[] = [
    { kind: 'video', timestampMs: 0, keyframe: true, data: new Uint8Array(OUTGOING_CHUNK_BYTES * 2 + 17).fill(3) },
    { kind: 'audio', timestampMs: 12.4, data: new Uint8Array(200).fill(4) },
    { kind: 'video', timestampMs: 40, keyframe: false, data: new Uint8Array(OUTGOING_CHUNK_BYTES - 5).fill(5) },
    audio,
    { kind: 'video', timestampMs: 0xfffffe, keyframe: false, data: new Uint8Array(5) },
    { kind: 'video', timestampMs: 0xffffff, keyframe: false, data: new Uint8Array(OUTGOING_CHUNK_BYTES * 3) },
    video,
    { kind: 'audio', timestampMs: 2 ** 32 + 7, data: new Uint8Array(1) },
  ];

  it('[RT50] carries what FLV carries: the same bodies and stamps, in whole messages', () => {
    const flv = createFlvMuxer();
    const rtmp = createRtmpMuxer();
    const expected = tags(flv.preamble(BOTH, video, audio), ...units.map((unit) => flv.unit(unit)));
    const messages = read(rtmp.preamble(BOTH, video, audio), ...units.map((unit) => rtmp.unit(unit)));
    expect(messages).toHaveLength(3 + units.length);
    expect(messages).toEqual(expected);
  });

  it('[RT50] every unit stands alone, so that a player may come in anywhere', () => {
    const rtmp = createRtmpMuxer();
    const bytes = units.map((unit) => rtmp.unit(unit));
    for (const one of bytes) expect(read(one)).toHaveLength(1);
    // No compressed header: its first byte names type 0.
    for (const one of bytes) expect(one[0]! >> 6).toBe(0);
  });

  it('[RT50] the preamble holds what is known and promised', () => {
    const preamble = (known: VideoConfig | null, tracks = BOTH) =>
      read(createRtmpMuxer().preamble(tracks, known, audio)).map((one) => one.type);
    expect(preamble(video)).toEqual([MESSAGE.dataAmf0, MESSAGE.video, MESSAGE.audio]);
    expect(preamble(null)).toEqual([MESSAGE.dataAmf0, MESSAGE.audio]);
    expect(preamble(video, { video: true, audio: false })).toEqual([MESSAGE.dataAmf0, MESSAGE.video]);
  });
});

describe.skipIf(!hasFfmpeg)('RTMP muxer and ffmpeg (skipped: no ffmpeg on this machine)', () => {
  const folder = scratch();
  const clip = join(folder.path, 'clip.flv');
  const units: MediaUnit[] = [];

  beforeAll(async () => {
    await makeClip(clip, 2);
    const served = await serve();
    await run('ffmpeg', '-i', clip, '-c', 'copy', '-f', 'flv', served.url('source')).done;
    // What it sent last may still be on its way when it has ended.
    await served.hub.until(() => served.hub.streams[0]?.ends.length === 1);
    const reader = createUnitReader({ maxMessagesPerSecond: 100_000 });
    for (const media of served.hub.streams[0]?.media ?? ([] as RtmpMedia[])) {
      const reading = reader.read(media, 0);
      if (reading.kind === 'units') units.push(...reading.units);
    }
    await served.server.close('shutdown');
  });
  afterAll(() => folder.close());

  it('[RT51] ffmpeg decodes the same pictures and sound from it as from the file', async () => {
    const muxer = createRtmpMuxer();
    const configs = {
      video: units.find((unit) => unit.kind === 'video-config') ?? null,
      audio: units.find((unit) => unit.kind === 'audio-config') ?? null,
    };
    const bytes = [
      muxer.preamble(BOTH, configs.video, configs.audio),
      ...units.filter((unit) => unit.kind === 'video' || unit.kind === 'audio').map((unit) => muxer.unit(unit)),
    ];
    const server = await createRtmpServer({
      port: 0,
      host: '127.0.0.1',
      limits: LIMITS,
      clock: () => performance.now(),
      doors: {
        publish: async () => ({ kind: 'refused', refusal: { code: 'NetStream.Publish.Denied', description: 'No.' } }),
        play: async () => ({
          kind: 'accepted',
          started: (playing) => {
            for (const one of bytes) playing.socket.write(one);
            playing.socket.end('source-ended');
          },
        }),
      },
    });
    const decode = async (input: string) => {
      const { out } = await run('ffmpeg', '-i', input, '-f', 'framemd5', '-').done;
      const hashes = out.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return hashes.map((line) => `${line.split(',')[0]} ${line.split(',').at(-1)?.trim()}`).sort();
    };
    const played = await decode(`rtmp://127.0.0.1:${server.port}/live/x`);
    expect(played.length).toBeGreaterThan(100);
    expect(played).toEqual(await decode(clip));
    await server.close('shutdown');
  });
});
