import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Longest wait, in ms; 30 s by default, for a machine that is busy. */
  readonly timeout?: number;
  /** How often the condition is read, in ms. */
  readonly interval?: number;
}

/**
 * Reads `probe` until `accept` takes its value, and returns it. Fails with the last value seen, so that a red test says
 * what was there instead.
 *
 * @param what the condition in words, for the failure
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  accept: (value: T) => boolean,
  options: WaitOptions = {},
): Promise<T> {
  const timeout = options.timeout ?? 30_000;
  const deadline = performance.now() + timeout;
  let last: T | undefined;
  let problem: unknown;
  for (;;) {
    try {
      last = await probe();
      problem = undefined;
      if (accept(last)) return last;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) break;
    await delay(options.interval ?? 60);
  }
  const seen = problem === undefined ? `last seen: ${show(last)}` : `last error: ${String(problem)}`;
  throw new Error(`waited ${timeout} ms for ${what}; ${seen}`, { cause: problem });
}

/** {@link waitFor} on a plain truth. */
export async function until(
  what: string,
  probe: () => boolean | Promise<boolean>,
  options: WaitOptions = {},
): Promise<void> {
  await waitFor(what, probe, (value) => value, options);
}

/** Adds to a failure what else is known by then. */
export async function explained<T>(work: Promise<T>, facts: () => readonly unknown[]): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const known = facts().map((fact) => (typeof fact === 'string' ? fact : show(fact)));
    throw new Error([String(error), ...known].join('\n'), { cause: error });
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item));
  return text === undefined ? String(value) : text.slice(0, 4_000);
}
