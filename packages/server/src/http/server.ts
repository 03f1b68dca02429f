import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { SIGNAL_MAX_HEADER_BYTES } from '@lianmai/media';
import { LianmaiError } from '@lianmai/protocol';
import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { refuse } from '../functions/host.ts';
import { ROOMSIG_PATHS, roomsigFailure } from '../roomsig/route.ts';
import type { TrustedProxies } from './proxies.ts';
import { registerSecurity } from './security.ts';
import type { TlsFiles } from './tls.ts';

/** A part of the port that is served below Fastify: the media engine's, and the phones'. */
export interface RawRoutes {
  /** True when the request was its own (it will be answered); false: nothing was touched. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

export interface HttpServerParts {
  readonly config: Config;
  readonly log: Logger;
  readonly proxies: TrustedProxies;
  readonly tls: TlsFiles | null;
  readonly raw: readonly RawRoutes[];
}

/** A request's head may take this long; slow ones are dropped. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** One port for everything: the engine takes what is LiveKit's, the phones' doors theirs, Fastify the rest. Routes are added by the caller. */
export function createHttpServer(parts: HttpServerParts): FastifyInstance {
  const { config, log, proxies } = parts;
  const loggerInstance: FastifyBaseLogger = log;
  const app: FastifyInstance = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.limits.bodyBytes,
    trustProxy: proxies.any ? (address: string) => proxies.trusts(address) : false,
    forceCloseConnections: true,
    genReqId: requestIds(),
    routerOptions: { maxParamLength: 128 },
    serverFactory: (handler) => listen(handler, parts),
  });

  // Clients of these addresses say many things about what they send; it is JSON all the same, or nothing.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (request.url.startsWith('/webhooks/')) return done(null, body);
    if (body === '') return done(null, undefined);
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(new LianmaiError('invalidArgument', 'The body is not JSON.'));
    }
  });

  app.addHook('onResponse', async (request, reply) => {
    if (!log.isLevelEnabled('debug')) return;
    request.log.debug({ req: request, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered');
  });

  app.setErrorHandler<FastifyError | LianmaiError>((error, request, reply) => {
    const known = asLianmaiError(error);
    if ((ROOMSIG_PATHS as readonly string[]).includes(request.routeOptions.url ?? '')) {
      return reply.code(200).send(roomsigFailure(request, known));
    }
    return reply.send(refuse(request, reply, known));
  });
  app.setNotFoundHandler((request, reply) => {
    reply.code(404);
    if (request.url.startsWith('/functions'))
      return reply.send(refuse(request, reply, new LianmaiError('noSuchFunction')));
    return reply.type('text/plain; charset=utf-8').send('There is nothing at this address.\n');
  });

  const publicHttps = config.http.publicUrl.startsWith('https:');
  registerSecurity(app, { https: publicHttps, corsOrigins: config.http.corsOrigins });
  app.get('/healthz', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
  return app;
}

function listen(handler: RequestListener, { config, tls, raw }: HttpServerParts): Server {
  const onRequest: RequestListener = (request, response) => {
    if (!raw.some((routes) => routes.handleRequest(request, response))) handler(request, response);
  };
  const options = { maxHeaderSize: SIGNAL_MAX_HEADER_BYTES };
  const server =
    tls === null
      ? createServer(options, onRequest)
      : createTlsServer({ ...options, cert: tls.cert, key: tls.key }, onRequest);
  server.maxConnections = config.limits.connections;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.on('upgrade', (request, socket, head) => {
    // Node hands the socket over without a listener: a client that resets it would end the process.
    socket.on('error', () => socket.destroy());
    if (raw.some((routes) => routes.handleUpgrade(request, socket, head))) return;
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  return server;
}

/** Short ids that no client can choose, unique over restarts for all practical purposes. */
function requestIds(): () => string {
  const start = Date.now().toString(36);
  let count = 0;
  return () => `${start}-${(++count).toString(36)}`;
}

function asLianmaiError(error: FastifyError | LianmaiError): unknown {
  if (error instanceof LianmaiError) return error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new LianmaiError('requestTooLarge');
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new LianmaiError('invalidArgument', 'The request cannot be read.');
  }
  return error;
}
