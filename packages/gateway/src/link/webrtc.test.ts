import { JoinResponse, SignalResponse } from '@livekit/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { Lab, PATIENCE } from './contract/lab.ts';
import { publish, subscribe } from './contract/media.ts';
import { linkContract } from './contract.ts';
import { DEFAULT_LINK_LIMITS } from './limits.ts';
import { joinRequest } from './requests.ts';
import type { SignalIn } from './signal.ts';
import { SignalLine } from './signal-line.ts';
import { startEmbedded } from './testing/embedded.ts';
import { freeTcpPort } from './testing/proxy.ts';
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
    const link = createWebRtcLink({ url: `ws://127.0.0.1:${await freeTcpPort()}`, clock: () => performance.now() });
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
        expect(used()[0]).toBeGreaterThan(before[0]!);
        pump.stop();
        await lab.close();
      };
      let before = [0, 0, 0];
      await visit();
      before = used();
      for (let i = 0; i < 3; i++) await visit();
      await expect.poll(() => used().every((count, i) => count <= before[i]!), PATIENCE).toBe(true);
    } finally {
      await server.stop();
    }
  }, 40_000);
});

describe('the signal', () => {
  let server: WebSocketServer | null = null;
  afterEach(() => {
    server?.close();
    server = null;
  });

  it('[LK32] broken frames, text, and what comes before the first answer are left out', async () => {
    const join = new SignalResponse({ message: { case: 'join', value: new JoinResponse({ serverVersion: '1' }) } });
    const pong = new SignalResponse({ message: { case: 'pong', value: 7n } });
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const opened = server;
    await new Promise((resolve) => opened.once('listening', resolve));
    opened.on('connection', (socket) => {
      socket.send(pong.toBinary());
      socket.send(Buffer.from([0xff, 0xff, 0xff]));
      socket.send('text');
      socket.send(join.toBinary());
      socket.send(Buffer.alloc(50, 0xee));
      socket.send(pong.toBinary());
    });
    const address = opened.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const heard: SignalIn['case'][] = [];
    const line = new SignalLine(
      { url: `ws://127.0.0.1:${port}`, limits: DEFAULT_LINK_LIMITS, clock: () => performance.now() },
      { onMessage: (message) => heard.push(message.case), onClosed: () => heard.push('leave') },
    );
    await line.enter('token', joinRequest({ sdp: '', id: 1 }));
    await expect.poll(() => heard, PATIENCE).toEqual(['join', 'pong']);
    await line.close();
  });
});
