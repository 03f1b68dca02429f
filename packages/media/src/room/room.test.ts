/** What a room tells: data, profiles, speakers, quality, versions. */
import {
  ConnectionQuality,
  DataPacket,
  MuteTrackRequest,
  RequestResponse_Reason,
  SyncState,
  UpdateParticipantMetadata,
  UserPacket,
} from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { type TestClient, World } from './testing/world.ts';

function say(
  client: TestClient,
  text: string,
  options: Partial<DataPacket> = {},
  kind: 'reliable' | 'lossy' = 'reliable',
) {
  const packet = new DataPacket({
    ...options,
    value: { case: 'user', value: new UserPacket({ payload: Buffer.from(text) }) },
  });
  client.up.sink.onData(kind, packet.toBinary());
}

function heard(client: TestClient): string[] {
  return client.down.sent.map(({ data }) => {
    const { value } = DataPacket.fromBinary(data);
    return value.case === 'user' ? Buffer.from(value.value.payload).toString() : '?';
  });
}

describe('[SG24] data in a room', () => {
  it('[SG24] goes to everybody else, or to those named by identity or SID', async () => {
    const world = new World();
    const [alice, bob, carol] = [await world.join('alice'), await world.join('bob'), await world.join('carol')];
    say(alice, 'all');
    say(alice, 'bob only', { destinationIdentities: ['bob'] });
    say(alice, 'fast', {}, 'lossy');
    expect(heard(alice)).toEqual([]);
    expect(heard(bob)).toEqual(['all', 'bob only', 'fast']);
    expect(heard(carol)).toEqual(['all', 'fast']);
    expect(bob.down.sent.map(({ kind }) => kind)).toEqual(['reliable', 'reliable', 'lossy']);
  });

  it('[SG24] is not taken from those who may not send it', async () => {
    const world = new World();
    const alice = await world.join('alice', { grant: { canPublishData: false } });
    const bob = await world.join('bob');
    say(alice, 'no');
    expect(heard(bob)).toEqual([]);
  });

  it('[SG26] what was missed over a resume is replayed after the sync state, and the last number is told', async () => {
    const world = new World();
    const [alice, bob] = [await world.join('alice'), await world.join('bob')];
    for (let sequence = 1; sequence <= 3; sequence++) say(alice, `m${sequence}`, { sequence });
    say(bob, 'mine', { sequence: 9 });
    bob.drop();
    const again = await world.open({ identity: 'bob', reconnect: true, sid: bob.sid });
    expect(again.last('reconnect')?.lastMessageSeq).toBe(9);
    const sync = SyncState.fromJson({ datachannelReceiveStates: [{ publisherSid: alice.sid, lastSeq: 1 }] });
    again.send({ case: 'syncState', value: sync });
    expect(heard(bob)).toEqual(['m1', 'm2', 'm3', 'm2', 'm3']);
  });

  it('[SG25] a receiver too far behind is asked to come back; one whose signal is lost is left to the replay', async () => {
    const world = new World();
    const [alice, bob, carol] = [await world.join('alice'), await world.join('bob'), await world.join('carol')];
    bob.down.accepting = false;
    carol.down.accepting = false;
    carol.drop();
    say(alice, 'x');
    expect(bob.last('leave')?.action).toBe(2);
    expect(world.control.manager.get('hall')?.get('carol')).toBeDefined();
    expect(world.control.manager.get('hall')?.get('bob')).toBeUndefined();
  });
});

