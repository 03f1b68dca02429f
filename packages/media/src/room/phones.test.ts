/** What the room says and asks for while a phone is in it. */
import { AddTrackRequest, DisconnectReason, ParticipantInfo_Kind, TrackSource, TrackType } from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { type TestClient, World } from './testing/world.ts';

const PHONE = { attributes: { 'lianmai.client': 'phone' } };
const told = (client: TestClient) => client.last('join')?.enabledPublishCodecs.map(({ mime }) => mime);
const ask = (client: TestClient, cid: string, codec = 'vp8') =>
  client.send({
    case: 'addTrack',
    value: new AddTrackRequest({
      cid,
      type: TrackType.VIDEO,
      source: TrackSource.CAMERA,
      simulcastCodecs: [{ codec, cid }],
    }),
  });
const wishes = (client: TestClient, cid: string) => client.up.sink.publishPreferences?.('video', cid);

describe('[SG44] phones', () => {
  it('[SG44] while one is in the room, newcomers may publish what it can take', async () => {
    const world = new World();
    const before = await world.join('before');
    expect(told(before)).toContain('video/VP8');
    const phone = await world.join('phone', PHONE);
    expect(told(phone)).toEqual(['video/H264', 'audio/opus']);
    expect(told(await world.join('after'))).toEqual(['video/H264', 'audio/opus']);
    phone.send({ case: 'leave', value: {} as never });
    expect(told(await world.join('later'))).toEqual(told(before));
  });

  it('[SG44] a new track is answered in its codec first, whatever was asked for; a running one stays as it is', async () => {
    const world = new World();
    const alice = await world.join('alice');
    ask(alice, 'cam');
    expect(wishes(alice, 'cam')).toMatchObject({ mimeType: 'video/vp8', first: [] });
    alice.publish('video', 'cam');
    await world.join('phone', PHONE);
    expect(wishes(alice, 'cam')?.first).toBeUndefined();
    ask(alice, 'cam2');
    expect(wishes(alice, 'cam2')).toMatchObject({ mimeType: 'video/vp8', first: ['video/h264', 'audio/opus'] });
  });

  it('[SG44] can be switched off, and never widens what the policy allows', async () => {
    const off = new World({ room: { phonePublishCodecs: [] } });
    await off.join('phone', PHONE);
    expect(told(await off.join('alice'))).toContain('video/VP8');
    const strict = new World({ room: { publishCodecs: ['audio/opus', 'video/VP8'] } });
    await strict.join('phone', PHONE);
    expect(told(await strict.join('alice'))).toEqual(['audio/opus', 'video/VP8']);
  });

  it('[SG44] no client can say of itself that it is a phone', async () => {
    const world = new World();
    await world.join('mallory', { join: { participantAttributes: PHONE.attributes } });
    expect(told(await world.join('alice'))).toContain('video/VP8');
  });
});

describe('[SG29] hidden participants', () => {
  it('[SG29] are told of by webhooks, as LiveKit tells of them: marked', async () => {
    const world = new World();
    await world.join('ghost', { grant: { hidden: true } });
    const joined = world.events.find(({ event }) => event === 'participant_joined');
    expect(JSON.parse(joined?.json ?? '{}')).toMatchObject({
      participant: { identity: 'ghost', permission: { hidden: true } },
    });
  });

  it('[SG45] take a seat, unless they are recorders, agents or egresses', async () => {
    const world = new World({ room: { maxParticipants: 1 } });
    const ghost = await world.join('ghost', { grant: { hidden: true } });
    const alice = await world.open({ identity: 'alice' });
    expect(alice.last('leave')?.reason).toBe(DisconnectReason.JOIN_FAILURE);
    for (const grant of [{ recorder: true }, { agent: true }]) {
      const extra = await world.join(Object.keys(grant).join(), { grant: { hidden: true, ...grant } });
      expect(extra.last('join')?.participant?.kind).toBe(ParticipantInfo_Kind.STANDARD);
    }
    ghost.send({ case: 'leave', value: {} as never });
    expect((await world.join('alice')).last('join')).toBeDefined();
  });
});
