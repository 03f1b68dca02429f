import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { PHONE_CODES } from '@lianmai/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { EXIT, ExitError } from '../cli/exit.ts';
import { FakeGateway } from '../testing/fake-gateway.ts';
import { Harness } from '../testing/harness.ts';

let gateway: FakeGateway;
let harness: Harness;

beforeEach(async () => {
  gateway = new FakeGateway();
  harness = await Harness.start({ gateway });
});
afterEach(() => harness.stop());

/** A phone's WebSocket, with everything that came and how it ended. */
class Phone {
  readonly socket: WebSocket;
  readonly frames: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #changed: () => void = () => {};

  constructor(path = '/signal?ticket=secret-ticket', headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${harness.base.replace('http', 'ws')}${path}`, { headers });
    this.socket.on('message', (data, isBinary) => {
      if (isBinary) throw new Error('a binary frame');
      this.frames.push(String(data));
      this.#changed();
    });
    this.closed = new Promise((resolve, reject) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
      this.socket.on('error', reject);
    });
  }

  async until(count: number): Promise<void> {
    while (this.frames.length < count) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

/** The gateway's end of the newest connection, once there is one. */
async function accepted(phone: Phone) {
  await phone.until(1);
  const connection = gateway.connections.at(-1);
  if (connection === undefined) throw new Error('no connection');
  return connection;
}

describe('signalling', () => {
  it('[PD12] [PD13] opens with the ticket and the addresses of the request, and carries text both ways in order', async () => {
    // What an eager client sends before it is let in waits, and is not lost.
    let letIn: () => void = () => {};
    gateway.ready = new Promise((resolve) => {
      letIn = resolve;
    });
    const phone = new Phone('/signal?ticket=secret-ticket', { host: 'meet.example:8080' });
    await once(phone.socket, 'open');
    await new Promise<void>((resolve, reject) => {
      phone.socket.send('early', (error) => (error ? reject(error) : resolve()));
    });
    // An answer to another connection: by then the server has had its chance to read this one.
    await fetch(`${harness.base}/healthz`);
    letIn();
    const connection = await accepted(phone);
    expect(gateway.signals).toEqual([
      {
        ticket: 'secret-ticket',
        bases: { http: 'http://meet.example:8080', rtmp: 'rtmp://meet.example:19350' },
        remoteAddress: '127.0.0.1',
      },
    ]);
    for (let n = 0; n < 50; n++) {
      phone.socket.send(`up ${n}`);
      connection.tell(`下行 ${n}`);
    }
    await phone.until(51);
    await connection.until(() => connection.received.length === 51);
    expect(phone.frames).toEqual(['{"type":"welcome"}', ...Array.from({ length: 50 }, (_, n) => `下行 ${n}`)]);
    expect(connection.received).toEqual(['early', ...Array.from({ length: 50 }, (_, n) => `up ${n}`)]);
    phone.socket.close();
    await connection.until(() => connection.gone);
  });

  it('[PD12] the gateway ends a connection after the frames told so far', async () => {
    const phone = new Phone();
    const connection = await accepted(phone);
    connection.tell('{"type":"ended"}');
    connection.end(4005, 'kicked');
    expect(await phone.closed).toEqual({ code: 4005, reason: 'kicked' });
    expect(phone.frames.at(-1)).toBe('{"type":"ended"}');
  });

  it.each([
    ['kicked', 'kicked', 4005],
    ['roomEnded', 'dissolved', 4006],
    ['ticketExpired', 'expired', 4004],
    ['duplicate', 'duplicate', 4011],
    ['encrypted', 'encrypted', 4018],
    ['badTicket', 'refused', 4003],
    ['roomFull', 'refused', 4007],
    ['busy', 'refused', 4022],
  ] as const)('[PD12] a refusal (%s) is told as a frame, then closed', async (name, reason, close) => {
    gateway.answer = { status: 403, ...PHONE_CODES[name] };
    const phone = new Phone();
    expect(await phone.closed).toEqual({ code: close, reason });
    expect(phone.frames.map((frame) => JSON.parse(frame))).toEqual([{ type: 'ended', reason, ...PHONE_CODES[name] }]);
  });

  it('[PD12] a gateway that is being started anew sends phones back for another try', async () => {
    gateway.answer = new Error('the worker died');
    const phone = new Phone();
    expect(await phone.closed).toEqual({ code: 1012, reason: 'server-restart' });
    expect(JSON.parse(phone.frames[0] ?? '')).toMatchObject({ type: 'ended', reason: 'server-restart' });
  });

  it('[PD13] a binary frame or one too long ends the connection, and the gateway hears of it', async () => {
    const binary = new Phone();
    const first = await accepted(binary);
    binary.socket.send(Buffer.from([1]));
    expect((await binary.closed).code).toBe(1003);
    await first.until(() => first.gone);
    const long = new Phone();
    const second = await accepted(long);
    long.socket.send('x'.repeat(20_000));
    expect((await long.closed).code).toBe(1009);
    await second.until(() => second.gone);
    expect(second.received).toEqual([]);
  });

  it('[PD13] a client that does not read is let go', async () => {
    const phone = new Phone();
    const connection = await accepted(phone);
    phone.socket.pause();
    const text = 'x'.repeat(100_000);
    for (let n = 0; n < 200 && !connection.gone; n++) {
      connection.tell(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connection.gone).toBe(true);
    phone.socket.terminate();
  });

  it('[PD12] stands at its own address only, and wants a host that is one', async () => {
    for (const path of ['/signal/', '/signals?ticket=a', '/live/signal']) {
      await expect(new Phone(path).closed).rejects.toThrow('404');
    }
    await expect(new Phone('/signal?ticket=a', { host: 'evil/path' }).closed).rejects.toThrow('400');
    expect(gateway.signals).toEqual([]);
  });

  it('[PD12] a ticket that is missing or endless is no ticket', async () => {
    gateway.answer = { status: 403, ...PHONE_CODES.badTicket };
    await new Phone('/signal').closed;
    await new Phone(`/signal?ticket=${'x'.repeat(5_000)}`).closed;
    expect(gateway.signals.map((asked) => asked.ticket)).toEqual(['', '']);
  });
});

/** An answer with its head read. */
function get(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest(`${harness.base}${path}`, { method, headers }, resolve).on('error', reject).end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

const STREAM = '/live/1400000001_1_ann_of_x.flv?secret-ticket';

describe('HTTP-FLV', () => {
  it('[PD14] [PD15] streams what is written, and ends when the viewer is ended', async () => {
    const response = await get(STREAM);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({ 'content-type': 'video/x-flv', 'access-control-allow-origin': '*' });
    expect(gateway.flvs).toEqual([
      { stream: '1400000001_1_ann_of_x', ticket: 'secret-ticket', remoteAddress: '127.0.0.1' },
    ]);
    const [viewer] = gateway.viewers;
    viewer?.socket.write(Buffer.from('FLV'));
    viewer?.socket.write(Buffer.from('tag'));
    viewer?.socket.end('source-ended');
    expect(await textOf(response)).toBe('FLVtag');
  });

  it('[PD15] a viewer who goes is forgotten', async () => {
    const response = await get(STREAM);
    response.destroy();
    await expect.poll(() => gateway.viewers[0]?.left).toBe(true);
  });

  it('[PD14] a refusal has its status, code and sentence; a gateway that is away says when to come again', async () => {
    gateway.answer = { status: 404, ...PHONE_CODES.streamNotFound };
    const refused = await get(STREAM);
    expect(refused.statusCode).toBe(404);
    expect(refused.headers['access-control-allow-origin']).toBe('*');
    expect(JSON.parse(await textOf(refused))).toEqual(PHONE_CODES.streamNotFound);
    gateway.answer = new Error('the worker died');
    const away = await get(STREAM);
    expect(away.statusCode).toBe(503);
    expect(away.headers['retry-after']).toBe('1');
    expect(JSON.parse(await textOf(away))).toEqual(PHONE_CODES.internal);
  });

  it('[PD14] answers HEAD without a stream, OPTIONS a preflight, and nothing else', async () => {
    const head = await get(STREAM, 'HEAD');
    expect([head.statusCode, head.headers['content-type']]).toEqual([200, 'video/x-flv']);
    expect(gateway.viewers.map((viewer) => viewer.left)).toEqual([true]);
    const preflight = await get(STREAM, 'OPTIONS');
    expect([preflight.statusCode, preflight.headers['access-control-allow-methods']]).toEqual([
      204,
      'GET, HEAD, OPTIONS',
    ]);
    const post = await get(STREAM, 'POST');
    expect([post.statusCode, post.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    for (const path of ['/live/', '/live/a', '/live/a/b.flv', '/live/.flv']) {
      expect((await get(path)).statusCode, path).toBe(404);
    }
    expect(gateway.flvs).toHaveLength(1);
  });
});

describe('places for HTTP-FLV', () => {
  const SOON = { timeout: 15_000 };

  async function withPlaces(phones: { flvConnections?: number; flvConnectionsPerAddress?: number }): Promise<void> {
    await harness.stop();
    gateway = new FakeGateway();
    harness = await Harness.start({ gateway, config: { phones, http: { trustedProxies: ['127.0.0.1'] } } });
  }
  const from = (address: string, method = 'GET') => get(STREAM, method, { 'x-forwarded-for': address });

  it('[PD25] one address has so many: 429, and another one is let in; who goes makes place', async () => {
    await withPlaces({ flvConnectionsPerAddress: 2 });
    const first = await from('2001:db8:1:2::1');
    expect([first.statusCode, (await from('2001:db8:1:2:ffff::2')).statusCode]).toEqual([200, 200]);
    const third = await from('2001:db8:1:2::3');
    expect([third.statusCode, JSON.parse(await textOf(third))]).toEqual([429, PHONE_CODES.busy]);
    // The proxy's own address is nobody's.
    expect([(await from('2001:db8:1:3::1')).statusCode, (await from('192.0.2.1')).statusCode]).toEqual([200, 200]);
    expect(gateway.flvs).toHaveLength(4);
    first.destroy();
    await expect.poll(async () => (await from('2001:db8:1:2::3', 'HEAD')).statusCode, SOON).toBe(200);
  });

  it('[PD25] all together have so many: 503; answers that are no stream keep no place', async () => {
    await withPlaces({ flvConnections: 2 });
    gateway.answer = { status: 404, ...PHONE_CODES.streamNotFound };
    for (let n = 0; n < 3; n++) expect((await from('192.0.2.1')).resume().statusCode).toBe(404);
    gateway.answer = null;
    const viewers = [await from('192.0.2.1'), await from('192.0.2.2')];
    const refused = await from('192.0.2.3');
    expect([refused.statusCode, JSON.parse(await textOf(refused))]).toEqual([503, PHONE_CODES.busy]);
    gateway.viewers.at(0)?.socket.end('source-ended');
    await textOf(viewers[0] ?? refused);
    await expect.poll(async () => (await from('192.0.2.3')).statusCode, SOON).toBe(200);
  });
});

describe('both doors', () => {
  it('[PD16] have a rate for each address', async () => {
    await harness.stop();
    gateway = new FakeGateway();
    gateway.answer = { status: 404, ...PHONE_CODES.streamNotFound };
    harness = await Harness.start({ gateway, config: { media: { joinsPerAddressPerSecond: 1 } } });
    // Nothing refills while the test runs, however long that takes.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1_000_000_000);
    try {
      const statuses = await Promise.all(Array.from({ length: 6 }, async () => (await get(STREAM)).statusCode));
      expect(statuses.filter((status) => status === 429)).toHaveLength(2);
      await expect(new Phone().closed).rejects.toThrow('429');
    } finally {
      clock.mockRestore();
    }
  });

  it('[PD17] [W4] keep tickets out of the log', async () => {
    const phone = new Phone();
    await accepted(phone);
    await textOf(await get('/live/a.flv?secret-ticket', 'HEAD'));
    await get('/signal?ticket=secret-ticket');
    await get('/live/none?secret-ticket');
    phone.socket.terminate();
    expect(harness.logged.join('')).toContain('/live/none');
    expect(harness.logged.join('')).not.toContain('secret-ticket');
    expect(harness.logged.join('')).not.toContain(String(gateway.config?.ticketKey));
  });

  it('[PD18] stopping tells phones to come back before their sockets go', async () => {
    const phone = new Phone();
    await accepted(phone);
    const viewer = await get(STREAM);
    const ended = once(viewer, 'close');
    viewer.on('error', () => {}).resume();
    await harness.server.stop();
    expect(await phone.closed).toEqual({ code: 1012, reason: 'server-restart' });
    expect(phone.frames.at(-1)).toContain('server-restart');
    await ended;
    expect(gateway.stopped).toBe(true);
  });

  it('[PD13] a socket that is reset while the gateway is asked ends nothing else', async () => {
    const socket = connect(Number(new URL(harness.base).port), '127.0.0.1');
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    socket.write(
      `GET /signal?ticket=a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.resetAndDestroy();
    await expect.poll(() => gateway.connections[0]?.gone).toBe(true);
    expect((await fetch(`${harness.base}/healthz`)).status).toBe(200);
  });
});

