/**
 * Ends the process from another thread when its own thread hangs in a codec (or waits for a gateway that is no more):
 * a hanging process cannot read that its gateway is gone, and would stay for ever.
 */
import { Worker } from 'node:worker_threads';

export interface Watchdog {
  /** A word of the gateway was read. */
  alive(): void;
}

/** Runs in the other thread: text, so that the thread needs no loader and starts at once. */
const source = `
const { workerData } = require('node:worker_threads');
const { counter, silence } = workerData;
for (;;) {
  const seen = Atomics.load(counter, 0);
  if (Atomics.wait(counter, 0, seen, silence) === 'timed-out') process.kill(process.pid, 'SIGKILL');
}
`;

export function startWatchdog(silenceMs: number): Watchdog {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(source, {
    eval: true,
    workerData: { counter, silence: silenceMs },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  });
  worker.unref();
  return {
    alive: () => {
      Atomics.add(counter, 0, 1);
      Atomics.notify(counter, 0);
    },
  };
}
