import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freeTcpPort, freeUdpPort } from '@lianmai/gateway/testing/ports';
import { WebhookLog } from '../webhooks.ts';
import { ServerProcess } from './process.ts';
import type { Target, TargetOptions } from './types.ts';

const API_KEY = 'devkey';
const API_SECRET = 'a-secret-of-the-test-suite-0123456789';

/** Path of a real livekit-server, or null when this machine has none. */
export function findLiveKitServer(): string | null {
  const given = process.env['LIVEKIT_SERVER_BIN'];
  const places = given === undefined ? [join(homedir(), 'go', 'bin', 'server')] : [given];
  return places.find((place) => existsSync(place)) ?? null;
}

/** A real livekit-server on ports of its own. */
export async function startLiveKit(options: TargetOptions = {}): Promise<Target> {
  const binary = findLiveKitServer();
  if (binary === null) throw new Error('no livekit-server here: set LIVEKIT_SERVER_BIN');
  const [port, mediaPort] = [await freeTcpPort(), await freeUdpPort()];
  const webhooks = new WebhookLog(API_KEY, API_SECRET);
  await webhooks.listen();
  const config = {
    port,
    bind_addresses: ['127.0.0.1'],
    keys: { [API_KEY]: API_SECRET },
    logging: { level: 'warn' },
    rtc: {
      udp_port: mediaPort,
      tcp_port: 0,
      node_ip: '127.0.0.1',
      // The embedded engine is ICE-lite; a full agent would also find ways around the lossy relay.
      use_ice_lite: true,
      enable_loopback_candidate: true,
      interfaces: { includes: ['lo'] },
    },
    webhook: {
      api_key: API_KEY,
      urls: [webhooks.url, ...(options.webhookUrl === undefined ? [] : [options.webhookUrl])],
    },
    room: {
      auto_create: options.autoCreate ?? true,
      departure_timeout: options.departureTimeoutSeconds ?? 2,
      max_participants: options.maxParticipants ?? 0,
      ...(options.publishCodecs === undefined
        ? {}
        : { enabled_codecs: options.publishCodecs.map((mime) => ({ mime })) }),
    },
    limit: {
      ...(options.maxMetadataBytes === undefined ? {} : { max_metadata_size: options.maxMetadataBytes }),
      ...(options.maxAttributesBytes === undefined ? {} : { max_attributes_size: options.maxAttributesBytes }),
    },
  };
  // JSON is YAML.
  const server = new ServerProcess(binary, ['--config-body', JSON.stringify(config)]);
  const httpUrl = `http://127.0.0.1:${port}`;
  const ready = async () => (await fetch(`${httpUrl}/`)).ok;
  await server.start(ready);
  return {
    name: 'livekit',
    wsUrl: `ws://127.0.0.1:${port}`,
    httpUrl,
    apiKey: API_KEY,
    apiSecret: API_SECRET,
    mediaPort,
    webhooks,
    async stop() {
      // The first signal waits for everybody to leave; the second one is "now", with a word to the clients.
      server.signal('SIGTERM');
      server.signal('SIGINT');
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
