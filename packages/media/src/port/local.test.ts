/** Participants over a local port, on the whole engine: what a WebRTC participant may do, they may. */
import { LeaveRequest_Action, MuteTrackRequest, SubscribedQualityUpdate } from '@livekit/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineConfigInput } from '../config.ts';
import { createEngine } from '../engine.ts';
import { delta, idr, TestLink, type TestSession } from '../local/testing/link.ts';
import { type ClientOptions, KEY, makeToken, SECRET } from '../room/testing/world.ts';
import type { LocalEngine } from './types.ts';

/** Polling ends as soon as it may; the limit is for a busy machine. */
const SOON = { timeout: 10_000, interval: 5 };

let stop: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of stop) await end();
  stop = [];
});

async function open(config: Partial<EngineConfigInput> = {}) {
  const engine = await createEngine({
    keys: { [KEY]: SECRET },
    rtc: { port: 0, listenAddresses: ['127.0.0.1'] },
    logLevel: 'silent',
    ...config,
  });
  stop.push(() => engine.stop(100));
  const events: string[] = [];
  engine.onEvent(({ event }) => events.push(event));
  const link = new TestLink(await engine.openLocal());
  return { engine, link, events };
}

async function join(link: TestLink, identity: string, options: ClientOptions = {}): Promise<TestSession> {
  const session = link.open(await makeToken({ identity, ...options }));
  await expect.poll(() => session.last('join') ?? session.told('refused')[0], SOON).toBeTruthy();
  return session;
}

async function api(engine: LocalEngine, method: string, body: object): Promise<void> {
  const token = await makeToken({ grant: { roomAdmin: true, roomCreate: true, roomJoin: false } });
  const answer = await engine.callApi({
    service: 'livekit.RoomService',
    method,
    contentType: 'application/json',
    authorization: `Bearer ${token}`,
    body: Buffer.from(JSON.stringify(body)),
  });
  expect([answer.status, String(answer.body)]).toEqual([200, expect.any(String)]);
}

/** A publisher and a viewer of its video, on one port. */
async function pair(config: Partial<EngineConfigInput> = {}) {
  const { engine, link, events } = await open(config);
  const alice = await join(link, 'alice');
  const bob = await join(link, 'bob');
  const stream = alice.publish('video', 'cam');
  await expect.poll(() => alice.last('trackPublished'), SOON).toBeTruthy();
  const trackSid = alice.last('trackPublished')?.track?.sid ?? '';
  bob.subscribe(trackSid);
  await expect.poll(() => bob.told('subscribed').length, SOON).toBe(1);
  const down = bob.told('subscribed')[0]?.stream ?? 0;
  return { engine, link, events, alice, bob, stream, down, trackSid };
}

describe('[LL1] coming in', () => {
  it('[LL1] a session is a participant: admission, presence events, the roster of the others', async () => {
    const { link, events } = await open();
    const alice = await join(link, 'alice', { attributes: { 'lianmai.client': 'phone' } });
    expect(alice.messages[0]).toEqual({ type: 'accepted', session: alice.id });
    expect(alice.responses.slice(0, 1).map((message) => message.case)).toEqual(['join']);
    const bob = await join(link, 'bob');
    expect(bob.last('join')?.otherParticipants.map(({ identity, attributes }) => [identity, attributes])).toEqual([
      ['alice', { 'lianmai.client': 'phone' }],
    ]);
    await expect.poll(() => events, SOON).toEqual(['room_started', 'participant_joined', 'participant_joined']);
  });

  it('[LL1] refuses as the door for WebSockets does', async () => {
    const { link, engine } = await open();
    engine.setRevocation('hall', 'mallory', Number.POSITIVE_INFINITY);
    const bad = link.open('nonsense');
    const kept = await join(link, 'mallory');
    await expect.poll(() => bad.told('refused'), SOON).toMatchObject([{ status: 401 }]);
    expect(kept.told('refused')).toMatchObject([{ status: 403 }]);
  });

  it('[LL1] a full room is told with a leave', async () => {
    const { link } = await open({ room: { maxParticipants: 1 } });
    await join(link, 'alice');
    const bob = link.open(await makeToken({ identity: 'bob' }));
    await expect.poll(() => bob.last('leave'), SOON).toMatchObject({ action: LeaveRequest_Action.DISCONNECT });
    await expect.poll(() => bob.told('close').length, SOON).toBe(1);
  });

  it('[LL2] leaving on purpose frees the seat at once, giving up within the grace of a closed page', async () => {
    const { link, events, alice, bob } = await pair({ participant: { closedGraceMs: 1 } });
    alice.send({ case: 'leave', value: {} as never });
    await expect.poll(() => events.filter((event) => event === 'participant_left').length, SOON).toBe(1);
    link.channel.post({ type: 'closed', session: bob.id });
    await expect.poll(() => events.filter((event) => event === 'participant_left').length, SOON).toBe(2);
  });

  it('[LL2] a port that closes takes its participants along when the resume time is over', async () => {
    const { link, events } = await pair({ participant: { resumeWindowMs: 1 } });
    link.channel.close();
    await expect.poll(() => events.filter((event) => event === 'participant_left').length, SOON).toBe(2);
  });

  it('[LL2] until then they keep their seats, and one who comes back takes his', async () => {
    const { engine, link, events } = await pair({ participant: { closedGraceMs: 1 } });
    link.channel.close();
    const other = new TestLink(await engine.openLocal());
    const carol = await join(other, 'carol');
    const dave = await join(other, 'dave');
    // Given up after the port closed, and gone: whoever was to leave at once has left by then.
    other.channel.post({ type: 'closed', session: dave.id });
    await expect.poll(() => events.filter((event) => event === 'participant_left').length, SOON).toBe(1);
    const others = carol.last('join')?.otherParticipants.map(({ identity }) => identity);
    expect(others?.sort()).toEqual(['alice', 'bob']);
    await join(other, 'alice');
    await expect.poll(() => events.filter((event) => event === 'participant_left').length, SOON).toBe(2);
    expect(events.filter((event) => event === 'participant_joined')).toHaveLength(5);
  });

  it('[LL2] the newer of two under one identity wins', async () => {
    const { link } = await open();
    const first = await join(link, 'alice');
    await join(link, 'alice');
    await expect.poll(() => first.last('leave'), SOON).toMatchObject({ action: LeaveRequest_Action.DISCONNECT });
    await expect.poll(() => first.told('close').length, SOON).toBe(1);
  });
});