describe('[SG28] profiles', () => {
  const update = (client: TestClient, value: Partial<UpdateParticipantMetadata>) => {
    client.send({ case: 'updateMetadata', value: new UpdateParticipantMetadata({ requestId: 5, ...value }) });
    return client.last('requestResponse');
  };

  it('[SG28] need the grant, keep the limits, and never touch the server’s attributes', async () => {
    const world = new World({ limits: { nameLength: 10, metadataBytes: 10, attributesBytes: 40 } });
    const bob = await world.join('bob');
    const alice = await world.join('alice', {
      attributes: { 'lianmai.deny': 'video' },
      grant: { canUpdateOwnMetadata: true },
    });
    expect(update(bob, { name: 'B' })).toMatchObject({ requestId: 5, reason: RequestResponse_Reason.NOT_ALLOWED });
    expect(update(alice, { name: 'Alice', metadata: 'm', attributes: { k: 'v' } })?.reason).toBe(0);
    expect(bob.sees('alice')).toMatchObject({
      name: 'Alice',
      metadata: 'm',
      attributes: { k: 'v', 'lianmai.deny': 'video' },
    });
    expect(alice.sees('alice')?.name).toBe('Alice');
    expect(update(alice, { attributes: { k: '' } })?.reason).toBe(0);
    expect(bob.sees('alice')?.attributes).toEqual({ 'lianmai.deny': 'video' });
    for (const value of [
      { name: 'x'.repeat(11) },
      { metadata: 'x'.repeat(11) },
      { attributes: { k: 'x'.repeat(50) } },
    ]) {
      expect(update(alice, value)?.reason).toBe(RequestResponse_Reason.LIMIT_EXCEEDED);
    }
    for (const value of ['', 'none']) {
      expect(update(alice, { attributes: { 'lianmai.deny': value } })?.reason).toBe(RequestResponse_Reason.NOT_ALLOWED);
    }
    expect(update(alice, { attributes: JSON.parse('{"__proto__":"x"}') })?.reason).toBe(0);
    expect(bob.sees('alice')).toMatchObject({ name: 'Alice', metadata: 'm' });
  });

  it('[SG28] attributes of the join request may not touch them either', async () => {
    const world = new World();
    const alice = await world.join('alice', {
      attributes: { 'lianmai.deny': 'video' },
      join: { participantAttributes: { 'lianmai.deny': '', 'lianmai.x': '1', mine: '2' } },
    });
    expect(alice.last('join')?.participant?.attributes).toEqual({ 'lianmai.deny': 'video', mine: '2' });
  });

  it('[SG29] hidden participants are seen by nobody, and see everybody', async () => {
    const world = new World();
    const bob = await world.join('bob');
    const ghost = await world.join('ghost', { grant: { hidden: true } });
    expect(bob.sees('ghost')).toBeUndefined();
    expect(ghost.sees('bob')).toBeDefined();
    const carol = await world.join('carol');
    expect(carol.sees('ghost')).toBeUndefined();
  });

  it('[SG29] [SG45] a room counts hidden participants, but no recorders and agents', async () => {
    const world = new World();
    await world.join('bob');
    await world.join('ghost', { grant: { hidden: true } });
    for (const grant of [{ recorder: true }, { agent: true }]) {
      await world.join(Object.keys(grant).join(), { grant: { hidden: true, ...grant } });
    }
    expect(world.control.manager.get('hall')?.info().numParticipants).toBe(2);
  });
});

describe('[SG40] announcements', () => {
  it('[SG40] of one who changes all the time are gathered, and the last one is told', async () => {
    const world = new World({ limits: { announcementsPerSecond: 2, signalMessagesPerSecond: 1_000 } });
    const [alice, bob] = [await world.join('alice'), await world.join('bob')];
    const sid = alice.publish('audio', 'mic');
    const before = bob.all('update').length;
    for (let count = 0; count < 101; count++) {
      alice.send({ case: 'mute', value: new MuteTrackRequest({ sid, muted: count % 2 === 0 }) });
    }
    expect(bob.all('update').length - before).toBe(6);
    world.pass(200);
    expect(bob.all('update').length - before).toBe(7);
    expect(bob.sees('alice')?.tracks[0]?.muted).toBe(true);
  });
});

