import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeLivekit } from '../testing/fake-livekit.ts';
import { type Client, Harness } from '../testing/harness.ts';

let harness: Harness;
let ann: Client;
let bob: Client;

async function seats(roomID: string): Promise<string[]> {
  const { body } = await harness.raw('webrtc-get-room-info', { roomID }, harness.serverKey);
  if (body.code === 10003) return [];
  const room = await harness.call('webrtc-get-room-info', { roomID }, harness.serverKey);
  return (room.members ?? []).map((member) => member.userID);
}

/** Enters through the functions and appears in the media room. */
async function inCall(client: Client, roomID: string, told = true): Promise<string> {
  await harness.call('webrtc-enter-room', { roomID }, client);
  const sid = harness.media.join(harness.mediaRoom(roomID), client.userId, [], told);
  await harness.settled();
  return sid;
}

describe('presence with the embedded engine', () => {
  beforeEach(async () => {
    harness = await Harness.start({ config: { rooms: { leaseSeconds: 5 } } });
    [ann, bob] = [await harness.guest('Ann'), await harness.guest('Bob')];
  });
  afterEach(() => harness.stop());

  it('[FN30] a participant who went frees the seat at once, and the last one the room', async () => {
    await inCall(ann, '1');
    await inCall(bob, '1');
    harness.media.leave(harness.mediaRoom('1'), bob.userId);
    await harness.settled();
    expect(await seats('1')).toEqual([ann.userId]);
    harness.media.leave(harness.mediaRoom('1'), ann.userId);
    await harness.settled();
    expect(await seats('1')).toEqual([]);
  });

  it('[FN30] the owner who went passes the room on', async () => {
    await inCall(ann, '1');
    await inCall(bob, '1');
    harness.media.leave(harness.mediaRoom('1'), ann.userId);
    await harness.settled();
    expect((await harness.call('webrtc-get-room-info', { roomID: 1 }, bob)).ownerID).toBe(bob.userId);
  });

  it('[FN31] who has no seat and finds none is removed from the media room; so is one of an unknown room', async () => {
    await harness.call('webrtc-create-room', { roomID: 1, capacity: 1 }, ann);
    await inCall(ann, '1');
    const room = harness.mediaRoom('1');
    harness.media.join(room, bob.userId);
    await harness.settled();
    expect(harness.media.has(room, bob.userId)).toBe(false);
    expect(harness.media.has(room, ann.userId)).toBe(true);
    const unknown = harness.mediaRoom('404');
    harness.media.join(unknown, bob.userId);
    await harness.settled();
    expect(harness.media.has(unknown, bob.userId)).toBe(false);
  });

  it('[FN31] who quits while his media still connect does not come back to his seat', async () => {
    await inCall(ann, '1');
    await harness.call('webrtc-enter-room', { roomID: '1' }, bob);
    const room = harness.mediaRoom('1');
    harness.media.join(room, bob.userId, [], false);
    await harness.call('webrtc-quit-room', { roomID: '1' }, bob);
    expect(harness.media.has(room, bob.userId)).toBe(false);
    expect(await seats('1')).toEqual([ann.userId]);
  });

  it('[FN33] removals that the media door has no place for stop neither the others nor the comparing', async () => {
    await inCall(ann, '1');
    const kick = (memberID: string) => harness.call('webrtc-kick-member', { roomID: '1', memberID }, ann);
    harness.media.revocationLimit = 1;
    await kick('one');
    await kick('two');
    const room = harness.mediaRoom('1');
    expect([...harness.media.revoked]).toEqual([`${room}/one`]);
    await harness.server.services.presence.reconcile();
    expect([...harness.media.revoked]).toEqual([`${room}/one`]);
    harness.media.revocationLimit = 2;
    await harness.server.services.presence.reconcile();
    expect([...harness.media.revoked]).toEqual([`${room}/one`, `${room}/two`]);
  });

  it('[FN39] a second, publishing connection of a user is removed, told or found', async () => {
    await inCall(ann, '1');
    const room = harness.mediaRoom('1');
    harness.media.join(room, `${ann.userId}#camera`);
    await harness.settled();
    expect(harness.media.has(room, `${ann.userId}#camera`)).toBe(false);
    harness.media.join(room, `${ann.userId}#camera`, [], false);
    await harness.server.services.presence.reconcile();
    await harness.settled();
    expect(harness.media.has(room, `${ann.userId}#camera`)).toBe(false);
    expect(harness.media.has(room, ann.userId)).toBe(true);
    expect(await seats('1')).toEqual([ann.userId]);
  });

  it('[FN32] comparing frees seats of participants who vanished unheard, and seats those who came unheard', async () => {
    const own = harness;
    await inCall(ann, '1');
    await inCall(bob, '1');
    own.media.leave(own.mediaRoom('1'), bob.userId, null);
    own.media.join(own.mediaRoom('1'), 'carl', [], false);
    // A listing frees no seat taken within the grace time, since it may be older than the seat.
    const afterComparing = async () => {
      await own.server.services.presence.reconcile();
      return (await seats('1')).includes(bob.userId);
    };
    await expect.poll(afterComparing, { timeout: 15_000, interval: 300 }).toBe(false);
    expect((await seats('1')).sort()).toEqual([ann.userId, 'carl'].sort());
  });

  it('[FN32] comparing happens by itself', async () => {
    await harness.stop();
    harness = await Harness.start({ config: { rooms: { leaseSeconds: 60 }, media: { reconcileSeconds: 1 } } });
    const owner = await harness.guest('Ann');
    await inCall(owner, '1');
    harness.media.join(harness.mediaRoom('1'), 'carl', [], false);
    await expect.poll(() => seats('1'), { timeout: 15_000 }).toContain('carl');
  });

  it('[FN33] after the engine began anew members keep their seats for a lease, and removals stand', async () => {
    await inCall(ann, '1');
    await inCall(bob, '1');
    await harness.call('webrtc-kick-member', { roomID: 1, memberID: bob.userId }, ann);
    harness.media.restart();
    await expect.poll(() => harness.media.revoked.size).toBe(1);
    expect(harness.media.revoked).toContain(`${harness.mediaRoom('1')}/${bob.userId}`);
    expect(await seats('1')).toEqual([ann.userId]);
    await inCall(ann, '1');
    expect(await seats('1')).toEqual([ann.userId]);
  });

  it('[FN33] the same after the server began anew', async () => {
    await inCall(ann, '1');
    await inCall(bob, '1');
    await harness.call('webrtc-kick-member', { roomID: 1, memberID: bob.userId }, ann);
    const { dataDir } = harness;
    await harness.stop(true);
    harness = await Harness.start({ dataDir, config: { rooms: { leaseSeconds: 5 } } });
    expect(await seats('1')).toEqual([ann.userId]);
    expect(harness.media.revoked).toContain(`${harness.mediaRoom('1')}/${bob.userId}`);
    expect(await harness.code('webrtc-enter-room', { roomID: 1 }, bob)).toBe(10009);
    expect(await harness.code('webrtc-enter-room', { roomID: 1 }, ann)).toBe(0);
  });

  it('[FN46] those whom a stopping server sends away keep their seats, and the owner his room', async () => {
    await inCall(ann, '1');
    await inCall(bob, '1');
    const { dataDir, server } = harness;
    // Longer than all that follows from what it has told.
    harness.media.ending = () => server.services.presence.idle();
    await harness.stop(true);
    harness = await Harness.start({ dataDir, config: { rooms: { leaseSeconds: 60 } } });
    expect(await seats('1')).toEqual([ann.userId, bob.userId]);
    expect((await harness.call('webrtc-get-room-info', { roomID: 1 }, bob)).ownerID).toBe(ann.userId);
  });

  it('[FN34] a late end of an older connection does not free the seat of the newer one', async () => {
    const room = harness.mediaRoom('1');
    const first = await inCall(ann, '1');
    const second = await inCall(ann, '1');
    expect(second).not.toBe(first);
    const json = (sid: string) =>
      JSON.stringify({ event: 'participant_left', room: { name: room }, participant: { sid, identity: ann.userId } });
    await harness.server.services.presence.handleJson(json(first));
    expect(await seats('1')).toEqual([ann.userId]);
  });

  it('[FN35] what is no event of ours changes nothing and harms nothing', async () => {
    const { presence } = harness.server.services;
    await inCall(ann, '1');
    const room = harness.mediaRoom('1');
    for (const json of [
      '',
      '{',
      'null',
      '[]',
      '{"event":"participant_left"}',
      JSON.stringify({
        event: 'participant_joined',
        room: { name: room },
        participant: { sid: 'x', identity: '../x' },
      }),
      JSON.stringify({
        event: 'participant_joined',
        room: { name: 'lobby' },
        participant: { sid: 'x', identity: 'a' },
      }),
      JSON.stringify({ event: 'participant_joined', room: { name: '1:1' }, participant: { sid: 'x', identity: 'a' } }),
      JSON.stringify({
        event: 'participant_joined',
        room: { name: room },
        participant: { sid: 'x', identity: 'agent', kind: 'AGENT' },
      }),
      JSON.stringify({
        event: 'participant_joined',
        room: { name: room },
        participant: { sid: 'x', identity: 'hidden', permission: { hidden: true } },
      }),
    ]) {
      await presence.handleJson(json);
    }
    expect(await seats('1')).toEqual([ann.userId]);
  });

  it('[FN36] a lapsed seat is freed by the timer alone', async () => {
    await harness.call('webrtc-enter-room', { roomID: 1 }, ann);
    const gone = new Promise<string>((resolve) => {
      harness.server.services.rooms.onEvent((event) => {
        if (event.kind === 'room-ended') resolve(event.key.roomId);
      });
    });
    expect(await gone).toBe('1');
  });
});

