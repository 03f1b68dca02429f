import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import {
  DisconnectReason,
  JoinResponse,
  LeaveRequest,
  LeaveRequest_Action,
  ParticipantInfo,
  SignalResponse,
} from '@livekit/protocol';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Lab, PATIENCE } from './contract/lab.ts';
import { publish, subscribe } from './contract/media.ts';
import { linkContract } from './contract.ts';
import { DEFAULT_LINK_LIMITS } from './limits.ts';
import { joinRequest } from './requests.ts';
import type { SignalIn } from './signal.ts';
import { SignalLine } from './signal-line.ts';
import { startEmbedded } from './testing/embedded.ts';
import { LinkRefused } from './types.ts';
import { createWebRtcLink } from './webrtc.ts';

linkContract({ name: 'over WebRTC to the embedded engine', start: startEmbedded });

const NOBODY = {
  onParticipants() {},
  onChat() {},
  onQuality() {},
  onReconnecting() {},
  onReconnected() {},
  onEnd() {},
};

describe('the link over WebRTC', () => {
  it('[LK2] a server out of reach is an error, not a refusal', async () => {
    // Its port stays taken, so that nobody else answers there.
    const deaf = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    onTestFinished(() => void deaf.close());
    await once(deaf, 'listening');
    const { port } = deaf.address() as AddressInfo;
    const link = createWebRtcLink({ url: `ws://127.0.0.1:${port}`, clock: () => performance.now() });
    const joining = link.join({ token: 'x', renewToken: () => Promise.resolve('x') }, NOBODY);
    const problem = await joining.catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Error);
    expect(problem).not.toBeInstanceOf(LinkRefused);
    await link.close();
  });

  it('[LK26] sockets and timers of a session are gone when it has left', async () => {
    const server = await startEmbedded();
    try {
      const used = () => {
        const kinds = process.getActiveResourcesInfo();
        return ['UDPWrap', 'Timeout', 'TCPSocketWrap'].map((kind) => kinds.filter((one) => one === kind).length);
      };
      const visit = async () => {
        const lab = new Lab(server);
        const [anna, bert] = [await lab.join('anna'), await lab.join('bert')];
        const { pump } = await publish(anna, 'video');
        const { catcher } = await subscribe(bert, 'anna', 'video');
        await expect.poll(() => catcher.packets.length, PATIENCE).toBeGreaterThan(10);
        expect(used()[0]).toBeGreaterThan(idle);
        pump.stop();
        await lab.close();
      };
      const [idle = 0] = used();
      await visit();
      // The first visit may leave what a server keeps; its sockets are closed some time after it.
      let before: number[] = [];
      await expect
        .poll(() => {
          before = used();
          return before[0];
        }, PATIENCE)
        .toBe(idle);
      for (let i = 0; i < 3; i++) await visit();
      await expect.poll(() => used().every((count, i) => count <= before[i]!), PATIENCE).toBe(true);
    } finally {
      await server.stop();
    }
  }, 60_000);
});

describe('the signal', () => {
  let server: WebSocketServer | null = null;
  afterEach(() => {
    for (const client of server?.clients ?? []) client.terminate();
    server?.close();
    server = null;
  });
  /** A media server that says these things to whoever comes, and is silent for ever. */
  async function saying(...said: (SignalResponse | Uint8Array | string)[]): Promise<string> {
    const opened = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server = opened;
    opened.on('connection', (socket) => {
      for (const one of said) socket.send(one instanceof SignalResponse ? one.toBinary() : one);
    });
    await new Promise((resolve) => opened.once('listening', resolve));
    const address = opened.address();
    return `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  it('[LK22] who is removed while media comes up hears of it at once, before the close is through', async () => {
    const participant = new ParticipantInfo({ identity: 'anna', sid: 'PA_1' });
    const leave = new LeaveRequest({
      reason: DisconnectReason.PARTICIPANT_REMOVED,
      action: LeaveRequest_Action.DISCONNECT,
    });
    const url = await saying(
      new SignalResponse({ message: { case: 'join', value: new JoinResponse({ participant }) } }),
      new SignalResponse({ message: { case: 'leave', value: leave } }),
    );
    const open = () => [...(server?.clients ?? [])].map(({ readyState }) => readyState);
    const told: unknown[] = [];
    // Without the goodbye, the join would wait for its media much longer than this test.
    const link = createWebRtcLink({ url, clock: () => performance.now(), limits: { mediaTimeoutMs: 600_000 } });
    const sink = { ...NOBODY, onEnd: (end: string) => told.push(end, open()) };
    const joining = link.join({ token: 'x', renewToken: () => Promise.resolve('x') }, sink);
    await expect(joining).rejects.toThrow(new LinkRefused('the media server said: PARTICIPANT_REMOVED'));
    expect(told).toEqual(['removed', [WebSocket.OPEN]]);
    await link.close();
  });

  it('[LK32] broken frames, text, and what comes before the first answer are left out', async () => {
    const join = new SignalResponse({ message: { case: 'join', value: new JoinResponse({ serverVersion: '1' }) } });
    const pong = new SignalResponse({ message: { case: 'pong', value: 7n } });
    const url = await saying(pong, Buffer.from([0xff, 0xff, 0xff]), 'text', join, Buffer.alloc(50, 0xee), pong);
    const heard: SignalIn['case'][] = [];
    const line = new SignalLine(
      { url, limits: DEFAULT_LINK_LIMITS, clock: () => performance.now() },
      { onMessage: (message) => heard.push(message.case), onClosed: () => heard.push('leave') },
    );
    await line.enter('token', joinRequest({ sdp: '', id: 1 }));
    await expect.poll(() => heard, PATIENCE).toEqual(['join', 'pong']);
    await line.close();
  });
});
