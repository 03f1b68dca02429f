/** The HTTP attachment over real sockets, before an engine that the test plays. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type AttachOptions, attachEngine, type EngineAttachment } from './http.ts';
import type {
  ApiRequest,
  MediaEngine,
  PlainAnswer,
  SignalAdmission,
  SignalConnection,
  SignalRequest,
} from './types.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 15_000 };

class ScriptedConnection implements SignalConnection {
  readonly received: Uint8Array[] = [];
  frame: (frame: Uint8Array) => void = () => {};
  end: (code: number, reason: string) => void = () => {};
  isClosed = false;
  onFrame(listener: (frame: Uint8Array) => void): void {
    this.frame = listener;
    listener(Buffer.from('first'));
  }
  onClose(listener: (code: number, reason: string) => void): void {
    this.end = listener;
  }
  receive(frame: Uint8Array): void {
    this.received.push(frame);
  }
  closed(): void {
    this.isClosed = true;
  }
}

class ScriptedEngine implements MediaEngine {
  readonly addresses = [];
  readonly asked: SignalRequest[] = [];
  readonly calls: ApiRequest[] = [];
  admission: () => Promise<SignalAdmission> = () => Promise.reject(new Error('dead'));
  openSignal(request: SignalRequest): Promise<SignalAdmission> {
    this.asked.push(request);
    return this.admission();
  }
  validate(request: SignalRequest): Promise<PlainAnswer> {
    this.asked.push(request);
    return Promise.resolve({ status: 200, contentType: 'text/plain', body: 'success' });
  }
  callApi(request: ApiRequest): Promise<PlainAnswer> {
    this.calls.push(request);
    return Promise.resolve({ status: 200, contentType: 'application/json', body: '{"a":1}' });
  }
  setRevocation(): void {}
  openLocal(): Promise<never> {
    return Promise.reject(new Error('dead'));
  }
  onEvent(): void {}
  onRestart(): void {}
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

let server: Server | null = null;
let attachment: EngineAttachment | null = null;

afterEach(() => {
  attachment?.close();
  server?.closeAllConnections();
  server?.close();
});

async function serve(engine: MediaEngine, options: AttachOptions = {}): Promise<string> {
  const attached = attachEngine(engine, options);
  attachment = attached;
  server = createServer((request, response) => {
    if (!attached.handleRequest(request, response)) response.writeHead(418).end('not ours');
  });
  server.on('upgrade', (request, socket, head) => {
    if (!attached.handleUpgrade(request, socket, head)) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  return `127.0.0.1:${address.port}`;
}

describe('[SG39] the HTTP side', () => {
  it('[SG39] validates with the query and header untouched, answers preflights, leaves the rest alone', async () => {
    const engine = new ScriptedEngine();
    const host = await serve(engine);
    const answer = await fetch(`http://${host}/rtc/v1/validate?a=b%20c`, { headers: { authorization: 'Bearer x' } });
    expect([answer.status, await answer.text()]).toEqual([200, 'success']);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(engine.asked).toMatchObject([
      { path: '/rtc/v1', query: 'a=b%20c', authorization: 'Bearer x', remoteAddress: '127.0.0.1' },
    ]);
    const preflight = await fetch(`http://${host}/twirp/livekit.RoomService/ListRooms`, {
      method: 'OPTIONS',
      headers: { 'access-control-request-headers': 'authorization' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
    expect((await fetch(`http://${host}/rtc`)).status).toBe(404);
    expect((await fetch(`http://${host}/rtc/validate`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`http://${host}/other`)).status).toBe(418);
  });

  it('[SG39] hands API calls over, and refuses what is no call or too large', async () => {
    const engine = new ScriptedEngine();
    const host = await serve(engine, { maxBodyBytes: 10 });
    const call = (path: string, body: string, method = 'POST') =>
      fetch(`http://${host}/twirp/${path}`, method === 'POST' ? { method, body } : { method });
    expect(await (await call('livekit.RoomService/ListRooms', '{}')).json()).toEqual({ a: 1 });
    expect(engine.calls).toMatchObject([{ service: 'livekit.RoomService', method: 'ListRooms' }]);
    expect((await call('livekit.RoomService/ListRooms', 'x'.repeat(11))).status).toBe(400);
    expect((await call('livekit.RoomService', '{}')).status).toBe(404);
    expect((await call('a/b/c', '{}')).status).toBe(404);
    expect((await call('livekit.RoomService/ListRooms', '', 'GET')).status).toBe(404);
    expect(engine.calls).toHaveLength(1);
  });

  it('[SG39] refuses an upgrade in HTTP, with status and body; a dead engine is 503', async () => {
    const engine = new ScriptedEngine();
    const host = await serve(engine);
    const refusal = (): Promise<{ status: number; body: string }> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${host}/rtc?x=1`);
        socket.on('unexpected-response', (_request, response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += String(chunk);
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        });
        socket.on('open', () => reject(new Error('was upgraded')));
        socket.on('error', () => {});
      });
    expect((await refusal()).status).toBe(503);
    engine.admission = () =>
      Promise.resolve({ kind: 'refused', answer: { status: 404, contentType: 'text/plain', body: 'no room' } });
    expect(await refusal()).toEqual({ status: 404, body: 'no room' });
  });

  it('[SG39] bridges frames both ways and both ends of closing', async () => {
    const engine = new ScriptedEngine();
    const host = await serve(engine);
    const connection = new ScriptedConnection();
    engine.admission = () => Promise.resolve({ kind: 'accepted', connection });
    const socket = new WebSocket(`ws://${host}/rtc/v1`);
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    await once(socket, 'open');
    await expect.poll(() => messages, SOON).toEqual(['first']);
    socket.send('text is ignored');
    socket.send(Buffer.from('up'));
    await expect.poll(() => connection.received.map((frame) => Buffer.from(frame).toString()), SOON).toEqual(['up']);
    connection.frame(Buffer.from('down'));
    connection.end(1000, 'bye');
    const [code] = await once(socket, 'close');
    expect(code).toBe(1000);
    expect(messages).toEqual(['first', 'down']);
    const second = new ScriptedConnection();
    engine.admission = () => Promise.resolve({ kind: 'accepted', connection: second });
    const other = new WebSocket(`ws://${host}/rtc`);
    await once(other, 'open');
    other.terminate();
    await expect.poll(() => second.isClosed, SOON).toBe(true);
  });

  it('[SG39] a client that went away before the answer closes its session', async () => {
    const engine = new ScriptedEngine();
    const host = await serve(engine);
    const connection = new ScriptedConnection();
    let answer: (admission: SignalAdmission) => void = () => {};
    engine.admission = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const socket = new WebSocket(`ws://${host}/rtc`);
    socket.on('error', () => {});
    await expect.poll(() => engine.asked.length, SOON).toBe(1);
    socket.terminate();
    // The answer may come before or after the server learns of it: the session is closed either way.
    answer({ kind: 'accepted', connection });
    await expect.poll(() => connection.isClosed, SOON).toBe(true);
  });

  it('[SG39] too large a message and too large a backlog end the socket', async () => {
    const engine = new ScriptedEngine();
    const host = await serve(engine, { maxMessageBytes: 100, maxBacklogBytes: 1_000 });
    for (const misbehave of ['message', 'backlog'] as const) {
      const connection = new ScriptedConnection();
      engine.admission = () => Promise.resolve({ kind: 'accepted', connection });
      const socket = new WebSocket(`ws://${host}/rtc`);
      socket.on('error', () => {});
      await once(socket, 'open');
      if (misbehave === 'message') socket.send(Buffer.alloc(200));
      else connection.frame(Buffer.alloc(2_000));
      await once(socket, 'close');
      await expect.poll(() => connection.isClosed, SOON).toBe(true);
    }
  });
});
