import type { EngineConfigInput } from '../config.ts';
import { createEngine } from '../engine.ts';
import type { MediaEngine } from './types.ts';

/** Starts an engine in a worker thread of its own, and again when it dies. Rejects when it cannot start at all. */
export function startEngine(input: EngineConfigInput): Promise<MediaEngine> {
  return createEngine(input);
}
