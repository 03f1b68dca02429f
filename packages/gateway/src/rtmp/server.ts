/** The RTMP server over TCP: takes connections within the limits and keeps their time. */
import { createServer, type Server, type Socket } from 'node:net';
import { plainAddress } from '../doors/address.ts';
import { ConnectionSlots } from '../doors/slots.ts';
import type { ViewEnd } from '../stream/types.ts';
import { Connection } from './connection.ts';
import type { RtmpServer, RtmpServerOptions } from './types.ts';

const TICK_MS = 250;
/** How long {@link RtmpServer.close} waits for farewells to be fetched. */
const CLOSE_MS = 1_000;
const TROUBLE = { full: 'too many connections', 'address-full': 'too many connections of one address' } as const;

/** Listens; rejects with the system's error when the port cannot be had. */
export async function createRtmpServer(options: RtmpServerOptions): Promise<RtmpServer> {
  const { limits } = options;
  const connections = new Set<Connection>();
  const slots = new ConnectionSlots(limits);
  let closing: Promise<void> | null = null;
  let onEmpty: (() => void) | null = null;

  const accept = (socket: Socket): void => {
    if (socket.destroyed) return;
    const remoteAddress = plainAddress(socket.remoteAddress ?? '');
    const slot = closing === null ? slots.take(remoteAddress) : null;
    if (typeof slot !== 'function') {
      socket.on('error', () => {});
      socket.destroy();
      if (slot !== null) options.onTrouble?.(remoteAddress, TROUBLE[slot]);
      return;
    }
    const connection = new Connection(socket, remoteAddress, options);
    connections.add(connection);
    socket.once('close', () => {
      connections.delete(connection);
      slot();
      if (connections.size === 0) onEmpty?.();
    });
  };

  const server = createServer({ noDelay: true }, accept);
  await listen(server, options.port, options.host).catch((error: unknown) => {
    // A machine without IPv6: every address is every IPv4 address then.
    if (options.host === '::' && isNoIpv6(error)) return listen(server, options.port, '0.0.0.0');
    throw error;
  });
  // Out of file descriptors and the like: those who are here stay.
  server.on('error', () => options.onTrouble?.('', 'a connection could not be accepted'));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;

  const ticker = setInterval(() => {
    const now = options.clock();
    for (const connection of connections) connection.tick(now);
  }, TICK_MS);
  ticker.unref();

  const close = async (reason: ViewEnd): Promise<void> => {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    const empty = new Promise<void>((resolve) => {
      onEmpty = resolve;
    });
    if (connections.size > 0) {
      for (const connection of connections) connection.stop(reason);
      const timer = setTimeout(() => {
        for (const connection of connections) connection.destroy();
      }, CLOSE_MS);
      await empty;
      clearTimeout(timer);
    }
    clearInterval(ticker);
    await stopped;
  };

  return {
    port,
    get connections() {
      return connections.size;
    },
    accept,
    close(reason) {
      closing ??= close(reason);
      return closing;
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isNoIpv6(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
}
