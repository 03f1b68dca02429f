/** The embedded engine behind an HTTP server in this process, with a proxy before its signal. */
import { createServer, type Server } from 'node:http';
import { attachEngine, createEngine, type EngineAttachment, type MediaEngine } from '@lianmai/media';
import { freeTcpPort } from '../../testing/ports.ts';
import type { ContractServer, LinkSettings } from '../contract/lab.ts';
import { createWebRtcLink } from '../webrtc.ts';
import { SignalProxy } from './proxy.ts';

const API_KEY = 'devkey';
const API_SECRET = 'a-secret-of-the-link-contract-0123456789';

export async function startEmbedded(): Promise<ContractServer> {
  const port = await freeTcpPort();
  let running: { engine: MediaEngine; server: Server; attachment: EngineAttachment } | null = null;
  const start = async () => {
    const engine = await createEngine({
      keys: { [API_KEY]: API_SECRET },
      rtc: { listenAddresses: ['127.0.0.1'] },
      limits: { joinsPerAddressPerSecond: 1_000 },
      logLevel: 'silent',
    });
    const attachment = attachEngine(engine);
    const server = createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
      if (!attachment.handleRequest(request, response)) response.writeHead(404).end();
    });
    server.on('upgrade', (request, socket, head) => {
      if (!attachment.handleUpgrade(request, socket, head)) socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    running = { engine, server, attachment };
  };
  const stop = async () => {
    const { engine, server, attachment } = running!;
    running = null;
    // Sockets first: a server that vanishes says no goodbye.
    attachment.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await engine.stop(0);
  };
  await start();
  const proxy = await SignalProxy.start(port);
  const makeLink = (settings?: LinkSettings) =>
    createWebRtcLink({ url: `ws://127.0.0.1:${proxy.port}`, clock: () => performance.now(), ...settings });
  return {
    httpUrl: `http://127.0.0.1:${port}`,
    apiKey: API_KEY,
    apiSecret: API_SECRET,
    makeLink,
    makePeer: makeLink,
    lossy: true,
    cutSignals: () => proxy.cut(),
    async restart() {
      await stop();
      await start();
    },
    async stop() {
      await proxy.close();
      await stop();
    },
  };
}
