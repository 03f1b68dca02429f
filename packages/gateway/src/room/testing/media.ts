/** The smallest real pushes: 64×64 black H.264 (baseline, made by x264) and silent AAC, as RTMP messages. */
import { tagBody } from '../../flv/body.ts';
import type { PublishSink } from '../../rtmp/types.ts';
import type { MediaUnit } from '../../stream/types.ts';

const SPS = '6742c00ad90426c044000003000400000300783c489920';
const PPS = '68cb83cb20';
const IDR = '6588840df2628000b6fc9c9c9d75d75d75d75d75d75e';
const SLICE = '419a3817e118';

function framed(nal: string): Uint8Array {
  const bytes = Buffer.from(nal, 'hex');
  const data = Buffer.alloc(4 + bytes.length);
  data.writeUInt32BE(bytes.length, 0);
  bytes.copy(data, 4);
  return data;
}

function send(sink: PublishSink, kind: 'audio' | 'video', timestamp: number, unit: MediaUnit): void {
  sink.onMedia({ kind, timestamp, payload: tagBody(unit) });
}

export function sendVideoConfig(sink: PublishSink, timestamp = 0): void {
  const unit: MediaUnit = { kind: 'video-config', sps: Buffer.from(SPS, 'hex'), pps: Buffer.from(PPS, 'hex') };
  send(sink, 'video', timestamp, unit);
}

export function sendPicture(sink: PublishSink, timestamp: number, keyframe: boolean): void {
  send(sink, 'video', timestamp, {
    kind: 'video',
    timestampMs: timestamp,
    keyframe,
    data: framed(keyframe ? IDR : SLICE),
  });
}

/** AAC-LC, 44.1 kHz, mono. */
export function sendAudioConfig(sink: PublishSink, timestamp = 0): void {
  const asc = Uint8Array.from([0x12, 0x08]);
  send(sink, 'audio', timestamp, { kind: 'audio-config', asc, sampleRate: 44_100, channels: 1 });
}

export function sendSound(sink: PublishSink, timestamp: number): void {
  const data = Uint8Array.from([0x00, 0xc8, 0x00, 0x80, 0x23, 0x80]);
  send(sink, 'audio', timestamp, { kind: 'audio', timestampMs: timestamp, data });
}
