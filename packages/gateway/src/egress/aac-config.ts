import type { AudioConfig } from '../stream/types.ts';

/** AAC-LC at 48 kHz: object type 2, frequency index 3, channels (ISO 14496-3 §1.6.2.1). */
export function aacConfig(channels: 1 | 2): AudioConfig {
  return {
    kind: 'audio-config',
    asc: Uint8Array.of((2 << 3) | (3 >> 1), ((3 & 1) << 7) | (channels << 3)),
    sampleRate: 48_000,
    channels,
  };
}