describe('presence with a LiveKit server elsewhere', () => {
  const livekit = new FakeLivekit();

  beforeAll(async () => {
    const url = await livekit.start();
    const { key, secret } = livekit.keys;
    harness = await Harness.start({
      media: livekit.media,
      config: { livekit: { url, apiKey: key, apiSecret: secret } },
    });
    livekit.webhookUrl = `${harness.base}/webhooks/livekit`;
    [ann, bob] = [await harness.guest('Ann'), await harness.guest('Bob')];
  });
  afterAll(async () => {
    await harness.stop();
    await livekit.stop();
  });

  it('[FN37] its signed webhooks keep the members true, and tokens are signed with its key', async () => {
    const { signInfo } = await harness.call('webrtc-enter-room', { roomID: 1 }, ann);
    const { body } = await harness.roomsig(signInfo, 1);
    expect(JSON.stringify(body)).toContain('"url":"ws://127.0.0.1:');
    expect(JSON.stringify(body)).not.toContain(`${harness.base.replace('http', 'ws')}"`);
    await inCall(ann, '1');
    await livekit.delivered();
    await inCall(bob, '1');
    livekit.media.leave(harness.mediaRoom('1'), ann.userId);
    await livekit.delivered();
    expect(await seats('1')).toEqual([bob.userId]);
  });

  it('[FN37] webhooks that are not signed with its key are refused', async () => {
    const json = JSON.stringify({
      event: 'participant_left',
      room: { name: harness.mediaRoom('1') },
      participant: { sid: 'PA_3', identity: bob.userId },
    });
    expect(await livekit.webhook(json, 'another secret altogether')).toBe(401);
    const bare = await fetch(`${harness.base}/webhooks/livekit`, { method: 'POST', body: json });
    expect(bare.status).toBe(401);
    expect(await seats('1')).toEqual([bob.userId]);
  });

  it('[FN38] a kicked user whose token is still good there is removed as he appears', async () => {
    await inCall(bob, '2');
    await livekit.delivered();
    await inCall(ann, '2');
    await livekit.delivered();
    await harness.call('webrtc-kick-member', { roomID: 2, memberID: ann.userId }, harness.serverKey);
    expect(livekit.media.has(harness.mediaRoom('2'), ann.userId)).toBe(false);
    livekit.media.join(harness.mediaRoom('2'), ann.userId);
    await livekit.delivered();
    expect(livekit.media.has(harness.mediaRoom('2'), ann.userId)).toBe(false);
    expect(livekit.media.has(harness.mediaRoom('2'), bob.userId)).toBe(true);
  });
});
