import { randomBytes } from 'node:crypto';
import { Socket } from 'node:dgram';
import { afterEach, expect, it, vi } from 'vitest';
import { createTransport } from './index.ts';
import { bindingRequest } from './stun.ts';
import type { Transport } from './types.ts';

let transport: Transport | null = null;
afterEach(async () => {
  vi.restoreAllMocks();
  await transport?.close();
});

it('[TP73] an authentic check from port 0 is not answered and ends nothing', async () => {
  const bind = vi.spyOn(Socket.prototype, 'bind');
  transport = await createTransport({
    port: 0,
    listenAddresses: ['127.0.0.1'],
    announcedAddresses: [],
    workerTag: 'w0',
    slots: 8,
    disconnectedAfterMs: 5_000,
    failedAfterMs: 10_000,
    limits: { maxPeers: 2, maxUnauthenticatedStunPerSecond: 10, maxHandshakes: 2, handshakeTimeoutMs: 5_000 },
    clock: () => performance.now(),
  });
  const socket = bind.mock.contexts[0] as Socket;
  const peer = transport.createPeer({ onState() {}, onRtp() {}, onRtcp() {}, onData() {} });
  const { usernameFragment, password } = transport.localIce(peer);
  const check = bindingRequest({
    transactionId: randomBytes(12),
    username: `${usernameFragment}:them`,
    password,
    role: 'controlling',
    useCandidate: true,
  });
  // The kernel hands such datagrams over; only raw sockets can send them.
  const from = (port: number) => ({ address: '127.0.0.1', family: 'IPv4', port, size: check.length });
  expect(() => socket.emit('message', check, from(0))).not.toThrow();
  expect(transport.state(peer)).toBe('new');
  socket.emit('message', check, from(9));
  expect(transport.state(peer)).toBe('checking');
});
