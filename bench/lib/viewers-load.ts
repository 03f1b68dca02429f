/**
 * Viewers that read everything and look at nothing, in a process of their own. Told over IPC: `{open, kind, port, name}`,
 * `{mark}` and `{close}`; tells `{ready}` when every one has got media, and `{bytes}` since the mark at close.
 */
import { connect, type Socket } from 'node:net';
import { RtmpClient } from '../../packages/gateway/src/rtmp/testing/client.ts';

interface Open {
  readonly open: number;
  readonly kind: 'flv' | 'rtmp';
  readonly port: number;
  readonly name: string;
}

const sockets: Socket[] = [];
let bytes = 0;

function drain(socket: Socket): Promise<void> {
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    let got = 0;
    socket.on('data', (data: Buffer) => {
      got += data.length;
      bytes += data.length;
      if (got > 2_000) resolve();
    });
    socket.once('close', () => reject(new Error('a viewer was closed')));
    socket.on('error', reject);
  });
}

async function openFlv(port: number, name: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.write(`GET /live/${name}.flv HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  await drain(socket);
}

async function openRtmp(port: number, name: string): Promise<void> {
  const client = await RtmpClient.connect({ host: '127.0.0.1', port, app: 'live' });
  await client.play(name);
  // From here on nothing is parsed: the load must cost little.
  client.socket.removeAllListeners('data');
  await drain(client.socket);
}

process.on('message', async (message: Open | { readonly close: true } | { readonly mark: true }) => {
  if ('mark' in message) {
    bytes = 0;
    process.send?.({ marked: true });
    return;
  }
  if ('close' in message) {
    for (const socket of sockets.splice(0)) {
      socket.removeAllListeners('close');
      socket.on('close', () => {});
      socket.destroy();
    }
    process.send?.({ bytes });
    bytes = 0;
    return;
  }
  const { open, kind, port, name } = message;
  try {
    for (let i = 0; i < open; i += 20) {
      const some = Array.from({ length: Math.min(20, open - i) }, () =>
        kind === 'flv' ? openFlv(port, name) : openRtmp(port, name),
      );
      await Promise.all(some);
    }
    process.send?.({ ready: true });
  } catch (error) {
    process.send?.({ failed: error instanceof Error ? error.message : 'unknown' });
  }
});
process.once('disconnect', () => process.exit(0));
