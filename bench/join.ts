/**
 * Time to join, split by phase: functions, roomsig, signal, ICE + DTLS, first decoded frame. The same page goes through
 * `lianmai` with the embedded engine and through `lianmai` in front of a real livekit-server, in turns, where there is one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { freeTcpPort, freeUdpPort } from '../packages/gateway/src/testing/ports.ts';
import { CHROMIUM_ARGS, chromiumPath } from '../test/e2e/src/browsers/chromium.ts';
import { findLiveKitServer } from '../test/e2e/src/targets/livekit.ts';
import { startLianmai } from './lib/processes.ts';
import { percentile, print, type Row, row } from './lib/report.ts';

const PHASES = ['functions', 'roomsig', 'signal', 'transport', 'firstFrame', 'total'] as const;
type Times = Record<(typeof PHASES)[number], number>;

const joins = Number(process.argv[2] ?? 12);
const ROOM = 4711;
const undo: (() => Promise<unknown> | unknown)[] = [];

async function servePage(): Promise<string> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('./pages/join.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'error',
  });
  const script = bundle.outputFiles[0]!.contents;
  const server = createServer((request, response) => {
    if (request.url === '/join.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>join</title><body><script src="/join.js"></script></body>');
  });
  const port = await freeTcpPort();
  server.listen(port, '127.0.0.1');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}/`;
}

async function startLiveKit(binary: string): Promise<Record<string, string>> {
  const [port, udp] = [await freeTcpPort(), await freeUdpPort()];
  const secret = 'a-secret-for-the-benchmark-0123456789';
  const config = {
    port,
    bind_addresses: ['127.0.0.1'],
    keys: { bench: secret },
    logging: { level: 'error' },
    rtc: {
      udp_port: udp,
      tcp_port: 0,
      node_ip: '127.0.0.1',
      enable_loopback_candidate: true,
      interfaces: { includes: ['lo'] },
    },
  };
  const child: ChildProcess = spawn(binary, ['--config-body', JSON.stringify(config)], { stdio: 'ignore' });
  undo.push(() => child.kill('SIGKILL'));
  for (let tries = 0; tries < 100; tries++) {
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { LIVEKIT_URL: `ws://127.0.0.1:${port}`, LIVEKIT_API_KEY: 'bench', LIVEKIT_API_SECRET: secret };
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  return page;
}

try {
  const pageUrl = await servePage();
  const binary = findLiveKitServer();
  const limits = { LIANMAI_RATE_ADDRESS: '1000', LIANMAI_RATE_LOGIN: '1000' };
  const contestants = [{ name: 'embedded engine', server: await startLianmai(limits) }];
  undo.push(contestants[0]!.server.stop);
  if (binary === null) {
    console.error('No livekit-server here (go install, or LIVEKIT_SERVER_BIN): the embedded engine is measured alone.');
  } else {
    const server = await startLianmai({ ...limits, ...(await startLiveKit(binary)) });
    undo.push(server.stop);
    contestants.push({ name: 'livekit-server', server });
  }
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_ARGS] });
  undo.push(() => browser.close());

  const measured = new Map<string, Times[]>(contestants.map(({ name }) => [name, []]));
  const viewers = new Map<string, Page>();
  for (const { name, server } of contestants) {
    const publisher = await openPage(browser, pageUrl);
    await publisher.evaluate(`bench.publish(${JSON.stringify(server.url)}, ${ROOM})`);
    viewers.set(name, await openPage(browser, pageUrl));
  }
  // The first join of each page warms code and connections up and does not count.
  for (let join = -1; join < joins; join++) {
    for (const { name, server } of contestants) {
      const times = (await viewers
        .get(name)!
        .evaluate(`bench.measure(${JSON.stringify(server.url)}, ${ROOM})`)) as Times;
      if (join >= 0) measured.get(name)!.push(times);
    }
  }

  const rows: Row[] = [];
  const ours = measured.get('embedded engine')!;
  const theirs = measured.get('livekit-server');
  for (const phase of PHASES) {
    for (const p of [50, 95]) {
      const at = (list: Times[]) =>
        percentile(
          list.map((times) => times[phase]),
          p,
        );
      rows.push(
        row(
          `${phase} p${p}`,
          'ms',
          at(ours),
          theirs === undefined ? null : { name: 'livekit-server', value: at(theirs) },
        ),
      );
    }
  }
  print('join', rows, { joins, browser: browser.version() });
} finally {
  for (const step of undo.reverse()) await step();
}
process.exit(0);
