/** What every kind of job looks like inside a codec process. */

/** Where a job's products go. Bytes are copied before the call returns. */
export interface JobOutput {
  frame(place: number, aux: number, data: Uint8Array): void;
  config(sps: Uint8Array, pps: Uint8Array): void;
  /** Input was lost or damaged: pictures are of no use until the next keyframe. */
  needKeyframe(): void;
}

/**
 * One job. Calls come one at a time: the next only when the promise of the last is settled. A throw ends the job;
 * {@link JobEnded} says why, anything else counts as undecodable.
 */
export interface ChildJob {
  frame(place: number, aux: number, data: Buffer): void | Promise<void>;
  config(sps: Buffer, pps: Buffer): void | Promise<void>;
  close(): void;
}

/** Damaged audio frames in a row, about half a second, after which the input counts as undecodable. */
export const MAX_DAMAGED = 25;
