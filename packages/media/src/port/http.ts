/**
 * Hangs an engine on a `node:http` server: LiveKit's signal WebSocket, its validation and its server API. Whatever else
 * the server serves (`HEAD /` among it, which browsers use as an online check) is the caller's.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { MediaEngine, PlainAnswer, SignalConnection, SignalRequest } from './types.ts';

export interface AttachOptions {
  /** Address of the client, when a trusted proxy stands before us. Default: the socket's. */
  readonly clientAddress?: (request: IncomingMessage) => string;
  /** Bytes of one signal message. */
  readonly maxMessageBytes?: number;
  /** Bytes waiting on one WebSocket; beyond it the socket is closed and the client resumes. */
  readonly maxBacklogBytes?: number;
  /** Bytes of one server API call. */
  readonly maxBodyBytes?: number;
}

export interface EngineAttachment {
  /** True when the request was the engine's (it will be answered); false = not ours, nothing was touched. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
  /** True when the upgrade was the engine's; false = not ours, nothing was touched. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Drops every WebSocket at once. Call after {@link MediaEngine.stop}. */
  close(): void;
}

/**
 * What the HTTP server must accept as request head: tokens with metadata and offers travel in the URL. Give it to
 * `createServer({ maxHeaderSize })`; Node's own default (16 KiB) turns such clients away with 431. Compressed, the offer of a
 * call with a hundred sections takes less than half of it; more would let idle connections hold much memory.
 */
export const SIGNAL_MAX_HEADER_BYTES = 256 * 1024;

const TWIRP = '/twirp/';
const SIGNAL_PATHS: Readonly<Record<string, SignalRequest['path']>> = {
  '/rtc': '/rtc',
  '/rtc/v1': '/rtc/v1',
  '/rtc/validate': '/rtc',
  '/rtc/v1/validate': '/rtc/v1',
};

export function attachEngine(engine: MediaEngine, options: AttachOptions = {}): EngineAttachment {
  const maxBacklog = options.maxBacklogBytes ?? 4_000_000;
  const maxBody = options.maxBodyBytes ?? 1_000_000;
  const addressOf = options.clientAddress ?? ((request) => request.socket.remoteAddress ?? '');
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes ?? 512_000,
    perMessageDeflate: false,
    clientTracking: true,
  });

  function signalRequest(request: IncomingMessage, path: SignalRequest['path'], query: string): SignalRequest {
    return {
      path,
      query,
      authorization: request.headers.authorization ?? null,
      remoteAddress: addressOf(request),
    };
  }

  return {
    handleRequest(request, response) {
      const { path, query } = splitUrl(request.url ?? '');
      if (path.startsWith(TWIRP)) {
        if (!preflight(request, response)) void handleApi(engine, request, response, path, maxBody);
        return true;
      }
      const form = SIGNAL_PATHS[path];
      if (form === undefined) return false;
      if (preflight(request, response)) return true;
      const asked = signalRequest(request, form, query);
      if (path.endsWith('/validate')) {
        if (request.method !== 'GET' && request.method !== 'HEAD') {
          writeAnswer(request, response, plain(405, 'method not allowed\n'));
          return true;
        }
        engine.validate(asked).then(
          (answer) => writeAnswer(request, response, answer),
          () => writeAnswer(request, response, plain(503, 'the media engine is not available\n')),
        );
      } else {
        // A signal address without an upgrade: LiveKit answers 404 as well.
        writeAnswer(request, response, plain(404, 'a WebSocket is expected here\n'));
      }
      return true;
    },

    handleUpgrade(request, socket, head) {
      const { path, query } = splitUrl(request.url ?? '');
      if (path !== '/rtc' && path !== '/rtc/v1') return false;
      let gone = false;
      const onEarlyEnd = () => {
        gone = true;
      };
      socket.on('error', onEarlyEnd);
      socket.on('close', onEarlyEnd);
      engine.openSignal(signalRequest(request, path, query)).then(
        (admission) => {
          socket.off('close', onEarlyEnd);
          if (admission.kind === 'refused') {
            refuseUpgrade(socket, admission.answer);
            return;
          }
          if (gone || socket.destroyed) {
            admission.connection.closed();
            return;
          }
          let upgraded = false;
          socket.once('close', () => {
            if (!upgraded) admission.connection.closed();
          });
          sockets.handleUpgrade(request, socket, head, (webSocket) => {
            upgraded = true;
            socket.off('error', onEarlyEnd);
            bridge(webSocket, admission.connection, maxBacklog);
          });
        },
        () => refuseUpgrade(socket, plain(503, 'the media engine is not available\n')),
      );
      return true;
    },

    close() {
      for (const webSocket of sockets.clients) webSocket.terminate();
      sockets.close();
    },
  };
}

