/** The embedded media engine: LiveKit's protocol in TypeScript. */
export { type ControlLimits, type EngineConfig, type EngineConfigInput, engineConfigSchema } from './config.ts';
export { createEngine } from './engine.ts';
export { startEngine } from './port/host.ts';
export { type AttachOptions, attachEngine, type EngineAttachment, SIGNAL_MAX_HEADER_BYTES } from './port/http.ts';
export type * from './port/types.ts';
