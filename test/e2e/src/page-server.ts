import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The test pages: livekit-client with the harness around it, and mpegts.js with one. */
const PAGES = { '/': 'harness', '/player': 'player' } as const;

/** Serves the test pages: the SDKs as published, with a harness around each. */
export async function startPageServer(): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const files = new Map<string, { readonly type: string; readonly body: Uint8Array }>();
  for (const [path, name] of Object.entries(PAGES)) {
    const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><body><script src="/${name}.js"></script></body></html>`;
    files.set(path, { type: 'text/html', body: Buffer.from(html) });
    files.set(`/${name}.js`, { type: 'text/javascript', body: await bundle(name) });
  }
  const server: Server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': file.type }).end(file.body);
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

async function bundle(name: string): Promise<Uint8Array> {
  const built = await build({
    entryPoints: [fileURLToPath(new URL(`../pages/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    // Every page of every test reads it: with its source map it is five times as long. Names stay, for failures.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'error',
  });
  const script = built.outputFiles[0]?.contents;
  if (script === undefined) throw new Error(`the test page ${name} did not build`);
  return script;
}
