/** The contestants of `viewers.ts`, each in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freeTcpPort } from '../../packages/gateway/src/testing/ports.ts';

export interface MediaServer {
  readonly pid: number;
  readonly rtmp: number;
  /** Null: it speaks no HTTP-FLV. */
  readonly http: number | null;
  stop(): Promise<void>;
}

/** Ours, with audio held for the next picture so long at most. */
export async function startOurs(holdMs: number): Promise<MediaServer> {
  const program = fileURLToPath(new URL('viewers-server.ts', import.meta.url));
  const child = spawn(process.execPath, [program, String(holdMs)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    child.once('exit', () => reject(new Error('the server ended')));
  });
  const ports = JSON.parse(line) as { rtmp: number; http: number };
  return { pid: child.pid!, ...ports, stop: () => end(child) };
}

/** node-media-server as it is installed, without its console. */
export async function startNodeMediaServer(): Promise<MediaServer> {
  const main = createRequire(import.meta.url).resolve('node-media-server');
  const folder = mkdtempSync(join(tmpdir(), 'lianmai-nms-'));
  const [rtmp, http] = [await freeTcpPort(), await freeTcpPort()];
  const config = {
    bind: '127.0.0.1',
    notify: { url: '' },
    store: { path: join(folder, 'data'), maxHistory: 100 },
    auth: { play: false, publish: false, secret: '', jwt: { secret: '', users: [] } },
    rtmp: { port: rtmp },
    http: { port: http },
    webadmin: { enable: false },
    record: { auto: false, path: join(folder, 'record') },
  };
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const program = join(dirname(main), '..', 'bin', 'app.js');
  const child = spawn(process.execPath, [program, '-c', file, '--no-admin'], { stdio: 'ignore', cwd: folder });
  await listens(rtmp, child);
  await listens(http, child);
  return { pid: child.pid!, rtmp, http, stop: () => endAndClear(child, folder) };
}

const nginx = '/usr/sbin/nginx';
const nginxModule = '/usr/lib/nginx/modules/ngx_rtmp_module.so';

/** Debian's nginx with its RTMP module, everything at its default, in one process; null when it is not installed. */
export async function startNginx(): Promise<MediaServer | null> {
  if (!existsSync(nginx) || !existsSync(nginxModule)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'lianmai-nginx-'));
  mkdirSync(join(folder, 'logs'));
  const rtmp = await freeTcpPort();
  const config = `load_module ${nginxModule};
daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/logs/error.log;
events { worker_connections 4096; }
rtmp { server { listen 127.0.0.1:${rtmp}; access_log off; application live { live on; } } }
`;
  writeFileSync(join(folder, 'nginx.conf'), config);
  const child = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  await listens(rtmp, child);
  return { pid: child.pid!, rtmp, http: null, stop: () => endAndClear(child, folder) };
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port }, () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function endAndClear(child: ChildProcess, folder: string): Promise<void> {
  await end(child);
  rmSync(folder, { recursive: true, force: true });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await gone;
  clearTimeout(timer);
}