describe('[LL3] media', () => {
  it('[LL3] a published stream reaches its viewer: payload, marker, spacing of numbers and timestamps', async () => {
    const { link, alice, stream, down } = await pair();
    alice.rtp(stream, 65_535, 90_000, idr('one'), false);
    alice.rtp(stream, 0, 90_000, 'two');
    alice.rtp(stream, 1, 93_000, delta('three'));
    await expect.poll(() => link.of(down), SOON).toEqual([idr('one'), 'two', delta('three')]);
    const [one, two, three] = link.packets;
    expect([one?.marker, two?.marker, three?.payloadType]).toEqual([false, true, 108]);
    expect(((two?.sequence ?? 0) - (one?.sequence ?? 0)) & 0xffff).toBe(1);
    expect((three?.timestamp ?? 0) - (two?.timestamp ?? 0)).toBe(3_000);
  });

  it('[LL4] a viewer asks for lost packets and for keyframes', async () => {
    const { link, alice, bob, stream, down } = await pair();
    await expect.poll(() => alice.told('keyframe').length, SOON).toBe(0);
    alice.rtp(stream, 1, 90_000, idr('a'));
    alice.rtp(stream, 2, 93_000, delta('b'));
    await expect.poll(() => link.of(down).length, SOON).toBe(2);
    const lost = link.packets[0]?.sequence ?? 0;
    link.channel.post({ type: 'nack', session: bob.id, stream: down, sequences: [lost] });
    await expect.poll(() => link.of(down), SOON).toEqual([idr('a'), delta('b'), idr('a')]);
    expect(link.packets[2]).toEqual(link.packets[0]);
    link.channel.post({ type: 'keyframe', session: bob.id, stream: down });
    await expect.poll(() => alice.told('keyframe').map((told) => told.stream), SOON).toContain(stream);
  });

  it("[LL5] the publisher's clock reaches the viewer on the viewer's own timestamps", async () => {
    const { link, alice, stream, down } = await pair();
    alice.rtp(stream, 1, 90_000, idr('a'));
    alice.link.channel.room()?.report(stream, 3_900_000_000_000.25, 90_000);
    await expect.poll(() => link.reports.length, SOON).toBeGreaterThan(0);
    const [report] = link.reports;
    const base = link.packets[0]?.timestamp ?? 0;
    expect(report?.stream).toBe(down);
    const media = (((report?.timestamp ?? 0) - base) | 0) / 90;
    expect(media - ((report?.ntpMs ?? 0) - 3_900_000_000_000.25)).toBeCloseTo(0, 0);
  });

  it('[LL13] a level makes its publisher a speaker, and the sound arrives as it was sent', async () => {
    const { link } = await open({ audio: { intervalMs: 20 } });
    const alice = await join(link, 'alice');
    const bob = await join(link, 'bob');
    const stream = alice.publish('audio', 'mic');
    await expect.poll(() => alice.last('trackPublished'), SOON).toBeTruthy();
    bob.subscribe(alice.last('trackPublished')?.track?.sid ?? '');
    await expect.poll(() => bob.told('subscribed').length, SOON).toBe(1);
    const sid = alice.last('join')?.participant?.sid;
    let sequence = 0;
    const speakAt = (level: number) => {
      for (let i = 0; i < 5; i++) alice.rtp(stream, sequence++, 960 * sequence, `n${sequence}`, false, level);
      return bob.last('speakersChanged')?.speakers;
    };
    await expect.poll(() => speakAt(-1) ?? link.packets.length >= 20, SOON).toBe(true);
    await expect.poll(() => speakAt(0x80 | 9), SOON).toMatchObject([{ sid, active: true }]);
    await expect.poll(() => speakAt(127), SOON).toMatchObject([{ sid, active: false }]);
    await expect.poll(() => link.packets.length, SOON).toBe(sequence);
    expect(link.packets.map(({ payload }) => payload)).toEqual(Array.from({ length: sequence }, (_, i) => `n${i + 1}`));
  });

  it('[LL6] muted by the server: told to the publisher, and its packets go nowhere', async () => {
    const { engine, link, alice, bob, stream, down, trackSid } = await pair();
    const muted = () => bob.last('update')?.participants[0]?.tracks[0]?.muted;
    await api(engine, 'MutePublishedTrack', { room: 'hall', identity: 'alice', trackSid, muted: true });
    await expect.poll(() => alice.last('mute'), SOON).toMatchObject({ sid: trackSid, muted: true });
    await expect.poll(muted, SOON).toBe(true);
    alice.rtp(stream, 1, 90_000, idr('silent'));
    alice.send({ case: 'mute', value: new MuteTrackRequest({ sid: trackSid, muted: false }) });
    await expect.poll(muted, SOON).toBe(false);
    alice.rtp(stream, 2, 93_000, idr('heard'));
    await expect.poll(() => link.of(down), SOON).toEqual([idr('heard')]);
  });

  it('[LL7] unpublishing and unsubscribing end the stream at the viewer; quality is asked for as of anybody', async () => {
    const { link, alice, bob, stream, down, trackSid } = await pair();
    expect(alice.last('subscribedQualityUpdate')).toBeInstanceOf(SubscribedQualityUpdate);
    bob.subscribe(trackSid, false);
    await expect.poll(() => bob.told('unsubscribed').map((told) => told.stream), SOON).toEqual([down]);
    bob.subscribe(trackSid);
    await expect.poll(() => bob.told('subscribed').length, SOON).toBe(2);
    const again = bob.told('subscribed')[1]?.stream ?? 0;
    expect(again).not.toBe(down);
    link.channel.post({ type: 'unpublish', session: alice.id, stream });
    await expect.poll(() => bob.told('unsubscribed').map((told) => told.stream), SOON).toEqual([down, again]);
    await expect.poll(() => alice.last('trackUnpublished')?.trackSid, SOON).toBe(trackSid);
  });

  it('[LL8] without the right to publish nothing is published, and its packets go nowhere', async () => {
    const { link } = await open();
    const alice = await join(link, 'alice', { grant: { canPublish: false } });
    const stream = alice.publish('audio', 'mic');
    alice.rtp(stream, 1, 960, 'x');
    await expect.poll(() => alice.last('requestResponse')?.message, SOON).toContain('permission');
    expect(alice.last('trackPublished')).toBeUndefined();
  });
});

