/** A real livekit-server as a child process, with a proxy before its signal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freeTcpPort, freeUdpPort } from '../../testing/ports.ts';
import type { ContractServer, LinkSettings } from '../contract/lab.ts';
import { createWebRtcLink } from '../webrtc.ts';
import { SignalProxy } from './proxy.ts';

const API_KEY = 'devkey';
const API_SECRET = 'a-secret-of-the-link-contract-0123456789';
const START_MS = 20_000;

/** Path of a livekit-server, or null when this machine has none. @param given from the environment. */
export function findLiveKitServer(given: string | undefined): string | null {
  const place = given ?? join(homedir(), 'go', 'bin', 'server');
  return existsSync(place) ? place : null;
}

export async function startLiveKit(binary: string): Promise<ContractServer> {
  const [port, mediaPort] = [await freeTcpPort(), await freeUdpPort()];
  const httpUrl = `http://127.0.0.1:${port}`;
  // JSON is YAML.
  const config = JSON.stringify({
    port,
    bind_addresses: ['127.0.0.1'],
    keys: { [API_KEY]: API_SECRET },
    logging: { level: 'error' },
    rtc: {
      udp_port: mediaPort,
      tcp_port: 0,
      node_ip: '127.0.0.1',
      enable_loopback_candidate: true,
      interfaces: { includes: ['lo'] },
    },
  });
  let child: ChildProcess | null = null;
  const onExit = () => child?.kill('SIGKILL');
  process.on('exit', onExit);
  const start = async () => {
    const started = spawn(binary, ['--config-body', config], { stdio: 'ignore' });
    child = started;
    const deadline = performance.now() + START_MS;
    for (;;) {
      const ready = await fetch(httpUrl).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ready) return;
      if (started.exitCode !== null) throw new Error(`livekit-server ended with ${started.exitCode}`);
      if (performance.now() > deadline) throw new Error('livekit-server does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const kill = async () => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  };
  await start();
  const proxy = await SignalProxy.start(port);
  const makeLink = (settings?: LinkSettings) =>
    createWebRtcLink({ url: `ws://127.0.0.1:${proxy.port}`, clock: () => performance.now(), ...settings });
  return {
    httpUrl,
    apiKey: API_KEY,
    apiSecret: API_SECRET,
    makeLink,
    makePeer: makeLink,
    lossy: true,
    cutSignals: () => proxy.cut(),
    async restart() {
      await kill();
      await start();
    },
    async stop() {
      process.off('exit', onExit);
      await proxy.close();
      await kill();
    },
  };
}
