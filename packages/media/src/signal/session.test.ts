/** Joining, resuming and leaving, in frames. */
import {
  DisconnectReason,
  type JoinRequest,
  LeaveRequest,
  LeaveRequest_Action,
  ParticipantInfo_State,
  Ping,
  SessionDescription,
  SyncState,
} from '@livekit/protocol';
import { describe, expect, it } from 'vitest';
import { Refused, World } from '../room/testing/world.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 15_000 };

const refusal = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw new Error('was not refused');
  return error.answer;
};

describe('[SG1] admission', () => {
  it('[SG1] refuses in HTTP: no token, no join grant, no room, no identity', async () => {
    const world = new World();
    expect(await refusal(world.open({ token: 'x' }))).toMatchObject({ status: 401 });
    expect(await refusal(world.open({ grant: { roomJoin: false } }))).toMatchObject({ status: 401 });
    expect(await refusal(world.open({ room: '' }))).toMatchObject({ status: 400, body: 'no room name' });
    expect(await refusal(world.open({ identity: 'x'.repeat(300) }))).toMatchObject({ status: 400 });
    expect(await refusal(world.open({ metadata: 'x'.repeat(70_000) }))).toMatchObject({ status: 400 });
    expect(world.connections).toHaveLength(0);
  });

  it('[SG1] takes the token from the Authorization header too, and validates without joining', async () => {
    const world = new World();
    const request = await world.request({ identity: 'alice' });
    const query = new URLSearchParams(request.query);
    const authorization = `Bearer ${query.get('access_token')}`;
    query.delete('access_token');
    const moved = { ...request, query: query.toString(), authorization };
    expect(await world.control.validate(moved)).toMatchObject({ status: 200, body: 'success' });
    expect((await world.control.openSignal(moved)).kind).toBe('accepted');
    expect(await world.control.validate({ ...moved, authorization: 'Basic x' })).toMatchObject({ status: 401 });
    expect(world.control.manager.get('hall')?.size).toBe(1);
  });

  it('[SG1] makes a room on joining where that is allowed, and says so in LiveKit’s words where not', async () => {
    const world = new World({ room: { autoCreate: false } });
    expect(await refusal(world.open())).toMatchObject({ status: 404, body: 'requested room does not exist' });
    await world.open({ grant: { roomCreate: true } });
    expect(world.control.manager.get('hall')?.size).toBe(1);
  });

  it('[SG1] joins per address are limited', async () => {
    const world = new World({ limits: { joinsPerAddressPerSecond: 2 } });
    for (let count = 0; count < 6; count++) await world.control.validate(await world.request());
    expect(await world.control.validate(await world.request())).toMatchObject({ status: 429 });
    world.now += 1_000;
    expect(await world.control.validate(await world.request())).toMatchObject({ status: 200 });
  });

  it('[SG1] a full room turns away with a leave, a full transport in HTTP; a duplicate takes its own seat', async () => {
    const world = new World({ room: { maxParticipants: 1 } });
    await world.join('alice');
    const bob = await world.open({ identity: 'bob' });
    expect(bob.received).toHaveLength(1);
    expect(bob.last('leave')).toMatchObject({ reason: DisconnectReason.JOIN_FAILURE });
    expect(bob.closed).not.toBeNull();
    await world.join('alice');
    world.full = true;
    expect(await refusal(world.open({ identity: 'alice', room: 'other' }))).toMatchObject({ status: 503 });
    expect(world.control.manager.get('other')?.size ?? 0).toBe(0);
  });

  it('[SG1] a join whose first description fails in a way of its own leaves nobody behind', async () => {
    const world = new World();
    const bob = await world.join('bob');
    world.broken = true;
    const join = { publisherOffer: new SessionDescription({ type: 'offer', sdp: '0 video cam', id: 1 }) };
    expect(await refusal(world.open({ identity: 'alice', join }))).toMatchObject({ status: 503 });
    expect(world.control.manager.get('hall')?.size).toBe(1);
    expect(bob.sees('alice')?.state).toBe(ParticipantInfo_State.DISCONNECTED);
    world.broken = false;
    const carol = await world.join('carol');
    for (const connection of carol.connections) connection.broken = true;
    const back = await world.open({ identity: 'carol', reconnect: true, sid: carol.sid, join });
    expect(back.last('leave')?.action).toBe(LeaveRequest_Action.RECONNECT);
    expect(world.control.manager.get('hall')?.size).toBe(1);
  });

  it('[SG5] a revoked identity is kept out at join, resume and refresh until it is lifted', async () => {
    const world = new World();
    const alice = await world.join('alice');
    world.control.setRevocation('hall', 'alice', Number.POSITIVE_INFINITY);
    expect(await refusal(world.open({ identity: 'alice' }))).toMatchObject({ status: 403 });
    alice.drop();
    expect(await refusal(world.open({ identity: 'alice', reconnect: true, sid: alice.sid }))).toMatchObject({
      status: 403,
    });
    const bob = await world.join('bob');
    world.control.setRevocation('hall', 'bob', Number.POSITIVE_INFINITY);
    for (let step = 0; step < 31; step++) {
      bob.send({ case: 'ping', value: 1n });
      world.pass(10_000);
    }
    expect(bob.last('leave')).toMatchObject({ reason: DisconnectReason.PARTICIPANT_REMOVED, action: 0 });
    world.control.setRevocation('hall', 'alice', null);
    await world.join('alice');
  });
});