describe('[LL9] data', () => {
  it('[LL9] reliable and lossy packets, both ways, with the sender named by the engine', async () => {
    const { alice, bob } = await pair();
    alice.sendData('reliable', 'hello', 1);
    alice.sendData('lossy', 'quick');
    await expect.poll(() => bob.data.toSorted(), SOON).toEqual(['hello', 'quick']);
    bob.sendData('reliable', 'back', 1);
    await expect.poll(() => alice.data, SOON).toEqual(['back']);
  });
});

describe('[LL10] ends', () => {
  it('[LL10] removed, room deleted, server stopped: each is told by its leave', async () => {
    const { engine, alice, bob, link } = await pair();
    await api(engine, 'RemoveParticipant', { room: 'hall', identity: 'alice' });
    await expect.poll(() => alice.last('leave')?.action, SOON).toBe(LeaveRequest_Action.DISCONNECT);
    await expect.poll(() => alice.told('close').length, SOON).toBe(1);
    await api(engine, 'DeleteRoom', { room: 'hall' });
    await expect.poll(() => bob.last('leave')?.action, SOON).toBe(LeaveRequest_Action.DISCONNECT);
    const carol = await join(link, 'carol');
    await engine.stop(1_000);
    await expect.poll(() => carol.last('leave')?.action, SOON).toBe(LeaveRequest_Action.RECONNECT);
    await expect.poll(() => link.closed, SOON).not.toBeNull();
    await expect(engine.openLocal()).rejects.toThrow();
  });
});
