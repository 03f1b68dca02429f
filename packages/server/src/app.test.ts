import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { roomsigAnswerSchema } from '@lianmai/protocol';
import { DisconnectReason, LeaveRequest_Action, SignalResponse } from '@livekit/protocol';
import { RoomServiceClient } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer } from './app.ts';
import { configSchema } from './config/schema.ts';
import { createLogger } from './http/logger.ts';
import { FakeMedia } from './testing/fake-engine.ts';
import { Harness } from './testing/harness.ts';

let harness: Harness;
const dataDir = mkdtempSync(join(tmpdir(), 'lianmai-app-'));

const PUBLIC = '203.0.113.7';
const TURN = { urls: ['turn:turn.example.org:3478?transport=udp'], username: '1790000000:ann', credential: 'once' };

async function start(): Promise<Harness> {
  const config = configSchema.parse({
    dataDir,
    http: { port: 0, host: '127.0.0.1', tls: 'off' },
    media: { rtcPort: 0, announcedIp: [PUBLIC], iceServers: [TURN] },
    log: { level: 'silent' },
  });
  const server = await startServer(config, createLogger(config.log));
  const unused = new FakeMedia(() => server.credentials.api);
  return new Harness(server, unused, dataDir, []);
}

beforeAll(async () => {
  harness = await start();
});
afterAll(async () => {
  await harness.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

type Message = SignalResponse['message'];

/** Opens the signal connection with roomsig's token. Null when it is refused. */
async function openSignal(url: string, token: string): Promise<{ messages: Message[]; close(): void } | null> {
  const socket = new WebSocket(`${url}/rtc?access_token=${token}&protocol=17&sdk=js&auto_subscribe=1`);
  socket.binaryType = 'arraybuffer';
  const messages: Message[] = [];
  socket.addEventListener('message', (event) => {
    const data: unknown = event.data;
    if (data instanceof ArrayBuffer) messages.push(SignalResponse.fromBinary(new Uint8Array(data)).message);
  });
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true });
    socket.addEventListener('error', () => resolve(false), { once: true });
  });
  return opened ? { messages, close: () => socket.close() } : null;
}

function first<C extends NonNullable<Message['case']>>(messages: Message[], kind: C): Promise<Message & { case: C }> {
  return vi.waitUntil(() => messages.find((one): one is Message & { case: C } => one.case === kind), 10_000);
}

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

  it('[FN42] clients learn the announced address beside those found, and the configured TURN servers', async () => {
    const announced = harness.server.mediaAddresses.map(({ address }) => address);
    expect(announced).toContain(PUBLIC);
    expect(announced.length).toBeGreaterThan(1);
    const user = await harness.guest();
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID: 45 }, user);
    const { token, url } = roomsigAnswerSchema.parse((await harness.roomsig(signInfo, 45)).body).RspBody;
    const signal = await openSignal(url, token);
    if (signal === null) throw new Error('refused');
    const { value: join } = await first(signal.messages, 'join');
    expect(join.iceServers).toMatchObject([TURN]);
    const { value: offer } = await first(signal.messages, 'offer');
    const trickled = signal.messages.flatMap((one) => (one.case === 'trickle' ? [one.value.candidateInit] : []));
    expect([offer.sdp, ...trickled].join('\n')).toContain(` ${PUBLIC} `);
    signal.close();
  });

  it('[FN42] [FN16] a kick reaches the signal connection, and none opens again until it is lifted', async () => {
    const [owner, member] = [await harness.guest(), await harness.guest()];
    const roomID = 46;
    await harness.call('webrtc-create-room', { roomID }, owner);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, member);
    const { token, url } = roomsigAnswerSchema.parse((await harness.roomsig(signInfo, roomID)).body).RspBody;
    const signal = await openSignal(url, token);
    if (signal === null) throw new Error('refused');
    const { value: join } = await first(signal.messages, 'join');
    const sid = join.participant?.sid ?? '';
    await harness.call('webrtc-kick-member', { roomID, memberID: member.userId }, owner);
    const { value: leave } = await first(signal.messages, 'leave');
    expect(leave.reason).toBe(DisconnectReason.PARTICIPANT_REMOVED);
    for (const again of [token, `${token}&reconnect=1&sid=${sid}`]) {
      const door = await openSignal(url, again);
      if (door === null) continue;
      await vi.waitUntil(() => door.messages.length > 0, 10_000);
      expect(door.messages[0]?.case).toBe('leave');
      door.close();
    }
    await harness.call('webrtc-kick-member', { roomID, memberID: member.userId, kick: false }, owner);
    const back = await openSignal(url, token);
    if (back === null) throw new Error('refused though let in');
    await first(back.messages, 'join');
    back.close();
    signal.close();
  });

  // The last one: it ends the server and starts another on its data.
  it('[FN46] [SG14] a stopping server tells those in the call to come back, and their seats are kept', async () => {
    const user = await harness.guest();
    const roomID = 47;
    await harness.call('webrtc-create-room', { roomID, roomName: 'Stays' }, user);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, user);
    const { token, url } = roomsigAnswerSchema.parse((await harness.roomsig(signInfo, roomID)).body).RspBody;
    const signal = await openSignal(url, token);
    if (signal === null) throw new Error('refused');
    await first(signal.messages, 'join');
    await harness.stop(true);
    const { value: leave } = await first(signal.messages, 'leave');
    expect(leave).toMatchObject({ reason: DisconnectReason.SERVER_SHUTDOWN, action: LeaveRequest_Action.RECONNECT });
    harness = await start();
    const room = await harness.call('webrtc-get-room-info', { roomID }, user);
    expect(room).toMatchObject({ roomName: 'Stays', ownerID: user.userId, memberCount: 1 });
  }, 60_000);
});
