import type { FastifyInstance } from 'fastify';

/**
 * The page runs our own scripts only; it connects wherever its media service is (LIVEKIT_URL may name another host),
 * shows pictures from memory, and may be framed by nobody.
 */
const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob: data:",
  "font-src 'self' data:",
  "connect-src 'self' ws: wss: http: https:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Security headers on every answer, and CORS where pages of other origins may call. */
export function registerSecurity(
  app: FastifyInstance,
  options: { https: boolean; corsOrigins: readonly string[] },
): void {
  const any = options.corsOrigins.includes('*');

  function allowedOrigin(origin: string | undefined): string | null {
    if (any) return '*';
    return origin !== undefined && options.corsOrigins.includes(origin) ? origin : null;
  }

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    // Nobody needs to know which room somebody comes from, and addresses may hold what opens one.
    reply.header('referrer-policy', 'no-referrer');
    reply.header('content-security-policy', PAGE_POLICY);
    reply.header('permissions-policy', 'camera=(self), microphone=(self), display-capture=(self)');
    reply.header('cross-origin-opener-policy', 'same-origin');
    if (options.https) reply.header('strict-transport-security', 'max-age=15552000');
    if (!isCallable(request.url)) return;
    const origin = allowedOrigin(request.headers.origin);
    if (!any) reply.header('vary', 'origin');
    if (origin === null) return;
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', 'retry-after, x-request-id');
    if (request.method !== 'OPTIONS') return;
    reply.header('access-control-allow-methods', 'POST, OPTIONS');
    reply.header('access-control-allow-headers', 'authorization, content-type');
    reply.header('access-control-max-age', '86400');
  });

  app.options('/functions/*', (_request, reply) => reply.code(204).send());
  app.options('/v4/*', (_request, reply) => reply.code(204).send());
}

function isCallable(url: string): boolean {
  return url.startsWith('/functions/') || url.startsWith('/v4/');
}
