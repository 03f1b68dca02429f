import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * Ports below those that systems take for outgoing connections: one that is free stays free until it is listened on, and
 * while its server is away.
 */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const TRIES = 100;
/** Given away already: their servers may not have begun to listen. */
const given = new Set<number>();

async function freePort(isFree: (port: number) => Promise<boolean>): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port in ${TRIES} tries`);
}

/** A TCP port that is free on every address of the machine: the servers under test bind more than the loopback one. */
export function freeTcpPort(): Promise<number> {
  return freePort(
    (port) =>
      new Promise((resolve) => {
        const server = createServer();
        server.once('error', () => resolve(false));
        server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
      }),
  );
}

/** A UDP port that is free on every address of the machine. */
export function freeUdpPort(): Promise<number> {
  return freePort(
    (port) =>
      new Promise((resolve) => {
        const socket = createSocket('udp4');
        socket.once('error', () => {
          socket.close();
          resolve(false);
        });
        socket.bind(port, '0.0.0.0', () => socket.close(() => resolve(true)));
      }),
  );
}
