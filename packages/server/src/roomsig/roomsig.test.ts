import { DENY_ATTRIBUTE, PRIVILEGE, ROOMSIG_ERRORS, roomsigAnswerSchema, roomsigErrorSchema } from '@lianmai/protocol';
import { signPrivateMapKey, signUserSig } from '@lianmai/tickets';
import { TokenVerifier } from 'livekit-server-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTicketKeys } from '../store/application.ts';
import { type Client, Harness, type RoomsigReply } from '../testing/harness.ts';

let harness: Harness;
let ann: Client;
let nextRoom = 9000;
const freshRoom = () => String(nextRoom++);

beforeAll(async () => {
  harness = await Harness.start();
  ann = await harness.guest('Ann');
});
afterAll(() => harness.stop());

/** The code of a failure, which must have both shapes and status 200. */
function errorCode({ status, body }: RoomsigReply): number {
  const error = roomsigErrorSchema.parse(body);
  expect(status).toBe(200);
  expect(error.RspHead).toEqual({ ErrorCode: error.ErrorCode, ErrorInfo: error.ErrorInfo });
  expect(Object.values(ROOMSIG_ERRORS).map((entry): number => entry.code)).toContain(error.ErrorCode);
  return error.ErrorCode;
}

async function claimsOf(reply: RoomsigReply) {
  const answer = roomsigAnswerSchema.parse(reply.body);
  const { key, secret } = harness.server.credentials.api;
  return { answer, claims: await new TokenVerifier(key, secret).verify(answer.RspBody.token) };
}

const tickets = (roomID: string, client: Client = ann) => harness.call('webrtc-sig-api', { roomID }, client);

