/** The whole gateway on a media service in memory: what its doors and its end do with rooms. */
import { buildStreamName, PHONE_CODES, PRIVILEGE } from '@lianmai/protocol';
import { deriveStreamKey, signStreamTicket } from '@lianmai/tickets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatewayConfigSchema } from './config.ts';
import { createGateway, type LocalGateway } from './gateway.ts';
import { FakeLink } from './room/testing/fake-link.ts';
import { RtmpClient } from './rtmp/testing/client.ts';

const TICKET_KEY = '0123456789012345678901234567890123456789';
const BASES = { rtmp: 'rtmp://h', http: 'http://h' };

let privileges: number;
let link: FakeLink;
let gateway: LocalGateway;
beforeAll(async () => {
  link = new FakeLink();
  gateway = await createGateway(
    {
      sdkAppId: 1,
      ticketKey: TICKET_KEY,
      rtmp: { port: 0, host: '127.0.0.1' },
      media: { kind: 'in-process' },
      logLevel: 'silent',
    },
    {
      link,
      host: {
        admit: async () => ({ kind: 'admitted', userName: 'Anna', ownerId: 'owner', privileges }),
        mediaToken: async ({ user }) =>
          JSON.stringify({ identity: user?.userId ?? '~watcher', name: '', hidden: user === null }),
        act: async () => 'ok',
      },
    },
  );
}, 30_000);
afterAll(() => gateway.stop(1_000));

function ticket(direction: 'push' | 'signal'): string {
  return signStreamTicket(deriveStreamKey(TICKET_KEY), {
    direction,
    sdkAppId: 1,
    roomId: '77',
    userId: 'anna',
    viewerId: 'anna',
    privileges: 255,
    streamType: 'main',
    tracks: { video: true, audio: true },
    expiresAt: Math.floor(Date.now() / 1000) + 60,
  });
}

async function push(): Promise<RtmpClient> {
  const client = await RtmpClient.connect({ host: '127.0.0.1', port: gateway.rtmpPort, app: 'live' });
  const name = buildStreamName({ sdkAppId: 1, roomId: '77', userId: 'anna' });
  await client.publish(`${name}?${ticket('push')}`);
  return client;
}

describe('the settings', () => {
  it('[PD26] a question to the server must be over before the time of an RTMP door', () => {
    const settings = { sdkAppId: 1, ticketKey: TICKET_KEY, media: { kind: 'in-process' } };
    const rtmp = { port: 0, limits: { setupMs: 8_000 } };
    expect(() => gatewayConfigSchema.parse({ ...settings, rtmp })).toThrow('hostTimeoutMs');
    expect(gatewayConfigSchema.parse({ ...settings, rtmp, hostTimeoutMs: 7_999 }).hostTimeoutMs).toBe(7_999);
  });
});

describe('doors', () => {
  it('[PS12] a push with neither send bit makes no room and no participant; where he is known he is told', async () => {
    privileges = PRIVILEGE.enterRoom;
    await expect(push()).rejects.toThrow(PHONE_CODES.notAllowed.message);
    expect([(await gateway.stats()).rooms, link.joins]).toEqual([0, 0]);
    const admission = await gateway.openSignal({ ticket: ticket('signal'), bases: BASES, remoteAddress: '' });
    if (admission.kind === 'refused') throw new Error(admission.message);
    const frames: string[] = [];
    admission.connection.onFrame((frame) => frames.push(JSON.parse(frame).type));
    await expect(push()).rejects.toThrow();
    expect(frames).toContain('refused');
    expect((await gateway.stats()).rooms).toBe(1);
  });
});

describe('the end', () => {
  it('[PS37] comes within its time, also when the media service does not let go', async () => {
    const admission = await gateway.openSignal({ ticket: ticket('signal'), bases: BASES, remoteAddress: '' });
    if (admission.kind === 'refused') throw new Error(admission.message);
    const closed = new Promise<string>((resolve) => admission.connection.onClose((_code, reason) => resolve(reason)));
    let letGo = () => {};
    link.close = () => new Promise((resolve) => (letGo = resolve));
    await gateway.stop(100);
    expect(await closed).toBe('server-restart');
    letGo();
  });
});
