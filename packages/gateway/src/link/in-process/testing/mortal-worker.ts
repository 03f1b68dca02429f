/** The engine's worker, which dies when the revocation of `die` is lifted: tests of restarts. */
import { parentPort } from 'node:worker_threads';
import '../../../../../media/src/worker.ts';

parentPort?.on('message', (message: { type?: string; identity?: string; until?: number | null }) => {
  if (message.type !== 'revoke' || message.identity !== 'die' || message.until !== null) return;
  // As engines die: of an error that nobody catches, and not in the middle of what this thread is doing.
  setImmediate(() => {
    throw new Error('dead, as the test wanted');
  });
});
