import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { LocalAddress } from './addresses.ts';

/** One bound UDP socket. */
export interface BoundSocket {
  readonly socket: Socket;
  readonly local: LocalAddress;
}

/** Kernel buffers: a keyframe's burst from many publishers must fit while this thread is busy. The kernel may cap it. */
const KERNEL_BUFFER = 4 * 1024 * 1024;
/** Ports to try when any will do: one that is free on the first address may be taken on the next. */
const ATTEMPTS = 20;

/**
 * Binds every address to one port number (0 = any that is free on all). Addresses that vanish or cannot be bound are
 * left out when `required` is false, as long as one remains. Throws the system's error otherwise.
 */
export async function bindAll(
  addresses: readonly LocalAddress[],
  port: number,
  required: boolean,
): Promise<BoundSocket[]> {
  let last: unknown = new Error('No address to bind');
  for (let attempt = 0; attempt < (port === 0 ? ATTEMPTS : 1); attempt++) {
    const bound: BoundSocket[] = [];
    let chosen = port;
    let clash = false;
    for (const local of addresses) {
      try {
        const socket = await bindOne(local, chosen);
        chosen = socket.address().port;
        bound.push({ socket, local });
      } catch (error) {
        last = error;
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        clash = code === 'EADDRINUSE';
        if (clash || required) break;
      }
    }
    const complete = required ? bound.length === addresses.length : !clash && bound.length > 0;
    if (complete) return bound;
    for (const { socket } of bound) socket.close();
    if (!clash) break;
  }
  throw last;
}

function bindOne(local: LocalAddress, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: local.family === 6 ? 'udp6' : 'udp4',
      ipv6Only: local.family === 6,
      // Only numeric addresses are sent to. Answering at once lets a send happen at once, before its buffer is used again.
      lookup: (host, _options, callback) => {
        callback(null, host, local.family);
      },
    });
    socket.once('error', reject);
    socket.bind({ address: local.address, port, exclusive: true }, () => {
      socket.off('error', reject);
      // Errors of single datagrams (unreachable, too long) concern nobody else.
      socket.on('error', () => {});
      try {
        socket.setRecvBufferSize(KERNEL_BUFFER);
        socket.setSendBufferSize(KERNEL_BUFFER);
      } catch {
        // The system's default then.
      }
      resolve(socket);
    });
  });
}

export type { RemoteInfo };
