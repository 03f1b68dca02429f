import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { roomsigAnswerSchema } from '@lianmai/protocol';
import { RoomServiceClient } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from './app.ts';
import { configSchema } from './config/schema.ts';
import { createLogger } from './http/logger.ts';
import { FakeMedia } from './testing/fake-engine.ts';
import { Harness } from './testing/harness.ts';

let harness: Harness;
const dataDir = mkdtempSync(join(tmpdir(), 'lianmai-app-'));

beforeAll(async () => {
  const config = configSchema.parse({
    dataDir,
    http: { port: 0, host: '127.0.0.1', tls: 'off' },
    media: { rtcPort: 0 },
    log: { level: 'silent' },
  });
  const server = await startServer(config, createLogger(config.log));
  const unused = new FakeMedia(() => server.credentials.api);
  harness = new Harness(server, unused, dataDir, []);
});
afterAll(async () => {
  await harness.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

describe('the whole server with the embedded engine', () => {
  it('[FN42] tells the ports of its media', () => {
    expect(harness.server.mediaAddresses.length).toBeGreaterThan(0);
    for (const { port, protocol } of harness.server.mediaAddresses) {
      expect(port).toBeGreaterThan(0);
      expect(['udp', 'tcp']).toContain(protocol);
    }
  });

  it("[FN42] its engine takes roomsig's token, until the user is removed; and again when let in", async () => {
    const [owner, member] = [await harness.guest(), await harness.guest()];
    const roomID = 42;
    await harness.call('webrtc-create-room', { roomID }, owner);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, member);
    const { token, url } = roomsigAnswerSchema.parse((await harness.roomsig(signInfo, roomID)).body).RspBody;
    const validate = async () => {
      const response = await fetch(`${url.replace('ws', 'http')}/rtc/validate?access_token=${token}`);
      return response.status;
    };
    expect(await validate()).toBe(200);
    await harness.call('webrtc-kick-member', { roomID, memberID: member.userId }, owner);
    expect([401, 403]).toContain(await validate());
    await harness.call('webrtc-kick-member', { roomID, memberID: member.userId, kick: false }, owner);
    expect(await validate()).toBe(200);
  });

  it("[FN42] LiveKit's server SDK works against it with the API key, and no participant's token does", async () => {
    const { api } = harness.server.credentials;
    const client = new RoomServiceClient(harness.base, api.key, api.secret);
    await client.createRoom({ name: 'by-the-sdk' });
    expect((await client.listRooms()).map((room) => room.name)).toContain('by-the-sdk');
    const user = await harness.guest();
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID: 43 }, user);
    const { token } = roomsigAnswerSchema.parse((await harness.roomsig(signInfo, 43)).body).RspBody;
    for (const method of ['ListRooms', 'CreateRoom', 'DeleteRoom', 'ListParticipants', 'RemoveParticipant']) {
      const response = await fetch(`${harness.base}/twirp/livekit.RoomService/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ name: 'by-the-sdk', room: 'by-the-sdk', identity: 'x' }),
      });
      expect([401, 403], method).toContain(response.status);
    }
    await client.deleteRoom('by-the-sdk');
  });

  it('[FN42] comparing, muting and dissolving reach it', async () => {
    const user = await harness.guest();
    await harness.call('webrtc-create-room', { roomID: 44 }, user);
    await harness.server.services.presence.reconcile();
    const event = { roomID: 44, memberID: user.userId, kind: 'video' };
    expect(await harness.code('webrtc-mute-member', event, user)).toBe(0);
    expect(await harness.code('webrtc-dissolve-room', { roomID: 44 }, user)).toBe(0);
  });
});
