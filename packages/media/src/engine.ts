import { type EngineConfigInput, parseEngineConfig } from './config.ts';
import type { MediaEngine } from './port/types.ts';

/** Starts an engine in this thread. Rejects when the media port cannot be bound. */
export function createEngine(input: EngineConfigInput): Promise<MediaEngine> {
  parseEngineConfig(input);
  return Promise.reject(new Error('the engine is not built yet'));
}
