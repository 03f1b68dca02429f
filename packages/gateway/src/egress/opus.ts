/** What an Opus packet says of itself without being decoded (RFC 6716 §3). */

/** 120 ms, the most that a packet may hold. */
const maxSamples = 5_760;

/** Samples at 48 kHz of one frame, by configuration (table 2). */
const frameSamples: readonly number[] = [
  480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 480, 960, 120, 240, 480, 960, 120, 240,
  480, 960, 120, 240, 480, 960, 120, 240, 480, 960,
];

/** Samples at 48 kHz of a packet; 0 when it is none. */
export function opusSamples(packet: Uint8Array): number {
  const toc = packet[0];
  if (toc === undefined) return 0;
  const frame = frameSamples[toc >> 3]!;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 0x3f : 2;
  const samples = frame * frames;
  return samples > maxSamples ? 0 : samples;
}

/** Whether it is coded in stereo. */
export function opusStereo(packet: Uint8Array): boolean {
  return ((packet[0] ?? 0) & 4) !== 0;
}
