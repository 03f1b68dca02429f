import { once } from 'node:events';
import { type Admitted, type DoorRequest, phoneUrls } from '@lianmai/gateway';
import {
  CLIENT_ATTRIBUTE,
  PHONE_CODES,
  PRIVILEGE,
  roomsigAnswerSchema,
  roomsigErrorSchema,
  roomsigPhoneAnswerSchema,
} from '@lianmai/protocol';
import { deriveStreamKey, readStreamTicket, verifyStreamTicket } from '@lianmai/tickets';
import { TokenVerifier } from 'livekit-server-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { FakeGateway } from '../testing/fake-gateway.ts';
import { FakeLivekit } from '../testing/fake-livekit.ts';
import { type Client, Harness } from '../testing/harness.ts';

let gateway: FakeGateway;
let harness: Harness;
let ann: Client;
let bob: Client;

beforeEach(async () => {
  gateway = new FakeGateway();
  harness = await Harness.start({ gateway });
  [ann, bob] = [await harness.guest('Ann'), await harness.guest('Bob')];
});
afterEach(() => harness.stop());

const key = () => deriveStreamKey(String(gateway.config?.ticketKey));
const door = (client: Client, changes: Partial<DoorRequest> = {}): DoorRequest => ({
  door: 'signal',
  roomId: '1',
  userId: client.userId,
  privileges: 255,
  ...changes,
});
const enter = (client: Client) => harness.call('webrtc-enter-room', { roomID: '1' }, client);

async function members(): Promise<string[]> {
  const room = await harness.call('webrtc-get-room-info', { roomID: '1' }, harness.serverKey);
  return (room.members ?? []).map((member) => member.userID);
}

/** A roomsig of FromType 3. */
async function phoneSig(client: Client, changes: { body?: object; headers?: Record<string, string> } = {}) {
  const { signInfo } = await enter(client);
  return harness.roomsig(signInfo, 1, { ...changes, body: { FromType: 3, ...changes.body } });
}

async function claimsOf(token: string) {
  const { key: apiKey, secret } = harness.server.credentials.api;
  return new TokenVerifier(apiKey, secret).verify(token);
}

