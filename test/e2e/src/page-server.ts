import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HTML =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>harness</title><body><script src="/harness.js"></script></body></html>';

/** Serves the test page: livekit-client as published, with the harness around it. */
export async function startPageServer(): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('../pages/harness.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    sourcemap: 'inline',
    logLevel: 'error',
  });
  const script = bundle.outputFiles[0]?.contents;
  if (script === undefined) throw new Error('the test page did not build');
  const server: Server = createServer((request, response) => {
    if (request.url === '/harness.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    } else {
      response.writeHead(200, { 'content-type': 'text/html' }).end(HTML);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
