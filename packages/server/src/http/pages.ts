import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** The web app: its files, and its page for the addresses that it routes itself. */
export async function registerPages(app: FastifyInstance, webDir: string): Promise<void> {
  const built = existsSync(join(webDir, 'index.html'));
  if (!built) {
    const missing = 'The web app is not built. Run "npm run build", then reload.\n';
    for (const path of ['/', '/r/:roomID']) {
      app.get(path, (_request, reply) => reply.type('text/plain; charset=utf-8').send(missing));
    }
    return;
  }
  await app.register(fastifyStatic, {
    root: webDir,
    wildcard: false,
    index: false,
    maxAge: '1h',
    setHeaders(reply, path) {
      // Built files carry a hash of their content in the name; the page itself names them and must be fresh.
      if (path.includes('/assets/')) reply.header('cache-control', 'public, max-age=31536000, immutable');
    },
  });
  const page = { maxAge: 0, immutable: false, cacheControl: false };
  for (const path of ['/', '/r/:roomID']) {
    app.get(path, (_request, reply) => reply.header('cache-control', 'no-cache').sendFile('index.html', page));
  }
  // To a person at a wrong address the page says so itself, in his language; programs get the plain answer.
  app.get('/*', (request, reply) => {
    if (request.headers.accept?.includes('text/html') !== true) return reply.callNotFound();
    return reply.code(404).header('cache-control', 'no-cache').sendFile('index.html', page);
  });
}