describe('roomsig of a phone', () => {
  it('[PD1] answers signed push and signalling URLs with their end', async () => {
    const { RspBody } = roomsigPhoneAnswerSchema.parse((await phoneSig(ann)).body);
    const stream = `${harness.sdkAppId}_1_${ann.userId}`;
    const push = /^rtmp:\/\/127\.0\.0\.1:19350\/live\/([^?]+)\?(.+)$/.exec(RspBody.pushUrl);
    expect(push?.[1]).toBe(stream);
    const expected = { sdkAppId: harness.sdkAppId, roomId: '1', userId: ann.userId };
    const now = Date.now() / 1000;
    const verified = verifyStreamTicket(key(), push?.[2], { direction: 'push', ...expected }, now);
    expect(verified).toMatchObject({ ok: true, ticket: { privileges: 255, viewerId: ann.userId } });
    const signal = new URL(RspBody.signalUrl);
    expect(signal.origin + signal.pathname).toBe(`${harness.base.replace('http', 'ws')}/signal`);
    const read = readStreamTicket(key(), signal.searchParams.get('ticket'));
    expect(read).toMatchObject({ ok: true, ticket: { direction: 'signal', ...expected } });
    if (!read.ok) throw new Error('unreachable');
    expect(read.ticket.expiresAt * 1000).toBe(RspBody.expiresAt);
    expect(Math.abs(RspBody.expiresAt / 1000 - now - 1800)).toBeLessThan(5);
    expect(await members()).toEqual([ann.userId]);
  });

  it('[PD1] its tickets carry what ticket, PrivMap and room grant together', async () => {
    await harness.call('webrtc-create-room', { roomID: '1', privilegeMap: 255 - PRIVILEGE.sendVideo }, bob);
    const PrivMap = 255 - PRIVILEGE.sendAudio;
    const { RspBody } = roomsigPhoneAnswerSchema.parse((await phoneSig(ann, { body: { PrivMap } })).body);
    expect(readStreamTicket(key(), RspBody.pushUrl.split('?')[1])).toMatchObject({
      ticket: { privileges: 255 - PRIVILEGE.sendVideo - PRIVILEGE.sendAudio },
    });
  });

  it('[PD2] its URLs begin with the public addresses; the usual port is left out', async () => {
    await harness.stop();
    gateway.rtmpPort = 1935;
    const http = { publicUrl: 'https://meet.example.com:8443/call/' };
    harness = await Harness.start({ gateway, config: { http } });
    ann = await harness.guest();
    const first = roomsigPhoneAnswerSchema.parse((await phoneSig(ann)).body).RspBody;
    expect(first.pushUrl).toMatch(/^rtmp:\/\/meet\.example\.com\/live\//);
    expect(first.signalUrl).toMatch(/^wss:\/\/meet\.example\.com:8443\/call\/signal\?ticket=/);
    await harness.stop();
    const phones = { rtmpPublicUrl: 'rtmp://push.example.com:2935/' };
    harness = await Harness.start({ gateway, config: { http, phones } });
    ann = await harness.guest();
    const second = roomsigPhoneAnswerSchema.parse((await phoneSig(ann)).body).RspBody;
    expect(second.pushUrl).toMatch(/^rtmp:\/\/push\.example\.com:2935\/live\//);
  });

  it('[PD3] is refused where phones are off, and browsers are told what to publish where phones are a must', async () => {
    const codecTold = async () => {
      const { signInfo } = await enter(ann);
      return roomsigAnswerSchema.parse((await harness.roomsig(signInfo, 1)).body).RspBody.videoCodec;
    };
    expect(await codecTold()).toBeUndefined();
    await harness.stop();
    harness = await Harness.start({ gateway, config: { phones: { mode: 'on' } } });
    ann = await harness.guest();
    expect(await codecTold()).toBe('h264');
    await harness.stop();
    harness = await Harness.start();
    ann = await harness.guest();
    const refused = roomsigErrorSchema.parse((await phoneSig(ann)).body);
    expect(refused.ErrorCode).toBe(-3318);
    expect(refused.ErrorInfo).toMatch(/no phones/);
    expect(await codecTold()).toBeUndefined();
  });

  it('[PD4] a server started anew believes the tickets of the one before', async () => {
    const { RspBody } = roomsigPhoneAnswerSchema.parse((await phoneSig(ann)).body);
    const { dataDir } = harness;
    await harness.stop(true);
    harness = await Harness.start({ gateway, dataDir });
    expect(readStreamTicket(key(), RspBody.pushUrl.split('?')[1])).toMatchObject({ ok: true });
  });
});

describe('admission', () => {
  it('[PD5] a member is let in with his name, the owner, and the bits that ticket and room share', async () => {
    await harness.call('webrtc-create-room', { roomID: '1', privilegeMap: 15 }, ann);
    await enter(bob);
    for (const which of ['signal', 'push', 'play'] as const) {
      const answer = await gateway.host.admit(door(bob, { door: which, privileges: 250 }));
      const expected: Admitted = { kind: 'admitted', userName: 'Bob', ownerId: ann.userId, privileges: 10 };
      expect(answer).toEqual(expected);
    }
  });

  it('[PD6] who was removed is refused at every door; who may not enter too', async () => {
    await enter(ann);
    await enter(bob);
    await harness.call('webrtc-kick-member', { roomID: '1', memberID: bob.userId }, ann);
    for (const which of ['signal', 'push', 'play'] as const) {
      expect(await gateway.host.admit(door(bob, { door: which }))).toEqual({ kind: 'refused', code: 'kicked' });
    }
    const noEntry = await gateway.host.admit(door(ann, { privileges: 255 - PRIVILEGE.enterRoom }));
    expect(noEntry).toEqual({ kind: 'refused', code: 'notAllowed' });
  });

  it('[PD7] signalling takes a lapsed seat anew while there is place; media alone does not', async () => {
    await harness.call('webrtc-create-room', { roomID: '1', capacity: 2 }, ann);
    expect(await gateway.host.admit(door(bob, { door: 'push' }))).toEqual({ kind: 'refused', code: 'notHere' });
    expect(await gateway.host.admit(door(bob, { door: 'play' }))).toEqual({ kind: 'refused', code: 'notHere' });
    expect(await members()).toEqual([ann.userId]);
    expect(await gateway.host.admit(door(bob))).toMatchObject({ kind: 'admitted', userName: 'Bob' });
    expect(await members()).toEqual([ann.userId, bob.userId]);
    const eve = await harness.guest('Eve');
    expect(await gateway.host.admit(door(eve))).toEqual({ kind: 'refused', code: 'roomFull' });
  });

  it('[PD7] a seat that signalling has found stands when the participant of before ends late', async () => {
    await enter(bob);
    await enter(ann);
    const presence = (event: string) =>
      harness.server.services.presence.handleJson(
        JSON.stringify({
          event,
          room: { name: harness.mediaRoom('1') },
          participant: { identity: ann.userId, sid: 'PA_old' },
        }),
      );
    await presence('participant_joined');
    expect(await gateway.host.admit(door(ann))).toMatchObject({ kind: 'admitted' });
    await presence('participant_left');
    expect(await gateway.host.admit(door(ann, { door: 'push' }))).toMatchObject({ kind: 'admitted', userName: 'Ann' });
    expect(await members()).toEqual([bob.userId, ann.userId]);
  });

  it('[PD7] no URL brings an ended room back', async () => {
    await enter(ann);
    await harness.call('webrtc-dissolve-room', { roomID: '1' }, ann);
    expect(await gateway.host.admit(door(ann))).toEqual({ kind: 'refused', code: 'roomEnded' });
    expect(await harness.code('webrtc-get-room-info', { roomID: '1' }, harness.serverKey)).toBe(10003);
  });
});

describe('seats', () => {
  it('[PD22] last while signalling is open, without media, and lapse when it is gone', async () => {
    await harness.stop();
    harness = await Harness.start({ gateway, config: { rooms: { leaseSeconds: 5 } } });
    ann = await harness.guest('Ann');
    const heartbeat = vi.spyOn(harness.server.services.rooms, 'heartbeat');
    const { RspBody } = roomsigPhoneAnswerSchema.parse((await phoneSig(ann)).body);
    const phone = new WebSocket(RspBody.signalUrl);
    await once(phone, 'open');
    const seat = [{ sdkAppId: harness.sdkAppId, roomId: '1' }, ann.userId];
    await expect.poll(() => heartbeat.mock.calls, { timeout: 10_000 }).toEqual([seat, seat]);
    await harness.call('webrtc-kick-member', { roomID: '1', memberID: ann.userId }, harness.serverKey);
    await expect.poll(() => heartbeat.mock.settledResults.at(-1)?.type, { timeout: 10_000 }).toBe('rejected');
    phone.close();
    await once(phone, 'close');
    await expect.poll(() => gateway.connections[0]?.gone).toBe(true);
    expect(harness.logged.join('')).not.toContain('could not be renewed');
  });

  /** Ann's phone, and Bob, who keeps the room; both in the media room. */
  async function phoneInCall(): Promise<{ phone: WebSocket; mediaRoom: string }> {
    await enter(bob);
    const { RspBody } = roomsigPhoneAnswerSchema.parse((await phoneSig(ann)).body);
    const phone = new WebSocket(RspBody.signalUrl);
    await once(phone, 'open');
    await expect.poll(() => gateway.connections.length).toBe(1);
    const mediaRoom = harness.mediaRoom('1');
    for (const client of [bob, ann]) harness.media.join(mediaRoom, client.userId);
    await harness.settled();
    return { phone, mediaRoom };
  }

  it('[PD22] stay while the gateway brings a new participant, and are free at once when nobody signals', async () => {
    const { phone, mediaRoom } = await phoneInCall();
    harness.media.leave(mediaRoom, ann.userId);
    await harness.settled();
    expect(await members()).toEqual([bob.userId, ann.userId]);
    harness.media.join(mediaRoom, ann.userId);
    phone.close();
    await expect.poll(() => gateway.connections[0]?.gone).toBe(true);
    harness.media.leave(mediaRoom, ann.userId);
    await harness.settled();
    expect(await members()).toEqual([bob.userId]);
  });

  it('[PD22] stay also when comparing finds that the participant has gone', async () => {
    const { mediaRoom } = await phoneInCall();
    const eve = await harness.guest('Eve');
    harness.media.join(mediaRoom, eve.userId);
    await harness.settled();
    harness.media.leave(mediaRoom, ann.userId, null);
    harness.media.leave(mediaRoom, eve.userId, null);
    // Eve's seat tells when the grace time of both is over.
    const afterComparing = async () => {
      await harness.server.services.presence.reconcile();
      return members();
    };
    await expect.poll(afterComparing, { timeout: 15_000, interval: 300 }).toEqual([bob.userId, ann.userId]);
  }, 30_000);

  it.each([
    ['participant', 'RemoveParticipant'],
    ['room', 'DeleteRoom'],
  ])('[PD22] are free at once when the %s was taken away at the media service', async (_what, method) => {
    const { mediaRoom } = await phoneInCall();
    const { control } = harness.server.services.media;
    if (method === 'DeleteRoom') await control.deleteRoom(mediaRoom);
    else for (const { userId } of [bob, ann]) await control.removeParticipant(mediaRoom, userId);
    await harness.settled();
    expect(gateway.connections[0]?.gone).toBe(false);
    expect(await harness.code('webrtc-get-room-info', { roomID: '1' }, harness.serverKey)).toBe(10003);
  });

  it('[PD22] wait for a phone that the gateway has told to come back, and for no other', async () => {
    const { mediaRoom, phone } = await phoneInCall();
    gateway.connections[0]?.end(1012, 'server-restart');
    harness.media.leave(mediaRoom, ann.userId);
    await once(phone, 'close');
    await harness.settled();
    expect(await members()).toEqual([bob.userId, ann.userId]);

    const { RspBody } = roomsigPhoneAnswerSchema.parse((await phoneSig(bob)).body);
    const other = new WebSocket(RspBody.signalUrl);
    await once(other, 'open');
    await expect.poll(() => gateway.connections.length).toBe(2);
    // The lease of having asked for a roomsig is spent by the next participant.
    harness.media.join(mediaRoom, bob.userId);
    await harness.settled();
    gateway.connections[1]?.end(4010, 'refused');
    harness.media.leave(mediaRoom, bob.userId);
    await harness.settled();
    expect(await members()).toEqual([ann.userId]);
  });
});

describe('media tokens', () => {
  it('[PD8] a phone publishes under its own name, writes chat, subscribes nothing and is marked', async () => {
    const user = { userId: ann.userId, userName: 'Ann', privileges: 255 - PRIVILEGE.sendVideo };
    const claims = await claimsOf(await gateway.host.mediaToken({ roomId: '1', user }));
    expect(claims).toMatchObject({ sub: ann.userId, name: 'Ann', attributes: { [CLIENT_ATTRIBUTE]: 'phone' } });
    expect(claims.video).toEqual({
      room: harness.mediaRoom('1'),
      roomJoin: true,
      canPublish: true,
      canPublishSources: ['microphone', 'screen_share', 'screen_share_audio'],
      canPublishData: true,
      canSubscribe: false,
    });
  });

  it('[PD9] the watcher is hidden, sends nothing, and has a name that no user can have', async () => {
    const claims = await claimsOf(await gateway.host.mediaToken({ roomId: '1', user: null }));
    expect(claims.sub).toMatch(/^lianmai:gateway:/);
    expect(claims.video).toEqual({
      room: harness.mediaRoom('1'),
      roomJoin: true,
      canPublish: false,
      canPublishData: false,
      canSubscribe: true,
      hidden: true,
    });
  });

  it('[PD9] the watcher takes no seat and is not put out, in events and in listings', async () => {
    await enter(ann);
    const { sub = '' } = await claimsOf(await gateway.host.mediaToken({ roomId: '1', user: null }));
    const room = harness.mediaRoom('1');
    harness.media.join(room, sub);
    await harness.settled();
    await harness.server.services.presence.reconcile();
    expect(await members()).toEqual([ann.userId]);
    expect(harness.media.has(room, sub)).toBe(true);
    expect(harness.media.calls.filter((call) => call.startsWith('RemoveParticipant'))).toEqual([]);
    harness.media.leave(room, sub);
    await harness.settled();
    expect(await members()).toEqual([ann.userId]);
  });
});

describe('with a LiveKit server elsewhere', () => {
  it('[PD9] the watcher takes no seat and is not put out there either; tokens are of its key', async () => {
    const livekit = new FakeLivekit();
    const url = await livekit.start();
    const own = new FakeGateway();
    const server = await Harness.start({
      gateway: own,
      config: { livekit: { url, apiKey: livekit.keys.key, apiSecret: livekit.keys.secret } },
    });
    try {
      livekit.webhookUrl = `${server.base}/webhooks/livekit`;
      expect(own.config?.media).toEqual({ kind: 'livekit', url });
      const client = await server.guest();
      await server.call('webrtc-enter-room', { roomID: '1' }, client);
      const token = await own.host.mediaToken({ roomId: '1', user: null });
      const { sub = '' } = await new TokenVerifier(livekit.keys.key, livekit.keys.secret).verify(token);
      const room = server.mediaRoom('1');
      livekit.media.join(room, sub);
      await livekit.delivered();
      await server.server.services.presence.reconcile();
      expect(livekit.media.has(room, sub)).toBe(true);
      const info = await server.call('webrtc-get-room-info', { roomID: '1' }, server.serverKey);
      expect(info.memberCount).toBe(1);
    } finally {
      await server.stop();
      await livekit.stop();
    }
  });
});

describe('acts', () => {
  const act = (client: Client, action: Parameters<typeof gateway.host.act>[0]['action'], roomId = '1') =>
    gateway.host.act({ roomId, userId: client.userId, action });

  it('[PD10] the owner kicks, mutes and dissolves as by the functions; others may not', async () => {
    await enter(ann);
    await enter(bob);
    const room = harness.mediaRoom('1');
    const track = { sid: 'TR_1', type: 'AUDIO', source: 'MICROPHONE', muted: false } as const;
    const tracks = [{ ...track }];
    harness.media.join(room, bob.userId, tracks);
    await harness.settled();
    expect(await act(bob, { kind: 'kick', memberId: ann.userId })).toBe('notOwner');
    expect(await act(bob, { kind: 'mute', memberId: ann.userId, track: 'audio' })).toBe('notOwner');
    expect(await act(bob, { kind: 'dissolve' })).toBe('notOwner');
    expect(await act(ann, { kind: 'mute', memberId: 'nobody', track: 'audio' })).toBe('noSuchUser');
    expect(await act(ann, { kind: 'mute', memberId: bob.userId, track: 'audio' })).toBe('ok');
    expect(tracks[0]?.muted).toBe(true);
    expect(await act(ann, { kind: 'kick', memberId: ann.userId })).toBe('badRequest');
    expect(await act(ann, { kind: 'kick', memberId: bob.userId })).toBe('ok');
    expect(harness.media.has(room, bob.userId)).toBe(false);
    expect(harness.media.revoked.has(`${room}/${bob.userId}`)).toBe(true);
    expect(await act(ann, { kind: 'dissolve' })).toBe('ok');
    expect(await act(ann, { kind: 'dissolve' })).toBe('roomEnded');
  });

  it('[PD10] leaving gives the seat back at once, and twice is as good as once', async () => {
    await enter(ann);
    await enter(bob);
    expect(await act(bob, { kind: 'leave' })).toBe('ok');
    expect(await members()).toEqual([ann.userId]);
    expect(await act(bob, { kind: 'leave' })).toBe('ok');
    expect(await act(bob, { kind: 'leave' }, '404')).toBe('ok');
  });

  it('[PD10] what nobody expects is told as a failure of the server, and logged', async () => {
    await enter(ann);
    await enter(bob);
    harness.media.away = true;
    expect(await act(ann, { kind: 'kick', memberId: bob.userId })).toBe('internal');
    expect(harness.logged.join('')).toContain('what a phone asked for could not be done');
    expect(PHONE_CODES.internal.code).toBe(20023);
  });
});

describe('notices', () => {
  it('[PD11] kicks, leaving, lapsed seats, a new owner and the end of a room are told', async () => {
    await enter(ann);
    await enter(bob);
    const eve = await harness.guest('Eve');
    await enter(eve);
    await harness.call('webrtc-kick-member', { roomID: '1', memberID: eve.userId }, ann);
    await harness.call('webrtc-quit-room', { roomID: '1' }, ann);
    await harness.call('webrtc-dissolve-room', { roomID: '1' }, bob);
    expect(gateway.notices).toEqual([
      { kind: 'kicked', roomId: '1', userId: eve.userId },
      { kind: 'left', roomId: '1', userId: ann.userId, reason: 'quit' },
      { kind: 'owner', roomId: '1', ownerId: bob.userId },
      { kind: 'ended', roomId: '1', reason: 'dissolved' },
    ]);
  });

  it('[PD11] a gateway that was started anew is in the log', () => {
    gateway.restart('out of memory');
    expect(harness.logged.join('')).toContain('out of memory');
  });
});

it('[PD2] URLs made here are those that the gateway makes', () => {
  const holder = {
    sdkAppId: 1_400_000_001,
    roomId: '1',
    userId: 'ann',
    privileges: 255,
    bases: { rtmp: 'rtmp://a', http: 'https://a' },
    expiresAt: 1_800_000_000,
  };
  const { pushUrl, signalUrl } = phoneUrls(key(), holder);
  expect(pushUrl).toMatch(/^rtmp:\/\/a\/live\/1400000001_1_ann\?[A-Za-z0-9_-]+$/);
  expect(signalUrl).toMatch(/^wss:\/\/a\/signal\?ticket=[A-Za-z0-9_-]+$/);
});