describe('a taken RTMP port', () => {
  const taken = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });

  async function startWith(failure: Error, phones: object): Promise<string> {
    const own = new FakeGateway();
    own.failure = failure;
    try {
      const started = await Harness.start({ gateway: own, config: { phones } });
      const told = started.logged.join('');
      expect(started.server.phones).toMatch(/RTMP|1935/);
      await started.stop();
      return told;
    } catch (error) {
      if (error instanceof ExitError) return `${error.exitCode}: ${error.message}`;
      throw error;
    }
  }

  it('[PD19] on the usual port the server starts without phones and says so', async () => {
    expect(await startWith(taken, {})).toMatch(/TCP port 1935 \(RTMP\) is in use.*--rtmp-port.*Phones are off/);
    const forbidden = Object.assign(new Error('listen'), { code: 'EACCES' });
    expect(await startWith(forbidden, {})).toMatch(/may not be opened by this user/);
  });

  it('[PD19] is a sentence and an exit code for who asked for it', async () => {
    expect(await startWith(taken, { mode: 'on' })).toMatch(new RegExp(`^${EXIT.port}: TCP port 1935`));
    expect(await startWith(taken, { rtmpPort: 2935 })).toMatch(new RegExp(`^${EXIT.port}: TCP port 2935`));
    expect(await startWith(new Error('no memory'), {})).toMatch(new RegExp(`^${EXIT.unavailable}: .*no memory`));
  });
});
