import { DataPacket, DisconnectReason, ListRoomsResponse, TrackSource } from '@livekit/protocol';
import { AccessToken, TokenVerifier, type VideoGrant } from 'livekit-server-sdk';
import { describe, expect, it } from 'vitest';
import type { PlainAnswer } from '../port/types.ts';
import { KEY, SECRET, type TestClient, World } from '../room/testing/world.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 15_000 };

async function call(
  world: World,
  method: string,
  body: unknown,
  grant: VideoGrant | null,
  service = 'livekit.RoomService',
) {
  let authorization: string | null = null;
  if (grant) {
    const token = new AccessToken(KEY, SECRET, { identity: 'server' });
    token.addGrant(grant);
    authorization = `Bearer ${await token.toJwt()}`;
  }
  const answer: PlainAnswer = await world.control.callApi({
    service,
    method,
    contentType: 'application/json;charset=UTF-8',
    authorization,
    body: Buffer.from(JSON.stringify(body)),
  });
  return { status: answer.status, body: JSON.parse(String(answer.body)) };
}

const ADMIN: VideoGrant = { roomAdmin: true, room: 'hall' };

async function room(): Promise<{ world: World; alice: TestClient; bob: TestClient }> {
  const world = new World();
  return { world, alice: await world.join('alice'), bob: await world.join('bob') };
}