describe('[SG30] speakers and [SG31] quality', () => {
  async function aliceSpeaks() {
    const world = new World();
    const [alice, bob] = [await world.join('alice'), await world.join('bob')];
    alice.publish('audio', 'mic');
    const uplink = alice.up.uplinks.get('0');
    if (!uplink) throw new Error('no uplink');
    uplink.level = 0.5;
    return { world, alice, bob, uplink };
  }

  it('[SG30] who speaks is announced, and that he stopped; muted tracks are silent', async () => {
    const { world, alice, bob, uplink } = await aliceSpeaks();
    world.pass(800);
    expect(bob.last('speakersChanged')?.speakers).toMatchObject([{ sid: alice.sid, active: true }]);
    uplink.level = 0;
    world.pass(800);
    expect(bob.last('speakersChanged')?.speakers).toMatchObject([{ sid: alice.sid, active: false, level: 0 }]);
    const count = bob.all('speakersChanged').length;
    world.pass(4_000);
    expect(bob.all('speakersChanged')).toHaveLength(count);
  });

  it('[SG30] who comes later, or comes back, hears who speaks and who has stopped meanwhile', async () => {
    const { world, alice, bob, uplink } = await aliceSpeaks();
    world.pass(4_000);
    const carol = await world.join('carol');
    expect(carol.last('speakersChanged')?.speakers).toMatchObject([{ sid: alice.sid, active: true }]);
    bob.drop();
    uplink.level = 0;
    world.pass(800);
    const again = await world.open({ identity: 'bob', reconnect: true, sid: bob.sid });
    const told = again.last('speakersChanged')?.speakers.find(({ sid }) => sid === alice.sid);
    expect(told).toMatchObject({ active: false, level: 0 });
    const dora = await world.join('dora');
    expect(dora.all('speakersChanged')).toEqual([]);
  });

  /** What a client knows of another's quality, by all updates so far. */
  function told(client: TestClient, sid: string): ConnectionQuality | undefined {
    const updates = client.all('connectionQuality').flatMap((update) => update.updates);
    return updates.findLast(({ participantSid }) => participantSid === sid)?.quality;
  }

  it('[SG31] falls under loss, is told to oneself and to viewers, and LOST only to others', async () => {
    const world = new World();
    const [alice, bob, carol] = [
      await world.join('alice'),
      await world.join('bob'),
      await world.join('carol', { autoSubscribe: false }),
    ];
    alice.publish('video', 'cam');
    bob.offer();
    world.pass(5_200);
    const toldOfAlice = () => [alice, bob, carol].map((client) => told(client, alice.sid));
    expect(toldOfAlice()).toEqual([ConnectionQuality.EXCELLENT, ConnectionQuality.EXCELLENT, undefined]);
    const uplink = alice.up.uplinks.get('0');
    if (uplink) uplink.lossRate = 0.3;
    world.pass(10_000);
    expect(toldOfAlice()).toEqual([ConnectionQuality.POOR, ConnectionQuality.POOR, undefined]);
    alice.up.setState('disconnected');
    world.pass(5_200);
    expect(toldOfAlice()).toEqual([ConnectionQuality.POOR, ConnectionQuality.LOST, undefined]);
  });

  it('[SG31] who subscribes later is told too, and nobody is told the same twice', async () => {
    const world = new World();
    const [alice, bob] = [await world.join('alice'), await world.join('bob')];
    world.pass(5_200);
    expect([told(alice, alice.sid), told(bob, bob.sid)]).toEqual([
      ConnectionQuality.EXCELLENT,
      ConnectionQuality.EXCELLENT,
    ]);
    expect(told(bob, alice.sid)).toBeUndefined();
    alice.publish('video', 'cam');
    bob.offer();
    world.pass(5_200);
    expect(told(bob, alice.sid)).toBe(ConnectionQuality.EXCELLENT);
    const counts = () => [alice, bob].map((client) => client.all('connectionQuality').length);
    const before = counts();
    world.pass(20_000);
    expect(counts()).toEqual(before);
  });
});