describe('[SG43] a second connection of one user', () => {
  it('[SG43] is refused at join, validate and resume, so that nobody outlives a kick under another name', async () => {
    const world = new World();
    for (const two of [true, false]) {
      for (const reconnect of [false, true]) {
        const request = await world.request({ identity: 'alice', two, reconnect });
        const second = { ...request, query: `${request.query}&publish=x` };
        expect(await world.control.openSignal(second)).toMatchObject({ kind: 'refused', answer: { status: 400 } });
        expect(await world.control.validate(second)).toMatchObject({ status: 400 });
      }
    }
    expect(world.control.manager.get('hall')?.size ?? 0).toBe(0);
  });
});

describe('[SG4] the join response', () => {
  it('[SG4] is the first message and holds what clients need', async () => {
    const world = new World();
    await world.join('bob');
    const alice = await world.join('alice', { name: 'Alice', metadata: 'm', attributes: { k: 'v' } });
    expect(alice.received[0]?.message.case).toBe('join');
    const join = alice.last('join');
    expect(join).toMatchObject({ subscriberPrimary: false, pingInterval: 5, pingTimeout: 15, fastPublish: true });
    expect(join?.serverVersion).not.toBe('');
    expect(join?.iceServers).toEqual([]);
    expect(join?.participant).toMatchObject({
      identity: 'alice',
      name: 'Alice',
      metadata: 'm',
      attributes: { k: 'v' },
    });
    expect(join?.otherParticipants.map(({ identity }) => identity)).toEqual(['bob']);
    await expect.poll(() => alice.last('refreshToken'), SOON).toBeTruthy();
  });

  it('[SG4] with two connections the subscriber is primary and gets the server’s offer', async () => {
    const world = new World();
    const alice = await world.open({ identity: 'alice', two: true });
    expect(alice.last('join')?.subscriberPrimary).toBe(true);
    expect(alice.connections.map(({ role }) => role)).toEqual(['publisher', 'subscriber']);
    expect(alice.last('offer')).toBeTruthy();
    const silent = await world.open({ identity: 'bob', two: true, grant: { canSubscribe: false } });
    expect(silent.last('join')?.subscriberPrimary).toBe(false);
  });

  it('[SG4] an offer in the join request is answered right after the join, with tracks that exist bound', async () => {
    const world = new World();
    const bob = await world.join('bob');
    const sid = bob.publish('audio', 'mic');
    const publisherOffer = new SessionDescription({ type: 'offer', sdp: '0 video cam', id: 3 });
    const join: Partial<JoinRequest> = { publisherOffer };
    const alice = await world.open({ identity: 'alice', join });
    const cases = alice.received.map(({ message }) => message.case).filter((name) => name !== 'refreshToken');
    expect(cases.slice(0, 2)).toEqual(['join', 'answer']);
    expect(alice.last('answer')).toMatchObject({ id: 3 });
    expect(Object.values(alice.last('answer')?.midToTrackId ?? {})).toEqual([sid]);
  });

  it('[SG6] a participant becomes active with its primary connection, and others see each step', async () => {
    const world = new World();
    const bob = await world.join('bob');
    const alice = await world.open({ identity: 'alice' });
    expect(bob.sees('alice')?.state).toBe(ParticipantInfo_State.JOINED);
    expect(world.events.map(({ event }) => event).filter((event) => event === 'participant_joined')).toHaveLength(1);
    alice.up.connect();
    expect(bob.sees('alice')?.state).toBe(ParticipantInfo_State.ACTIVE);
    expect(world.events.map(({ event }) => event).filter((event) => event === 'participant_joined')).toHaveLength(2);
  });
});