describe('[SG32] the server API', () => {
  it('[SG32] asks for the right grant in every method', async () => {
    const { world } = await room();
    const cases: [string, object, VideoGrant][] = [
      ['CreateRoom', { name: 'new' }, { roomCreate: true }],
      ['ListRooms', {}, { roomList: true }],
      ['ListParticipants', { room: 'hall' }, ADMIN],
      ['GetParticipant', { room: 'hall', identity: 'alice' }, ADMIN],
      ['UpdateParticipant', { room: 'hall', identity: 'alice' }, ADMIN],
      ['UpdateSubscriptions', { room: 'hall', identity: 'alice' }, ADMIN],
      ['SendData', { room: 'hall' }, ADMIN],
      ['UpdateRoomMetadata', { room: 'hall', metadata: 'm' }, ADMIN],
      ['RemoveParticipant', { room: 'hall', identity: 'alice' }, ADMIN],
      ['DeleteRoom', { room: 'hall' }, { roomCreate: true }],
    ];
    for (const [method, body, grant] of cases) {
      const others: (VideoGrant | null)[] = [
        null,
        { roomJoin: true, room: 'hall' },
        { roomAdmin: true, room: 'other' },
      ];
      for (const other of others) {
        expect(await call(world, method, body, other), method).toMatchObject({
          status: 401,
          body: { code: 'unauthenticated' },
        });
      }
      expect((await call(world, method, body, grant)).status, method).toBe(200);
    }
  });

  it('[SG32] speaks JSON with the names of the protocol, and protobuf', async () => {
    const { world } = await room();
    const { body } = await call(world, 'ListRooms', { names: ['hall'] }, { roomList: true });
    expect(body.rooms).toMatchObject([{ name: 'hall', num_participants: 2, metadata: '' }]);
    const token = new AccessToken(KEY, SECRET);
    token.addGrant({ roomList: true });
    const answer = await world.control.callApi({
      service: 'livekit.RoomService',
      method: 'ListRooms',
      contentType: 'application/protobuf',
      authorization: `Bearer ${await token.toJwt()}`,
      body: new Uint8Array(),
    });
    if (typeof answer.body === 'string') throw new Error('not protobuf');
    expect(ListRoomsResponse.fromBinary(answer.body).rooms).toHaveLength(1);
  });

  it('[SG33] errors carry Twirp’s codes', async () => {
    const { world } = await room();
    const expectations: [string, unknown, VideoGrant, number, string][] = [
      ['GetParticipant', { room: 'hall', identity: 'nobody' }, ADMIN, 404, 'not_found'],
      ['DeleteRoom', { room: 'nowhere' }, { roomCreate: true }, 404, 'not_found'],
      ['CreateRoom', { name: '' }, { roomCreate: true }, 400, 'invalid_argument'],
      ['CreateRoom', { name: 'x', metadata: 'x'.repeat(70_000) }, { roomCreate: true }, 400, 'invalid_argument'],
      ['CreateRoom', [1], { roomCreate: true }, 400, 'malformed'],
      ['Nothing', {}, ADMIN, 404, 'bad_route'],
      ['SendData', { room: 'hall', nonce: 'AAAA' }, ADMIN, 400, 'invalid_argument'],
      [
        'MutePublishedTrack',
        { room: 'hall', identity: 'alice', trackSid: 'TR_x', muted: true },
        ADMIN,
        404,
        'not_found',
      ],
      ['MutePublishedTrack', { room: 'hall', identity: 'alice', muted: false }, ADMIN, 412, 'failed_precondition'],
    ];
    for (const [method, body, grant, status, code] of expectations) {
      expect(await call(world, method, body, grant), method).toMatchObject({ status, body: { code } });
    }
    expect((await call(world, 'ListRooms', {}, { roomList: true }, 'livekit.Egress')).body.code).toBe('bad_route');
  });

  it('[SG34] removes a participant, who is told; deletes a room, all are told', async () => {
    const { world, alice, bob } = await room();
    await call(world, 'RemoveParticipant', { room: 'hall', identity: 'alice' }, ADMIN);
    expect(alice.last('leave')).toMatchObject({ reason: DisconnectReason.PARTICIPANT_REMOVED, action: 0 });
    await call(world, 'DeleteRoom', { room: 'hall' }, { roomCreate: true });
    expect(bob.last('leave')).toMatchObject({ reason: DisconnectReason.ROOM_DELETED, action: 0 });
    expect(world.events.at(-1)?.event).toBe('room_finished');
  });

  it('[SG34] mutes a track: the publisher is told, the packets stop, the others see it', async () => {
    const { world, alice, bob } = await room();
    const sid = alice.publish('audio', 'mic');
    const { body } = await call(
      world,
      'MutePublishedTrack',
      { room: 'hall', identity: 'alice', trackSid: sid, muted: true },
      ADMIN,
    );
    expect(body.track).toMatchObject({ sid, muted: true });
    expect(alice.last('mute')).toMatchObject({ sid, muted: true });
    expect(alice.up.uplinks.get('0')?.muted).toBe(true);
    expect(bob.sees('alice')?.tracks[0]?.muted).toBe(true);
  });

  it('[SG35] permissions change live: tracks go, subscriptions go, data stop, the token follows', async () => {
    const { world, alice, bob } = await room();
    const camera = alice.publish('video', 'cam');
    const microphone = alice.publish('audio', 'mic');
    const permission = {
      canPublish: true,
      canPublishSources: ['MICROPHONE'],
      canSubscribe: true,
      canPublishData: false,
    };
    await call(world, 'UpdateParticipant', { room: 'hall', identity: 'alice', permission }, ADMIN);
    expect(bob.sees('alice')?.tracks.map(({ sid }) => sid)).toEqual([microphone]);
    expect(bob.down.open(camera)).toBeUndefined();
    expect(alice.up.uplinks.get('0')?.muted).toBe(true);
    expect(alice.sees('alice')?.permission?.canPublishSources).toEqual([TrackSource.MICROPHONE]);
    await call(world, 'UpdateParticipant', { room: 'hall', identity: 'bob', permission: { canPublish: true } }, ADMIN);
    expect(bob.down.open(microphone)).toBeUndefined();
    await call(
      world,
      'UpdateParticipant',
      { room: 'hall', identity: 'bob', permission: { canSubscribe: true } },
      ADMIN,
    );
    expect(bob.down.open(microphone)).toBeDefined();
    world.pass(200);
    const verifier = new TokenVerifier(KEY, SECRET);
    await expect
      .poll(async () => (await verifier.verify(bob.last('refreshToken') ?? '')).video, SOON)
      .toMatchObject({ canSubscribe: true, canPublish: false, room: 'hall' });
  });

  it('[SG35] the deny attribute, set live, takes subscriptions away', async () => {
    const { world, alice, bob } = await room();
    const camera = alice.publish('video', 'cam');
    await call(
      world,
      'UpdateParticipant',
      { room: 'hall', identity: 'bob', attributes: { 'lianmai.deny': 'video' } },
      ADMIN,
    );
    expect(bob.down.open(camera)).toBeUndefined();
  });

  it('[SG36] sends data as nobody, to all or to some; changes room metadata', async () => {
    const { world, alice, bob } = await room();
    const data = Buffer.from('hi').toString('base64');
    await call(world, 'SendData', { room: 'hall', data, topic: 't', destinationIdentities: ['bob'] }, ADMIN);
    expect(alice.down.sent).toHaveLength(0);
    const packet = DataPacket.fromBinary(bob.down.sent[0]?.data ?? new Uint8Array());
    expect(packet).toMatchObject({ participantSid: '', value: { case: 'user', value: { topic: 't' } } });
    await call(world, 'UpdateRoomMetadata', { room: 'hall', metadata: 'news' }, ADMIN);
    expect(bob.last('roomUpdate')?.room?.metadata).toBe('news');
  });
});
