/** Digital silence, and whatever is quieter than −126 dBov (RFC 6464 §3). */
export const SILENT_LEVEL = 127;

/**
 * Loudness of a frame as RFC 6464 §3 counts it: its root mean square over all channels, in −dBov from 0 (as loud as can be)
 * to 127 (silence).
 *
 * @param samples interleaved, each between −1 and 1.
 */
export function audioLevel(samples: Float32Array): number {
  let energy = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    energy += sample * sample;
  }
  if (!(energy > 0)) return SILENT_LEVEL;
  const level = Math.round(-10 * Math.log10(energy / samples.length));
  return level > 0 ? Math.min(level, SILENT_LEVEL) : 0;
}
