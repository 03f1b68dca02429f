/** The embedded engine in its worker thread, reached over ports by the links under test and over WebRTC by their peers. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { attachEngine, startEngine } from '@lianmai/media';
import type { ContractServer } from '../../contract/lab.ts';
import { createWebRtcLink } from '../../webrtc.ts';
import { createInProcessLink } from '../link.ts';

const API_KEY = 'devkey';
const API_SECRET = 'a-secret-of-the-link-contract-0123456789';
const clock = () => performance.now();

/** @param peers what stands at the other end: a link over WebRTC, or one of the same kind. */
export async function startInProcess(peers: 'webrtc' | 'in-process'): Promise<ContractServer> {
  const engine = await startEngine(
    {
      keys: { [API_KEY]: API_SECRET },
      rtc: { listenAddresses: ['127.0.0.1'] },
      limits: { joinsPerAddressPerSecond: 1_000 },
      logLevel: 'silent',
    },
    { workerUrl: new URL('./mortal-worker.ts', import.meta.url) },
  );
  const restarted: (() => void)[] = [];
  engine.onRestart(() => {
    for (const resolve of restarted.splice(0)) resolve();
  });
  const attachment = attachEngine(engine);
  const server = createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
    if (!attachment.handleRequest(request, response)) response.writeHead(404).end();
  });
  server.on('upgrade', (request, socket, head) => {
    if (!attachment.handleUpgrade(request, socket, head)) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const makeLink: ContractServer['makeLink'] = (settings) =>
    createInProcessLink({
      openPort: () => engine.openLocal(),
      clock,
      ...(settings?.limits === undefined ? {} : { limits: settings.limits }),
    });
  return {
    httpUrl: `http://127.0.0.1:${port}`,
    apiKey: API_KEY,
    apiSecret: API_SECRET,
    makeLink,
    makePeer:
      peers === 'in-process'
        ? makeLink
        : (settings) => createWebRtcLink({ url: `ws://127.0.0.1:${port}`, clock, ...settings }),
    lossy: false,
    async restart() {
      const back = new Promise<void>((resolve) => restarted.push(resolve));
      engine.setRevocation('any', 'die', null);
      await back;
    },
    async stop() {
      attachment.close();
      server.closeAllConnections();
      server.close();
      await engine.stop(1_000);
    },
  };
}
