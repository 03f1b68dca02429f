import type { Clock } from '../ports.ts';

/** Calls again and again, `ms` after the last call has ended; the answer stops it. */
export function every(clock: Clock, ms: number, call: () => Promise<void>): () => void {
  let stopped = false;
  let cancel = () => {};
  const plan = () => {
    cancel = clock.after(ms, () => {
      void call()
        .catch(() => {
          // The next call may work; what cannot be mended shows where it matters.
        })
        .then(() => {
          if (!stopped) plan();
        });
    });
  };
  plan();
  return () => {
    stopped = true;
    cancel();
  };
}
