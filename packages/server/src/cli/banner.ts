import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import type { RunningServer } from '../app.ts';
import type { Config } from '../config/schema.ts';
import { databasePath } from '../store/open.ts';

/** What an operator wants to know after the start: where to open it, what the firewall lets through, where data lives. */
export function banner(server: RunningServer, config: Config): string {
  const scheme = server.https ? 'https' : 'http';
  const { host, publicUrl } = config.http;
  const lines = ['', 'Lianmai is ready.'];
  if (publicUrl !== '') lines.push(`  Open      ${publicUrl}`);
  for (const [index, name] of hostNames(host).entries()) {
    lines.push(`  ${index === 0 && publicUrl === '' ? 'Open    ' : '        '}  ${scheme}://${name}:${server.port}`);
  }
  lines.push(`  Firewall  TCP ${server.port}${phonePort(server)}${mediaPorts(server)}`);
  lines.push(`  Media     ${config.livekit.url === '' ? 'embedded engine' : config.livekit.url}`);
  lines.push(`  Phones    ${phones(server, config)}`);
  lines.push(`  Data      ${resolve(config.dataDir)} (database ${databasePath(config)})`);
  lines.push(`  App       sdkAppID ${server.credentials.application.sdkAppId}; "lianmai keys" shows the keys`);
  if (!server.https && !publicUrl.startsWith('https:')) {
    lines.push(
      '  Note      Browsers give a camera to http://localhost only. For other devices: "lianmai cert", or --tls-cert.',
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Names under which this machine is reached, the local one first. */
export function hostNames(host: string): string[] {
  if (host !== '::' && host !== '0.0.0.0') return [host.includes(':') ? `[${host}]` : host];
  return ['localhost', ...lanAddresses()];
}

/** IPv4 addresses of this machine's interfaces, loopback left out. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === 'IPv4' && !address.internal)
    .map((address) => address.address);
}

/** Where phones push to, or why there is nothing. */
function phones(server: RunningServer, config: Config): string {
  if (typeof server.phones === 'string') return server.phones;
  const { rtmpHost, rtmpPublicUrl } = config.phones;
  if (rtmpPublicUrl !== '') return `${rtmpPublicUrl}/live`;
  const names = config.http.publicUrl === '' ? hostNames(rtmpHost === '' ? config.http.host : rtmpHost) : [];
  // Phones are other devices: the address on the network says more than this machine's own name.
  const name = names.at(-1) ?? new URL(config.http.publicUrl).hostname;
  return `rtmp://${name}:${server.phones.rtmpPort}/live`;
}

function phonePort(server: RunningServer): string {
  return typeof server.phones === 'string' ? '' : `, TCP ${server.phones.rtmpPort}`;
}

function mediaPorts(server: RunningServer): string {
  const ports = new Set(server.mediaAddresses.map((address) => `${address.protocol.toUpperCase()} ${address.port}`));
  return ports.size === 0 ? '' : `, ${[...ports].join(', ')}`;
}
