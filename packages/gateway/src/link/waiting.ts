/** Small helpers of waiting. */
import type { LinkLimits } from './limits.ts';

/** Milliseconds before a try; half of it at random: clients of one server must not come back in step. */
export function backOff(attempt: number, { retryMs, maxRetryMs }: LinkLimits): number {
  const full = Math.min(maxRetryMs, retryMs * 2 ** Math.min(attempt - 1, 16));
  return full / 2 + Math.random() * (full / 2);
}

/** The promise's value, or an error with this sentence when it takes longer. */
export async function within<T>(promise: Promise<T>, ms: number, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(problem)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
