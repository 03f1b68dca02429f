/** Pools and sinks for tests. */
import { codecLimitsSchema } from '../../config.ts';
import { type CodecPoolOptions, type CodecPoolWithCounts, createCodecPool } from '../pool.ts';
import type { CodecLimits, CodecSink } from '../types.ts';

/** A pool whose queues hold whole test streams, unless told otherwise. */
export function makePool(
  limits: Partial<CodecLimits> = {},
  options: Partial<CodecPoolOptions> = {},
): Promise<CodecPoolWithCounts> {
  return createCodecPool({
    ...options,
    limits: { ...codecLimitsSchema.parse({}), maxQueuedFrames: 100_000, ...limits },
  });
}

export interface Collected<Output> extends CodecSink<Output> {
  readonly outputs: Output[];
  readonly ends: string[];
  keyframesAsked: number;
}

/** A sink that keeps all it is told. */
export function collect<Output>(): Collected<Output> {
  const collected: Collected<Output> = {
    outputs: [],
    ends: [],
    keyframesAsked: 0,
    onOutput: (output) => collected.outputs.push(output),
    onNeedKeyframe: () => {
      collected.keyframesAsked++;
    },
    onEnd: (reason) => collected.ends.push(reason),
  };
  return collected;
}

/** Waits for a condition; the test's own time limit is the guard. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
