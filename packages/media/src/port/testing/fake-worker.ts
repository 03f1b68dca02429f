/** A worker with an engine that the host's tests drive: it answers, and dies when told to. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerData } from '../messages.ts';
import { serveEngine } from '../serve.ts';
import type { LocalEngine, SignalConnection } from '../types.ts';

const port = parentPort;
if (!port) throw new Error('this module runs in a worker thread only');
const { config }: WorkerData = workerData;
const revoked: string[] = [];
const channel = {
  post: (message: FromWorker) => port.postMessage(message),
  onMessage: (listener: (message: ToWorker) => void) => port.on('message', listener),
};

const engine: LocalEngine = {
  addresses: [{ protocol: 'udp', address: '127.0.0.1', port: config.rtc?.port || 40_000 }],
  async openSignal(request) {
    if (request.query === 'refuse') {
      return { kind: 'refused', answer: { status: 403, contentType: 'text/plain', body: 'no' } };
    }
    let send: (frame: Uint8Array) => void = () => {};
    let end: (code: number, reason: string) => void = () => {};
    const connection: SignalConnection = {
      onFrame: (listener) => {
        send = listener;
        send(Buffer.from('join'));
      },
      onClose: (listener) => {
        end = listener;
      },
      receive: (frame) => {
        const text = Buffer.from(frame).toString();
        if (text === 'die') process.exit(7);
        if (text === 'end') end(1000, 'over');
        else send(Buffer.from(`echo ${text}`));
      },
      closed: () => channel.post({ type: 'event', event: { event: 'closed', json: '{}' } }),
    };
    return { kind: 'accepted', connection };
  },
  async validate() {
    return { status: 200, contentType: 'text/plain', body: revoked.join(',') };
  },
  async callApi(request) {
    if (request.method === 'Fail') throw new Error('broken');
    return { status: 200, contentType: 'text/plain', body: request.body };
  },
  setRevocation: (room, identity) => revoked.push(`${room}/${identity}`),
  onEvent: () => {},
  // A fake takes no part in rooms: its local ports end at once.
  openLocal: async () => {
    throw new Error('only the host opens ports');
  },
  attachLocal: (local) => local.close(),
  onRestart: () => {},
  stop: async () => {},
};

if (config.region === 'cannot start') port.postMessage({ type: 'failed', message: 'port 1 is busy' });
else serveEngine(engine, channel);