describe('roomsig', () => {
  it.each(['/v4/openim/jsonvideoapp', '/v4/trtc/jsonvideoapp'])(
    '[RS1] %s answers URL, token and its end',
    async (path) => {
      const roomID = freshRoom();
      const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, ann);
      const { answer, claims } = await claimsOf(await harness.roomsig(signInfo, roomID, { path }));
      expect(answer.RspBody.url).toBe(harness.base.replace('http', 'ws'));
      expect(claims.sub).toBe(ann.userId);
      expect(claims.name).toBe('Ann');
      expect(claims.video).toMatchObject({ room: harness.mediaRoom(roomID), roomJoin: true });
      const life = (claims.exp ?? 0) - Date.now() / 1000;
      expect(life).toBeGreaterThan(500);
      expect(life).toBeLessThan(700);
      expect(Math.abs(answer.RspBody.expiresAt / 1000 - (claims.exp ?? 0))).toBeLessThan(2);
    },
  );

  it('[RS2] takes the userSig raw and percent-encoded, and GroupId as number and text', async () => {
    const roomID = freshRoom();
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, ann);
    const encoded = signInfo.userSig.replace(/[^A-Za-z0-9]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
    await claimsOf(await harness.roomsig(signInfo, roomID, { query: { usersig: encoded } }));
    await claimsOf(await harness.roomsig(signInfo, roomID, { head: { GroupId: roomID } }));
    await claimsOf(await harness.roomsig(signInfo, roomID, { headers: { 'content-type': 'application/json' } }));
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    await claimsOf(await harness.roomsig(signInfo, roomID, { headers: form }));
  });

  it('[RS3] refuses a request that is not of the form, with both shapes', async () => {
    const roomID = freshRoom();
    const signInfo = await tickets(roomID);
    for (const changes of [
      { head: { Cmd: 2 } },
      { head: { Cmd: undefined } },
      { head: { BusType: 1 } },
      { body: { PrivMapEncrypt: undefined } },
      { body: { PrivMap: 256 } },
      { query: { sdkappid: 'x' } },
      { query: { identifier: '' } },
      { query: { usersig: '' } },
    ]) {
      expect(errorCode(await harness.roomsig(signInfo, roomID, changes)), JSON.stringify(changes)).toBe(-3316);
    }
    for (const GroupId of [0, -1, 1.5, 4_294_967_295, 'room', '01', '']) {
      expect(errorCode(await harness.roomsig(signInfo, roomID, { head: { GroupId } })), String(GroupId)).toBe(-100010);
    }
    const post = async (body: string) => {
      const response = await fetch(`${harness.base}/v4/openim/jsonvideoapp?sdkappid=1`, { method: 'POST', body });
      return errorCode({ status: response.status, headers: response.headers, body: await response.json() });
    };
    expect(await post('{')).toBe(-3316);
    expect(await post('')).toBe(-3316);
    expect(await post('x'.repeat(100_000))).toBe(-3316);
  });

  it('[RS4] names a missing, unknown or unserved FromType', async () => {
    const roomID = freshRoom();
    const signInfo = await tickets(roomID);
    const of = async (FromType: unknown) => errorCode(await harness.roomsig(signInfo, roomID, { body: { FromType } }));
    expect(await of(undefined)).toBe(-3317);
    expect(await of(9)).toBe(-3317);
    expect(await of('2')).toBe(-3317);
    expect(await of(3)).toBe(-3318);
    expect(await of(1)).toBe(-3318);
  });

  it("[RS5] refuses userSigs with the original's codes", async () => {
    const roomID = freshRoom();
    const signInfo = await tickets(roomID);
    const { sdkAppId, privateKeyPem } = harness.server.credentials.application;
    const now = Math.floor(Date.now() / 1000);
    const sign = (key: string, claims: object) =>
      signUserSig({ version: 'v1', key }, { sdkAppId, userId: ann.userId, expireSeconds: 300, ...claims });
    const with_ = async (userSig: string, query = {}) =>
      errorCode(await harness.roomsig({ ...signInfo, userSig }, roomID, { query }));
    expect(await with_(sign(privateKeyPem, { now: now - 1000 }))).toBe(-70001);
    expect(await with_(signInfo.userSig.slice(0, 40))).toBe(-70003);
    expect(await with_(signInfo.privateMapKey)).toBe(-70003);
    expect(await with_(sign(makeTicketKeys().privateKeyPem, {}))).toBe(-70009);
    expect(await with_(sign(privateKeyPem, { userId: 'bob' }))).toBe(-70013);
    expect(await with_(sign(privateKeyPem, { sdkAppId: 1_400_000_001 }))).toBe(-70014);
    expect(await with_(signInfo.userSig, { sdkappid: 1_300_000_000 })).toBe(-70020);
    expect(await with_(signInfo.userSig, { identifier: 'bob' })).toBe(-70013);
  });

  it("[RS6] refuses privateMapKeys with the original's codes", async () => {
    const roomID = freshRoom();
    const signInfo = await tickets(roomID);
    const { sdkAppId, privateKeyPem } = harness.server.credentials.application;
    const sign = (key: string, claims: object) =>
      signPrivateMapKey(
        { version: 'v1', key },
        {
          sdkAppId,
          userId: ann.userId,
          expireSeconds: 300,
          room: { roomId: Number(roomID) },
          privileges: 255,
          ...claims,
        },
      );
    const with_ = async (privateMapKey: string) =>
      errorCode(await harness.roomsig({ ...signInfo, privateMapKey }, roomID));
    expect(await with_(sign(privateKeyPem, { now: Math.floor(Date.now() / 1000) - 1000 }))).toBe(-70347);
    expect(await with_('x')).toBe(-70346);
    expect(await with_(signInfo.userSig)).toBe(-70346);
    expect(await with_(sign(makeTicketKeys().privateKeyPem, {}))).toBe(-70346);
    expect(await with_(sign(privateKeyPem, { userId: 'bob' }))).toBe(-100006);
    expect(await with_(sign(privateKeyPem, { room: { roomId: Number(roomID) + 1 } }))).toBe(-100006);
    expect(await with_(sign(privateKeyPem, { room: { strRoomId: roomID } }))).toBe(-100006);
    expect(await with_(sign(privateKeyPem, { privileges: 255 - PRIVILEGE.enterRoom }))).toBe(-102011);
  });

  it('[RS7] makes the room on first use, with the membership, if the ticket may', async () => {
    const roomID = freshRoom();
    const reply = await harness.roomsig(await tickets(roomID), roomID);
    expect((await claimsOf(reply)).answer.RspHead.ErrorCode).toBe(0);
    const room = await harness.call('webrtc-get-room-info', { roomID }, ann);
    expect(room).toMatchObject({ ownerID: ann.userId, memberCount: 1, members: [{ userName: 'Ann' }] });

    const other = freshRoom();
    const { sdkAppId, privateKeyPem } = harness.server.credentials.application;
    const privateMapKey = signPrivateMapKey(
      { version: 'v1', key: privateKeyPem },
      { sdkAppId, userId: ann.userId, expireSeconds: 300, room: { roomId: Number(other) }, privileges: 254 },
    );
    const signInfo = { ...(await tickets(other)), privateMapKey };
    expect(errorCode(await harness.roomsig(signInfo, other))).toBe(-102010);
    expect(errorCode(await harness.roomsig(await tickets(other), other, { body: { PrivMap: 254 } }))).toBe(-102010);
    expect(await harness.code('webrtc-get-room-info', { roomID: other }, ann)).toBe(10003);
  });

  it('[RS8] first entries that race make one room, never above its capacity', async () => {
    const own = await Harness.start({ config: { rooms: { defaultCapacity: 4 } } });
    try {
      const clients = await Promise.all(Array.from({ length: 10 }, () => own.guest()));
      const signed = await Promise.all(clients.map((client) => own.call('webrtc-sig-api', { roomID: 7 }, client)));
      const replies = await Promise.all(signed.map((signInfo) => own.roomsig(signInfo, 7)));
      const entered = replies.filter((reply) => roomsigAnswerSchema.safeParse(reply.body).success);
      expect(entered).toHaveLength(4);
      for (const reply of replies) if (!entered.includes(reply)) expect(errorCode(reply)).toBe(-102052);
      const list = await own.call('webrtc-get-room-list', {}, clients[0] ?? null);
      expect(list).toMatchObject([{ roomID: '7', memberCount: 4 }]);
      expect(list).toHaveLength(1);
    } finally {
      await own.stop();
    }
  });

  it('[RS9] a member of a full room has his seat', async () => {
    const roomID = freshRoom();
    const bob = await harness.guest('Bob');
    await harness.call('webrtc-create-room', { roomID, capacity: 1 }, ann);
    await claimsOf(await harness.roomsig(await tickets(roomID), roomID));
    expect(errorCode(await harness.roomsig(await tickets(roomID, bob), roomID))).toBe(-102052);
  });

  it('[RS10] the token grants what ticket, PrivMap and room grant together, and no administration', async () => {
    const roomID = freshRoom();
    await harness.call('webrtc-create-room', { roomID, privilegeMap: 255 - PRIVILEGE.sendSubStream }, ann);
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID }, ann);
    const narrowed = { body: { PrivMap: 255 - PRIVILEGE.sendVideo - PRIVILEGE.receiveVideo } };
    const { claims } = await claimsOf(await harness.roomsig(signInfo, roomID, narrowed));
    expect(claims.video).toEqual({
      room: harness.mediaRoom(roomID),
      roomJoin: true,
      canPublish: true,
      canPublishSources: ['microphone'],
      canPublishData: true,
      canSubscribe: true,
    });
    expect(claims.attributes).toEqual({ [DENY_ATTRIBUTE]: 'video' });
    const listener = await claimsOf(
      await harness.roomsig(signInfo, roomID, { body: { PrivMap: PRIVILEGE.enterRoom } }),
    );
    expect(listener.claims.video).toMatchObject({ canPublish: false, canSubscribe: false, canPublishSources: [] });
    expect(errorCode(await harness.roomsig(signInfo, roomID, { body: { PrivMap: 0 } }))).toBe(-102011);
  });

  it('[RS10] a ticket of an earlier, wider room gets no more than the room gives now', async () => {
    const roomID = freshRoom();
    const wide = await tickets(roomID);
    const bits = PRIVILEGE.enterRoom | PRIVILEGE.receiveAudio;
    await harness.call('webrtc-create-room', { roomID, privilegeMap: bits }, ann);
    const { claims } = await claimsOf(await harness.roomsig(wide, roomID));
    expect(claims.video).toMatchObject({ canPublish: false, canSubscribe: true });
  });

  it('[RS13] a user whom the room lets in no more takes no seat', async () => {
    const roomID = freshRoom();
    const wide = await tickets(roomID);
    const owner = await harness.guest('Owner');
    await harness.call('webrtc-create-room', { roomID, privilegeMap: 255 - PRIVILEGE.enterRoom }, owner);
    expect(errorCode(await harness.roomsig(wide, roomID))).toBe(-102011);
    const room = await harness.call('webrtc-get-room-info', { roomID }, harness.serverKey);
    expect(room.members?.map(({ userID }) => userID)).toEqual([owner.userId]);
  });

  it('[RS11] the URL is the public one when set, with its scheme', async () => {
    const own = await Harness.start({ config: { http: { publicUrl: 'https://meet.example.com/' } } });
    try {
      const client = await own.guest();
      const { signInfo } = await own.call('webrtc-enter-room', { roomID: 1 }, client);
      const reply = await own.roomsig(signInfo, 1);
      expect(reply.body).toMatchObject({ RspBody: { url: 'wss://meet.example.com' } });
    } finally {
      await own.stop();
    }
  });

  it('[RS12] a user who asks too often is told so in both shapes', async () => {
    const own = await Harness.start({ config: { limits: { perUserPerSecond: 0.01 } } });
    try {
      const client = await own.guest();
      const { signInfo } = await own.call('webrtc-enter-room', { roomID: 1, userID: 'bob' }, own.serverKey);
      expect(client.userId).not.toBe('bob');
      expect((await own.roomsig(signInfo, 1)).body).toMatchObject({ RspHead: { ErrorCode: 0 } });
      const reply = await own.roomsig(signInfo, 1);
      expect(errorCode(reply)).toBe(-100012);
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await own.stop();
    }
  });
});
