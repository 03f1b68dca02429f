import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freeTcpPort, freeUdpPort } from '@lianmai/gateway/testing/ports';
import { parseMediaRoomName } from '@lianmai/protocol';
import { RoomServiceClient } from 'livekit-server-sdk';
import { onLiveKit } from '../targets/index.ts';
import { startLiveKit } from '../targets/livekit.ts';
import { ServerProcess } from '../targets/process.ts';
import { killWorkerThread } from './worker-threads.ts';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const main = join(root, 'packages', 'server', 'src', 'main.ts');
const page = join(root, 'apps', 'web', 'dist', 'index.html');

/** `lianmai serve` on a data folder and ports of its own; media by the server under test. */
export interface Product {
  readonly httpUrl: string;
  readonly wsUrl: string;
  /** What `lianmai keys` prints. */
  keys(): Promise<{ readonly api: { readonly key: string; readonly secret: string } }>;
  /** Identities in the media room of this room number, as the media service tells. */
  mediaIdentities(roomId: string): Promise<readonly string[]>;
  /** Ids of the processes that transcode for phones. */
  codecProcesses(): Promise<readonly number[]>;
  /** Ends the media service without a word (the engine's thread, or livekit-server) and has it come back. */
  crashMedia(): Promise<void>;
  /** Ends the thread of the gateway for phones. */
  crashGateway(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
  /** The last lines, for a failure. */
  log(): string;
  /** Everything it has written. */
  lines(): readonly string[];
}

export interface ProductOptions {
  /** Address of this machine to be reached at by https, with a certificate of `lianmai cert`. */
  readonly httpsAddress?: string;
}

export async function startProduct(
  settings: Readonly<Record<string, string>> = {},
  { httpsAddress }: ProductOptions = {},
): Promise<Product> {
  if (!existsSync(page)) throw new Error('the web app is not built: npm run build');
  const dataDir = await mkdtemp(join(tmpdir(), 'lianmai-e2e-'));
  const port = await freeTcpPort();
  const host = `${httpsAddress ?? '127.0.0.1'}:${port}`;
  const httpUrl = `${httpsAddress === undefined ? 'http' : 'https'}://${host}`;
  const livekit = onLiveKit ? await startLiveKit({ webhookUrl: `${httpUrl}/webhooks/livekit` }) : null;
  const env = {
    LIANMAI_HOST: httpsAddress === undefined ? '127.0.0.1' : '::',
    LIANMAI_PORT: String(port),
    LIANMAI_RTC_PORT: String(await freeUdpPort()),
    LIANMAI_RTMP_PORT: String(await freeTcpPort()),
    LIANMAI_DATA_DIR: dataDir,
    LIANMAI_TLS: httpsAddress === undefined ? 'off' : 'auto',
    ...(livekit === null
      ? {}
      : {
          LIVEKIT_URL: livekit.wsUrl,
          LIVEKIT_API_KEY: livekit.apiKey,
          LIVEKIT_API_SECRET: livekit.apiSecret,
        }),
    ...settings,
  };
  if (httpsAddress !== undefined) {
    await exec(process.execPath, [main, 'cert'], { env: { ...process.env, ...env } });
    // This process trusts the authority as a device does that has installed it.
    const authority = await readFile(join(dataDir, 'tls', 'authority.crt'), 'utf8');
    setDefaultCACertificates([...getCACertificates('default'), authority]);
  }
  const inspectPort = await freeTcpPort();
  const server = new ServerProcess(process.execPath, [`--inspect-port=${inspectPort}`, main, 'serve'], env);
  const ready = async () => (await fetch(`${httpUrl}/healthz`)).ok;
  await server.start(ready);
  const keys: Product['keys'] = async () => {
    const { stdout } = await exec(process.execPath, [main, 'keys'], { env: { ...process.env, ...env } });
    return JSON.parse(stdout);
  };
  const openRoomService = async () => {
    if (livekit !== null) return new RoomServiceClient(livekit.httpUrl, livekit.apiKey, livekit.apiSecret);
    const { api } = await keys();
    return new RoomServiceClient(httpUrl, api.key, api.secret);
  };
  let roomService: RoomServiceClient | null = null;
  return {
    httpUrl,
    wsUrl: `${httpsAddress === undefined ? 'ws' : 'wss'}://${host}`,
    keys,
    async mediaIdentities(roomId) {
      roomService ??= await openRoomService();
      const room = (await roomService.listRooms()).find(({ name }) => parseMediaRoomName(name)?.roomId === roomId);
      if (room === undefined) return [];
      return (await roomService.listParticipants(room.name)).map(({ identity }) => identity);
    },
    codecProcesses: () => childrenOf(server.pid),
    async crashMedia() {
      if (livekit === null) {
        // Its host starts it anew by itself.
        await killWorkerThread(server.pid, inspectPort, '/media/src/worker');
      } else {
        await livekit.kill();
        await livekit.start();
      }
    },
    crashGateway: () => killWorkerThread(server.pid, inspectPort, '/gateway/src/worker'),
    async stop() {
      server.signal('SIGTERM');
      await server.ended();
    },
    start: () => server.start(ready),
    async close() {
      server.signal('SIGKILL');
      await server.ended();
      await livekit?.close();
      await rm(dataDir, { recursive: true, force: true });
    },
    log: () => server.log(),
    lines: () => server.lines(),
  };
}

/** Children of a process, as the system knows them. */
async function childrenOf(parent: number): Promise<readonly number[]> {
  const children: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    // It may end while it is looked at.
    const status = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    if (Number(/^\d+ \(.*\) \S+ (\d+)/s.exec(status)?.[1]) === parent) children.push(Number(name));
  }
  return children;
}
