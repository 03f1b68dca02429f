/** Captures of a publish's first seconds, for support and for a first run on real phones. */
export { type Capture, type Captures, createCaptures } from './captures.ts';
export { type CaptureFiles, openCaptureFiles } from './files.ts';
export type * from './types.ts';
