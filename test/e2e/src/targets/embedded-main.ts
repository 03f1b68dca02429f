/** Process of the embedded target: the engine behind a bare HTTP server, as `lianmai serve` hangs it on its own. */
import { createServer } from 'node:http';
import { attachEngine, type EngineConfigInput, SIGNAL_MAX_HEADER_BYTES, startEngine } from '@lianmai/media';

interface Setup {
  readonly port: number;
  readonly engine: EngineConfigInput;
}

const setup = JSON.parse(process.env['LIANMAI_E2E_SETUP'] ?? '{}') as Setup;
const engine = await startEngine(setup.engine);
engine.onRestart((reason) => console.error(`the engine was started anew: ${reason}`));
const attachment = attachEngine(engine);
const server = createServer({ maxHeaderSize: SIGNAL_MAX_HEADER_BYTES }, (request, response) => {
  if (attachment.handleRequest(request, response)) return;
  response.writeHead(request.url === '/' ? 200 : 404, { 'access-control-allow-origin': '*' });
  response.end(request.method === 'HEAD' ? undefined : 'OK');
});
server.on('upgrade', (request, socket, head) => {
  if (!attachment.handleUpgrade(request, socket, head)) socket.destroy();
});
server.listen(setup.port, '127.0.0.1');

process.once('SIGTERM', () => {
  engine
    .stop(2_000)
    .catch((error: unknown) => console.error(error))
    .finally(() => {
      attachment.close();
      server.close();
      server.closeAllConnections();
      process.exit(0);
    });
});