describe('[SG7] pings', () => {
  it('[SG7] both kinds are answered, the echo included', async () => {
    const world = new World();
    const alice = await world.join('alice');
    alice.send({ case: 'ping', value: 1n });
    expect(alice.last('pong')).toBeGreaterThan(0n);
    alice.send({ case: 'pingReq', value: new Ping({ timestamp: 7n }) });
    expect(alice.last('pongResp')).toMatchObject({ lastPingTimestamp: 7n });
  });
});

describe('[SG8] leaving', () => {
  it('[SG8] leave frees the seat at once and tells the others', async () => {
    const world = new World();
    const bob = await world.join('bob');
    const alice = await world.join('alice');
    alice.send({ case: 'leave', value: new LeaveRequest() });
    expect(bob.sees('alice')).toMatchObject({
      state: ParticipantInfo_State.DISCONNECTED,
      disconnectReason: DisconnectReason.CLIENT_INITIATED,
    });
    expect(alice.connections.every(({ closed }) => closed)).toBe(true);
    expect(alice.closed).not.toBeNull();
    expect(world.events.at(-1)?.event).toBe('participant_left');
  });

  it('[SG9] the newer of two with one identity wins; the older is told so and cannot come back as what it was', async () => {
    const world = new World();
    const bob = await world.join('bob');
    const first = await world.join('alice');
    const second = await world.join('alice');
    expect(first.last('leave')).toMatchObject({
      reason: DisconnectReason.DUPLICATE_IDENTITY,
      action: LeaveRequest_Action.DISCONNECT,
    });
    expect(second.sid).not.toBe(first.sid);
    expect(bob.sees('alice')).toMatchObject({ sid: second.sid, state: ParticipantInfo_State.ACTIVE });
    first.drop();
    first.send({ case: 'leave', value: new LeaveRequest() });
    expect(world.control.manager.get('hall')?.size).toBe(2);
    const names = world.events.map(({ event }) => event);
    expect(names.lastIndexOf('participant_left')).toBeLessThan(names.lastIndexOf('participant_joined'));
  });

  it('[SG12] a broken socket keeps the participant while media lives; a closed page frees it within two seconds', async () => {
    const world = new World();
    const bob = await world.join('bob');
    const alice = await world.join('alice');
    alice.drop();
    world.pass(5_000);
    expect(bob.sees('alice')?.state).toBe(ParticipantInfo_State.ACTIVE);
    alice.up.setState('closed');
    world.pass(1_400);
    expect(bob.sees('alice')?.state).toBe(ParticipantInfo_State.DISCONNECTED);
  });

  it('[SG12] one that never got media and loses its signal is gone at once, as an aborted connection', async () => {
    const world = new World();
    const alice = await world.open({ identity: 'alice' });
    alice.drop();
    world.pass(200);
    expect(world.control.manager.get('hall')?.size).toBe(0);
    expect(world.events.at(-1)?.event).toBe('participant_connection_aborted');
  });

  it('[SG12] a vanished network: resume is asked for, then the seat is free after the window', async () => {
    const world = new World();
    const alice = await world.join('alice');
    world.pass(30_000);
    alice.up.setState('disconnected');
    world.pass(5_000);
    alice.up.setState('failed');
    world.pass(200);
    expect(alice.last('leave')).toMatchObject({ action: LeaveRequest_Action.RESUME });
    expect(alice.closed).not.toBeNull();
    world.pass(5_000);
    expect(world.control.manager.get('hall')?.size).toBe(1);
    world.pass(10_000);
    expect(world.control.manager.get('hall')?.size).toBe(0);
  });

  it('[SG13] rooms end after their timeouts, never while somebody is there', async () => {
    const world = new World({ room: { emptyTimeoutSeconds: 30, departureTimeoutSeconds: 5 } });
    const alice = await world.join('alice');
    for (let step = 0; step < 10; step++) {
      world.pass(10_000);
      alice.send({ case: 'ping', value: 1n });
    }
    expect(world.control.manager.get('hall')).toBeDefined();
    alice.send({ case: 'leave', value: new LeaveRequest() });
    world.pass(4_800);
    expect(world.control.manager.get('hall')).toBeDefined();
    world.pass(400);
    expect(world.control.manager.get('hall')).toBeUndefined();
    expect(world.events.at(-1)?.event).toBe('room_finished');
  });

  it('[SG14] a graceful stop asks everybody to come back, and admits nobody', async () => {
    const world = new World();
    const alice = await world.join('alice');
    await world.control.stop(1_000);
    expect(alice.last('leave')).toMatchObject({
      reason: DisconnectReason.SERVER_SHUTDOWN,
      action: LeaveRequest_Action.RECONNECT,
    });
    expect(await refusal(world.open())).toMatchObject({ status: 503 });
  });
});

