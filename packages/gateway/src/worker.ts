/** Entry of the gateway's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import pino from 'pino';
import { createGateway } from './gateway.ts';
import { makeLink } from './link/make.ts';
import type { FromWorker, ToWorker, WorkerData } from './port/messages.ts';
import { RemoteHost } from './port/remote-host.ts';
import { serveGateway } from './port/serve.ts';

const port = parentPort;
if (!port) throw new Error('this module runs in a worker thread only');
const { config }: WorkerData = workerData;
const post = (message: FromWorker, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer);

const log = pino({ name: 'gateway', level: config.logLevel });
// A promise that nobody waited for is a defect of one stream or peer: it must not end every call of this worker.
process.on('unhandledRejection', (error) => log.error({ err: error }, 'a failure that nobody dealt with'));

const host = new RemoteHost(post, config.hostTimeoutMs);
port.on('message', (message: ToWorker) => host.receive(message));
try {
  const link = makeLink(config.media, () => host.enginePort(), log);
  const gateway = await createGateway(config, { host, link });
  serveGateway(gateway, { post, onMessage: (listener) => port.on('message', listener) });
} catch (error) {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  post({ type: 'failed', message: error instanceof Error ? error.message : String(error), code });
}
