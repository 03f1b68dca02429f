/** The whole engine, in its worker thread and on a real port: one session from joining to a graceful stop. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { LeaveRequest_Action, SignalRequest, SignalResponse } from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { createEngine, type MediaEngine, startEngine } from './index.ts';
import { KEY, makeToken, SECRET } from './room/testing/world.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 15_000 };

const CONFIG = { keys: { [KEY]: SECRET }, rtc: { port: 0, listenAddresses: ['127.0.0.1'] } };

describe('[SG41] the engine in its worker thread', () => {
  it('[SG41] joins, answers, tells events and stops; its port is free afterwards', async () => {
    const engine: MediaEngine = await startEngine(CONFIG);
    const [address] = engine.addresses;
    expect(address).toMatchObject({ protocol: 'udp', address: '127.0.0.1' });
    const events: string[] = [];
    engine.onEvent(({ event }) => events.push(event));
    const query = new URLSearchParams({ access_token: await makeToken({ identity: 'alice' }) }).toString();
    const admission = await engine.openSignal({ path: '/rtc', query, authorization: null, remoteAddress: '127.0.0.1' });
    if (admission.kind === 'refused') throw new Error(String(admission.answer.body));
    const received: SignalResponse['message'][] = [];
    const closed: number[] = [];
    admission.connection.onFrame((frame) => received.push(SignalResponse.fromBinary(frame).message));
    admission.connection.onClose((code) => closed.push(code));
    await expect
      .poll(() => received.slice(0, 3).map((message) => message.case), SOON)
      .toEqual(['join', 'offer', 'refreshToken']);
    admission.connection.receive(new SignalRequest({ message: { case: 'ping', value: 1n } }).toBinary());
    await expect.poll(() => received.some((message) => message.case === 'pong'), SOON).toBe(true);
    await engine.stop(5_000);
    expect(received.at(-1)).toMatchObject({ case: 'leave', value: { action: LeaveRequest_Action.RECONNECT } });
    expect(closed).toEqual([1000]);
    expect(events).toEqual(['room_started', 'participant_connection_aborted', 'room_finished']);
    const socket = createSocket('udp4').bind(address?.port, '127.0.0.1');
    await once(socket, 'listening');
    socket.close();
  }, 60_000);

  it('[SG42] a busy port and a wrong setting are errors at the start', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    await expect(createEngine({ ...CONFIG, rtc: { ...CONFIG.rtc, port } })).rejects.toThrow();
    socket.close();
    await expect(startEngine({ ...CONFIG, webhooks: { apiKey: 'unknown' } })).rejects.toThrow('no configured key');
    await expect(createEngine({ keys: {} })).rejects.toThrow('no API key');
  });
});
