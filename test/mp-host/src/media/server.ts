import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { WebSocketServer } from 'ws';
import { pullHttp, pullRtmp } from './pull.ts';
import { type Network, Push } from './push.ts';

/** Real media for live components: what `openInChromium` takes, and the bridge's end. */
export interface Media {
  /** The page's part. */
  readonly script: string;
  /** Where it finds the bridge. */
  readonly url: string;
  /** Pushes that have a connection, or try to get one. */
  readonly pushes: number;
  /** Without a network what runs breaks without a goodbye, and nothing new comes about. */
  setNetwork(up: boolean): void;
  close(): Promise<void>;
}

let script: Promise<string> | null = null;

/** Starts the bridge on a free port of the loopback; it needs the ffmpeg program. Close it. */
export async function startMedia(): Promise<Media> {
  script ??= buildScript();
  const pushes = new Set<Push>();
  const pulls = new Set<ServerResponse>();
  const network: Network = { up: true };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://bridge');
    const url = searchParams.get('url') ?? '';
    pulls.add(response);
    response.once('close', () => pulls.delete(response));
    if (!network.up) response.destroy();
    else if (pathname === '/pull' && url.startsWith('rtmp')) pullRtmp(url, response);
    else if (pathname === '/pull' && url.startsWith('http')) pullHttp(url, response);
    else response.writeHead(404).end();
  });
  const sockets = new WebSocketServer({ server, path: '/push', maxPayload: 4_000_000 });
  sockets.on('connection', (socket) => {
    const push = new Push(socket, network);
    pushes.add(push);
    socket.once('close', () => pushes.delete(push));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    script: await script,
    url: `http://127.0.0.1:${port}`,
    get pushes() {
      return [...pushes].filter((push) => push.running).length;
    },
    setNetwork: (up) => {
      network.up = up;
      if (up) return;
      for (const push of pushes) push.cut();
      for (const pull of pulls) pull.destroy();
    },
    close: async () => {
      for (const push of pushes) push.close();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function buildScript(): Promise<string> {
  const result = await esbuild.build({
    entryPoints: [fileURLToPath(new URL('page/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}
