import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PhoneSignalConnection } from '@lianmai/gateway';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createSignalDoor } from './signal-door.ts';

it('[PD12] rooms that do not answer hold no socket for ever, and their late yes opens nothing', async () => {
  let answer: (connection: PhoneSignalConnection) => void = () => {};
  let gone = 0;
  let held = 0;
  const door = createSignalDoor({
    open: () => new Promise((resolve) => (answer = (connection) => resolve({ kind: 'accepted', connection }))),
    onAccepted: () => {
      held++;
      return () => {};
    },
    maxFrameBytes: 1_000,
    maxBacklogBytes: 1_000,
    admissionMs: 10,
  });
  const server = createServer().listen(0, '127.0.0.1');
  server.on('upgrade', (request, socket, head) =>
    door.accept(request, socket, head, { ticket: '', bases: { rtmp: '', http: '' }, remoteAddress: '' }),
  );
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const phone = new WebSocket(`ws://127.0.0.1:${port}/signal`);
  const [code] = await once(phone, 'close');
  expect(code).toBe(1012);
  answer({ onFrame: () => {}, onClose: () => {}, receive: () => {}, closed: () => void gone++ });
  await expect.poll(() => gone).toBe(1);
  expect(held).toBe(0);
  door.close();
  server.close();
});
