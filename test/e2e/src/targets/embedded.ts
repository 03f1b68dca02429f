import { fileURLToPath } from 'node:url';
import { freeTcpPort, freeUdpPort } from '@lianmai/gateway/testing/ports';
import { WebhookLog } from '../webhooks.ts';
import { ServerProcess } from './process.ts';
import type { Target, TargetOptions } from './types.ts';

const API_KEY = 'devkey';
const API_SECRET = 'a-secret-of-the-test-suite-0123456789';

/** The embedded engine with nothing else, in a process of its own as livekit-server is. */
export async function startEmbedded(options: TargetOptions = {}): Promise<Target> {
  const [port, mediaPort] = [await freeTcpPort(), await freeUdpPort()];
  const webhooks = new WebhookLog(API_KEY, API_SECRET);
  await webhooks.listen();
  const setup = {
    port,
    engine: {
      keys: { [API_KEY]: API_SECRET },
      // Every interface: Firefox pairs no address of its own with a loopback one.
      rtc: { port: mediaPort },
      room: {
        autoCreate: options.autoCreate ?? true,
        departureTimeoutSeconds: options.departureTimeoutSeconds ?? 2,
        maxParticipants: options.maxParticipants ?? 0,
        publishCodecs: [...(options.publishCodecs ?? [])],
      },
      // Nobody waits here for the default of five seconds; livekit-server knows no other.
      quality: { intervalMs: 2_000 },
      // A receiver that is only slow on a busy machine is not told twice.
      webhooks: { urls: [webhooks.url], apiKey: API_KEY, timeoutMs: 30_000 },
      limits: {
        ...(options.maxMetadataBytes === undefined ? {} : { metadataBytes: options.maxMetadataBytes }),
        ...(options.maxAttributesBytes === undefined ? {} : { attributesBytes: options.maxAttributesBytes }),
      },
      logLevel: 'warn',
    },
  };
  const main = fileURLToPath(new URL('./embedded-main.ts', import.meta.url));
  const server = new ServerProcess(process.execPath, [main], { LIANMAI_E2E_SETUP: JSON.stringify(setup) });
  const httpUrl = `http://127.0.0.1:${port}`;
  const ready = async () => (await fetch(`${httpUrl}/`)).ok;
  await server.start(ready);
  return {
    name: 'embedded',
    wsUrl: `ws://127.0.0.1:${port}`,
    httpUrl,
    apiKey: API_KEY,
    apiSecret: API_SECRET,
    mediaPort,
    webhooks,
    async stop() {
      server.signal('SIGTERM');
      await server.ended();
    },
    async kill() {
      server.signal('SIGKILL');
      await server.ended();
    },
    start: () => server.start(ready),
    async close() {
      server.signal('SIGKILL');
      await server.ended();
      await webhooks.close();
    },
    log: () => server.log(),
  };
}
