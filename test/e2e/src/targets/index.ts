import { startEmbedded } from './embedded.ts';
import { startLiveKit } from './livekit.ts';
import type { Target, TargetOptions } from './types.ts';

export type { Target, TargetOptions } from './types.ts';

/** Starts the server under test: `LIANMAI_TARGET` is `embedded` (default) or `livekit`. */
export function startTarget(options: TargetOptions = {}): Promise<Target> {
  const name = process.env['LIANMAI_TARGET'] ?? 'embedded';
  if (name === 'livekit') return startLiveKit(options);
  if (name === 'embedded') return startEmbedded(options);
  throw new Error(`LIANMAI_TARGET=${name}: expected embedded or livekit`);
}

/** Whether the suite runs against a real livekit-server; for the few cases that docs/livekit-compat.md names. */
export const onLiveKit = process.env['LIANMAI_TARGET'] === 'livekit';
