import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { openApiDocument } from '../functions/openapi.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** What the documentation page renders. */
    swagger(): object;
  }
}

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" width="150" height="40"><text x="4" y="28" font-family="sans-serif" font-size="22" fill="#fff">Lianmai 连麦</text></svg>';

/** `GET /openapi.json`, and the same for people at `GET /docs`; everything is served from here, nothing from elsewhere. */
export async function registerDocs(app: FastifyInstance): Promise<void> {
  const document = openApiDocument();
  app.get('/openapi.json', (_request, reply) => reply.header('access-control-allow-origin', '*').send(document));
  const { default: swaggerUi } = await import('@fastify/swagger-ui');
  app.decorate('swagger', () => document);
  await app.register(ownDocument);
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP:
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'",
    uiConfig: { docExpansion: 'list', deepLinking: true, displayRequestDuration: true },
    theme: { title: 'Lianmai API' },
    logo: { type: 'image/svg+xml', content: LOGO },
  });
}

/**
 * The page's plugin asks for the plugin that would make the document from Fastify's routes. Ours is made from the
 * protocol's schemas, so this stands in its place under its name.
 */
const ownDocument: FastifyPluginCallback = Object.assign(
  (_app: FastifyInstance, _options: object, done: () => void) => done(),
  { [Symbol.for('skip-override')]: true, [Symbol.for('plugin-meta')]: { name: '@fastify/swagger' } },
);