/** Copies frames both ways and enforces the backlog: reliable signalling cannot drop, so it disconnects. */
function bridge(webSocket: WebSocket, connection: SignalConnection, maxBacklog: number): void {
  let ended = false;
  webSocket.on('message', (data, isBinary) => {
    // Every client of today's protocol speaks binary protobuf; text is ignored.
    if (ended || !isBinary) return;
    connection.receive(Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data));
  });
  webSocket.on('close', () => {
    if (ended) return;
    ended = true;
    connection.closed();
  });
  webSocket.on('error', () => webSocket.terminate());
  connection.onFrame((frame) => {
    if (ended || webSocket.readyState !== webSocket.OPEN) return;
    if (webSocket.bufferedAmount + frame.byteLength > maxBacklog) {
      webSocket.terminate();
      return;
    }
    webSocket.send(frame, { binary: true });
  });
  connection.onClose((code, reason) => {
    ended = true;
    webSocket.close(code, reason);
    // A client that never answers the close frame must not hold the socket.
    setTimeout(() => webSocket.terminate(), 2_000).unref();
  });
}

async function handleApi(
  engine: MediaEngine,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  maxBody: number,
): Promise<void> {
  try {
    const [service, method, more] = path.slice(TWIRP.length).split('/');
    if (request.method !== 'POST' || !service || !method || more !== undefined) {
      request.resume();
      writeAnswer(request, response, twirpError(404, 'bad_route', `no handler for path "${path.slice(0, 200)}"`));
      return;
    }
    const body = await readBody(request, maxBody);
    if (body === null) {
      response.setHeader('connection', 'close');
      writeAnswer(request, response, twirpError(400, 'malformed', 'the request is too large'));
      return;
    }
    const answer = await engine.callApi({
      service,
      method,
      contentType: request.headers['content-type'] ?? '',
      authorization: request.headers.authorization ?? null,
      body,
    });
    writeAnswer(request, response, answer);
  } catch {
    writeAnswer(request, response, twirpError(503, 'unavailable', 'the media engine is not available'));
  }
}

/** The whole body, or null when it is larger than allowed. Rejects when the client goes away. */
function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) {
        request.removeAllListeners('data');
        request.resume();
        resolve(null);
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client went away')));
  });
}

function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Answers a CORS preflight, and allows every origin on all other answers: the token is what counts, never a cookie. */
function preflight(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('access-control-allow-origin', '*');
  if (request.method !== 'OPTIONS') return false;
  response.setHeader('access-control-allow-methods', 'GET, HEAD, POST, OPTIONS');
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*');
  response.setHeader('access-control-max-age', '86400');
  response.writeHead(204).end();
  return true;
}

function plain(status: number, body: string): PlainAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function twirpError(status: number, code: string, message: string): PlainAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify({ code, msg: message }) };
}

function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: PlainAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { 'content-type': answer.contentType, 'content-length': body.byteLength });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function refuseUpgrade(socket: Duplex, answer: PlainAnswer): void {
  if (socket.destroyed) return;
  const body = Buffer.from(answer.body);
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Refused'}`,
    `Content-Type: ${answer.contentType}`,
    `Content-Length: ${body.byteLength}`,
    'Access-Control-Allow-Origin: *',
    'Connection: close',
    '',
    '',
  ].join('\r\n');
  socket.end(Buffer.concat([Buffer.from(head), body]));
}
