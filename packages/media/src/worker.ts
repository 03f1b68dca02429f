/** Entry of the engine's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { createEngine } from './engine.ts';
import type { FromWorker, ToWorker, WorkerData } from './port/messages.ts';
import { serveEngine } from './port/serve.ts';

const port = parentPort;
if (!port) throw new Error('this module runs in a worker thread only');
const { config }: WorkerData = workerData;

try {
  const engine = await createEngine(config);
  serveEngine(engine, {
    post: (message: FromWorker) => port.postMessage(message),
    onMessage: (listener) => port.on('message', (message: ToWorker) => listener(message)),
  });
} catch (error) {
  const failed: FromWorker = { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  port.postMessage(failed);
}
