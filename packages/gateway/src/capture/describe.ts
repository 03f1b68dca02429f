/** Configurations in words and numbers, for a capture. */
import { readAacConfig, sampleRates } from '../aac/config.ts';
import { readAvcConfig } from '../h264/avc-config.ts';
import { readSps } from '../h264/sps.ts';
import type { AudioConfigRecord, VideoConfigRecord } from './types.ts';

const MAX_HEX_BYTES = 512;

/** @param record AVCDecoderConfigurationRecord. */
export function describeVideo(at: number, timestamp: number, record: Uint8Array): VideoConfigRecord {
  const config = readAvcConfig(record);
  const first = config?.sps[0];
  const sps = first === undefined ? null : readSps(first);
  return {
    kind: 'video-config',
    at,
    timestamp,
    sets:
      config === null || sps === null
        ? null
        : {
            profile: sps.profile,
            constraints: sps.constraints,
            level: sps.level,
            width: sps.width,
            height: sps.height,
            lengthSize: config.lengthSize,
            spsCount: config.sps.length,
            ppsCount: config.pps.length,
            maxNumReorderFrames: sps.restriction?.maxNumReorderFrames ?? null,
          },
    hex: hexOf(record),
  };
}

/** @param asc AudioSpecificConfig (ISO 14496-3 §1.6.2.1); escapes (object type 31, written-out rates) are left as they are. */
export function describeAudio(at: number, timestamp: number, asc: Uint8Array): AudioConfigRecord {
  const bits = ((asc[0] ?? 0) << 8) | (asc[1] ?? 0);
  const config = readAacConfig(asc);
  return {
    kind: 'audio-config',
    at,
    timestamp,
    hex: hexOf(asc),
    objectType: bits >> 11,
    sampleRate: sampleRates[(bits >> 7) & 15] ?? null,
    channels: (bits >> 3) & 15,
    refused: config.kind === 'refused' ? config.detail : null,
  };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, MAX_HEX_BYTES)).toString('hex');
}