describe('[SG10] resuming', () => {
  it('[SG10] swaps the session, keeps the SID, tells what happened meanwhile; the old socket is ignored', async () => {
    const world = new World();
    const carol = await world.join('carol');
    const bob = await world.join('bob');
    const alice = await world.join('alice');
    alice.drop();
    world.pass(1_000);
    carol.send({ case: 'leave', value: new LeaveRequest() });
    const again = await world.open({ identity: 'alice', reconnect: true, sid: alice.sid });
    expect(again.received[0]?.message.case).toBe('reconnect');
    expect(again.sees('carol')?.state).toBe(ParticipantInfo_State.DISCONNECTED);
    expect(again.sees('bob')?.state).toBe(ParticipantInfo_State.ACTIVE);
    expect(again.sees('alice')?.sid).toBe(alice.sid);
    expect(again.last('roomUpdate')).toBeTruthy();
    alice.drop();
    alice.send({ case: 'leave', value: new LeaveRequest() });
    world.pass(1_000);
    expect(bob.sees('alice')?.state).toBe(ParticipantInfo_State.ACTIVE);
    expect(world.connections).toHaveLength(3);
  });

  it('[SG10] takes over from a session that still seems to live', async () => {
    const world = new World();
    const alice = await world.join('alice');
    const again = await world.open({ identity: 'alice', reconnect: true, sid: alice.sid });
    expect(alice.closed).not.toBeNull();
    again.send({ case: 'ping', value: 1n });
    expect(again.last('pong')).toBeDefined();
  });

  it('[SG10] with two connections brings an offer with an ICE restart', async () => {
    const world = new World();
    const alice = await world.join('alice', { two: true });
    await world.open({ identity: 'alice', two: true, reconnect: true, sid: alice.sid });
    expect(alice.down.offers.at(-1)).toEqual({ iceRestart: true });
  });

  it('[SG11] what is unknown is sent to join anew: no such participant, another SID, no such room', async () => {
    const world = new World();
    await world.join('alice');
    for (const options of [
      { identity: 'bob', sid: 'PA_x' },
      { identity: 'alice', sid: 'PA_x' },
      { identity: 'alice', room: 'elsewhere', sid: 'PA_x' },
    ]) {
      const client = await world.open({ ...options, reconnect: true });
      expect(client.received).toHaveLength(1);
      expect(client.last('leave')).toMatchObject({
        reason: DisconnectReason.STATE_MISMATCH,
        action: LeaveRequest_Action.RECONNECT,
      });
      expect(client.closed).not.toBeNull();
    }
    expect(world.control.manager.get('elsewhere')).toBeUndefined();
  });

  it('[SG11] a sync state that names a track we do not have asks for a full reconnect', async () => {
    const world = new World();
    const alice = await world.join('alice');
    const sid = alice.publish('audio', 'mic');
    const again = await world.open({ identity: 'alice', reconnect: true, sid: alice.sid });
    const state = (trackSid: string) =>
      SyncState.fromJson({ publishTracks: [{ cid: 'mic', track: { sid: trackSid } }] });
    again.send({ case: 'syncState', value: state(sid) });
    expect(again.last('leave')).toBeUndefined();
    again.send({ case: 'syncState', value: state('TR_unknown') });
    expect(again.last('leave')).toMatchObject({ action: LeaveRequest_Action.RECONNECT });
  });
});
