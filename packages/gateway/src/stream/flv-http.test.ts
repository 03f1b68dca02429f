import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http';
import { createServer as createTlsServer, request as tlsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createBroadcast } from './broadcast.ts';
import { type FlvAnswer, serveFlv } from './flv-http.ts';
import { makeFlv, probe, unitsOf } from './testing/ffmpeg.ts';
import type { BroadcastLimits } from './types.ts';

const units = unitsOf(makeFlv({ seconds: 1 }));
const limits: BroadcastLimits = {
  skipBacklogBytes: 100_000,
  maxBacklogBytes: 1_000_000,
  maxSkipMs: 10_000,
  maxViewers: 10,
  freshGroupMs: 300,
  maxGroupBytes: 1_000_000,
};

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function scene() {
  const state = { answers: [] as FlvAnswer[], closed: 0, onAnswer: () => {} };
  const broadcast = createBroadcast({
    tracks: { video: true, audio: true },
    limits,
    clock: () => performance.now(),
    onKeyframeNeeded: () => {},
  });
  const handler: RequestListener = (incoming, response) => {
    const answer = serveFlv(incoming, response, 100);
    const viewer = broadcast.addViewer('flv', answer.socket);
    answer.onClosed(() => {
      viewer.leave();
      state.closed++;
    });
    state.answers.push(answer);
    state.onAnswer();
  };
  return { state, broadcast, handler };
}

function body(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.on('end', () => resolve(Buffer.concat(parts)));
    response.on('error', reject);
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const got = (start: (onResponse: (response: IncomingMessage) => void) => void) => new Promise<IncomingMessage>(start);

describe('an HTTP answer', () => {
  it('[MS80] has the head that players and proxies need, and a body that ends with the connection', async () => {
    const { broadcast, handler } = scene();
    const port = await listen(createServer(handler));
    const response = await got((on) => request({ port, path: '/live/1.flv' }, on).end());
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'video/x-flv',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
      connection: 'close',
    });
    expect(response.headers['transfer-encoding']).toBeUndefined();
    expect(response.headers['content-length']).toBeUndefined();
    const whole = body(response);
    for (const unit of units) broadcast.write(unit);
    broadcast.close('source-ended');
    expect(probe(await whole).video?.nb_read_frames).toBe('25');
  });

  it('[MS80] over TLS too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lianmai-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const out = ['-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...out], { stdio: 'pipe' });
    const files = { key: readFileSync(key), cert: readFileSync(cert) };
    rmSync(folder, { recursive: true });
    const { broadcast, handler } = scene();
    const port = await listen(createTlsServer(files, handler));
    const response = await got((on) =>
      tlsRequest({ port, path: '/', ca: files.cert, servername: 'localhost' }, on).end(),
    );
    const whole = body(response);
    for (const unit of units) broadcast.write(unit);
    broadcast.close('source-ended');
    expect(probe(await whole).video?.nb_read_frames).toBe('25');
  });

  it('[MS81] tells once that the viewer has gone, and takes no more', async () => {
    const { state, broadcast, handler } = scene();
    const port = await listen(createServer(handler));
    const outgoing = request({ port, path: '/' });
    outgoing.on('error', () => {});
    const response = await got((on) => outgoing.on('response', on).end());
    response.on('error', () => {});
    response.destroy();
    await until(() => state.closed === 1);
    expect(broadcast.viewers).toBe(0);
    const answer = state.answers[0]!;
    answer.socket.write(Buffer.from('late'));
    answer.socket.end('shutdown');
    expect(answer.socket.backlogBytes()).toBe(0);
    let told = 0;
    answer.onClosed(() => {
      told++;
    });
    await until(() => told === 1);
    expect(state.closed).toBe(1);
  });

  it('[MS82] a second request on the same connection does not write into the first one’s stream', async () => {
    const { state, handler } = scene();
    const port = await listen(createServer(handler));
    const socket = connect({ port, host: '127.0.0.1' });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.resume();
    socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    await closed;
    await until(() => state.closed === state.answers.length);
    expect(state.answers.length).toBeLessThanOrEqual(2);
  });

  it('[MS83] a viewer who does not read is ended, with bounded memory; the one beside him misses nothing', async () => {
    const { state, broadcast, handler } = scene();
    const port = await listen(createServer(handler));
    const stuck = connect({ port, host: '127.0.0.1' });
    stuck.on('error', () => {});
    stuck.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => state.answers.length === 1);
    const response = await got((on) => request({ port, path: '/' }, on).end());
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    let most = 0;
    let sent = 0;
    for (const unit of units.slice(0, 3)) broadcast.write(unit);
    const data = Buffer.alloc(100_000, 1);
    data.set([0, 1, 0x86, 0x9c, 0x65]);
    for (let i = 0; state.closed === 0; i++) {
      broadcast.write({ kind: 'video', keyframe: true, timestampMs: 1_000 + i, data });
      sent += data.length;
      most = Math.max(most, state.answers[0]!.socket.backlogBytes());
      // The other one reads as fast as it comes.
      await until(() => bytes >= sent || state.closed > 0);
      // Sound goes on for him who skips, until it is too much.
      for (let n = 0; n < 20; n++)
        broadcast.write({ kind: 'audio', timestampMs: 1_000 + i, data: data.subarray(0, 5_000) });
      sent += 20 * 5_000;
    }
    await until(() => bytes >= sent);
    expect(state.closed).toBe(1);
    expect(broadcast.viewers).toBe(1);
    expect(most).toBeGreaterThan(limits.skipBacklogBytes);
    expect(most).toBeLessThan(limits.maxBacklogBytes + 300_000);
    response.destroy();
  });

  it('[MS84] an ended viewer who does not fetch the rest does not stay for ever', async () => {
    const { state, broadcast, handler } = scene();
    const port = await listen(createServer(handler));
    const stuck = connect({ port, host: '127.0.0.1' });
    stuck.on('error', () => {});
    stuck.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => state.answers.length === 1);
    const { socket } = state.answers[0]!;
    while (socket.backlogBytes() === 0) socket.write(Buffer.alloc(100_000));
    broadcast.close('source-ended');
    await until(() => state.closed === 1);
    stuck.destroy();
  });
});
