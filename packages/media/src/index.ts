/** The embedded media engine: LiveKit's protocol in TypeScript. */
import type { EngineConfigInput } from './config.ts';
import type { MediaEngine } from './port/types.ts';

export { type ControlLimits, type EngineConfig, type EngineConfigInput, engineConfigSchema } from './config.ts';
export { startEngine } from './port/host.ts';
export { type AttachOptions, attachEngine, type EngineAttachment, SIGNAL_MAX_HEADER_BYTES } from './port/http.ts';
export type * from './port/types.ts';

/**
 * Starts an engine in this thread. Rejects when the media port cannot be bound or a setting is wrong.
 *
 * Loaded when called: a process that runs its engine in a worker (`startEngine`) need not load the media stack twice.
 */
export async function createEngine(input: EngineConfigInput): Promise<MediaEngine> {
  const engine = await import('./engine.ts');
  return engine.createEngine(input);
}
