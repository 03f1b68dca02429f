import { PHONE_CODES } from '@lianmai/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { track } from './testing/fake-link.ts';
import { sendAudioConfig, sendVideoConfig } from './testing/media.ts';
import { Scene } from './testing/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

const camera = track('TR_cam', 'video');
const secret = track('TR_secret', 'video', { encrypted: true });

describe('others in the media room', () => {
  it('[PS50] a participant whose name no ticket can hold is shown without anything to play, and harms nobody', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('agent:4f1c2a8e-0d55-4a0f-9f6e-3f6f0b3f9d11@example.com', [camera], 'An agent');
    scene.link.browser('chrome', [camera]);
    await scene.settle();
    const list = anna.last('roster').roster.userlist;
    expect(list.map(({ name, hasvideo }) => [name, hasvideo])).toEqual([
      ['An agent', false],
      ['chrome', true],
    ]);
    expect(list[0]).toMatchObject({ playurl: '', flvurl: '' });
  });

  it('[PS8] one who encrypts among others who do not sends nobody away: his streams are marked', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera]);
    scene.link.browser('hostile', [secret]);
    await scene.settle();
    expect(anna.of('ended')).toEqual([]);
    const marks = anna.last('roster').roster.userlist.map(({ userid, missing }) => [userid, missing]);
    expect(marks).toEqual([
      ['chrome', undefined],
      ['hostile', 'encrypted'],
    ]);
  });

  it('[PS8] one who encrypts alone among phones that push sends none of them away', async () => {
    const [anna, ben] = [scene.phone('anna'), scene.phone('ben')];
    await scene.settle();
    sendAudioConfig(scene.push('anna').sink);
    await scene.settle();
    scene.link.browser('hostile', [secret]);
    await scene.settle();
    expect([...anna.of('ended'), ...ben.of('ended')]).toEqual([]);
    const marks = ben.last('roster').roster.userlist.map(({ userid, missing }) => [userid, missing]);
    expect(marks).toEqual([
      ['anna', undefined],
      ['hostile', 'encrypted'],
    ]);
  });

  it('[PS36] the browser that took a seat over is in the list of the others at once', async () => {
    scene.phone('anna');
    const ben = scene.phone('ben');
    await scene.settle();
    scene.link.takeOver('anna');
    await scene.settle();
    expect(ben.last('roster').roster.userlist.map(({ userid }) => userid)).toEqual(['anna']);
  });

  it('[PS31] a phone that has gone is no ghost while the media room still tells of its participant', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    await scene.settle();
    scene.link.slowToForget = true;
    anna.send({ type: 'leave' });
    await scene.settle();
    scene.link.browser('chrome', []);
    await scene.settle();
    expect(ben.last('roster').roster.userlist.map(({ userid }) => userid)).toEqual(['chrome']);
  });
});

describe('a track that cannot be subscribed', () => {
  it('[PS20] fails neither its viewers nor the streams of others, and is not held for ever', async () => {
    scene.unsubscribable = 'TR_bad';
    const anna = scene.phone('anna');
    scene.link.browser('bad', [track('TR_bad', 'video')]);
    scene.link.browser('good', [camera]);
    await scene.settle();
    const [bad, good] = anna.last('roster').roster.userlist.map(({ flvurl }) => scene.play(flvurl));
    expect([bad?.refused, good?.refused]).toEqual([null, null]);
    // The media service went away and came back: everybody else is subscribed again.
    scene.link.end('~watcher', 'lost');
    const held = () => scene.egresses.filter(({ closed }) => !closed).map(({ tracks }) => tracks.size);
    await expect.poll(held).toEqual([0, 1]);
    bad?.viewer?.leave();
    await scene.pass(11_000);
    expect(held()).toEqual([1]);
  });
});

describe('one phone against the others', () => {
  it('[PS44] asking again and again for fresh URLs tells nobody else, and gives the same ones', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    await scene.settle();
    const before = ben.events.length;
    for (let id = 0; id < 20; id++) anna.send({ type: 'renew', id });
    await scene.settle();
    expect(ben.events.length).toBe(before);
    expect(anna.of('reply')).toHaveLength(20);
    expect(anna.last('urls').urls).toEqual(anna.last('welcome').urls);
    scene.wall += 100_000;
    anna.send({ type: 'renew', id: 21 });
    await scene.settle();
    expect(anna.last('urls').urls.expiresAt).toBeGreaterThan(anna.last('welcome').urls.expiresAt);
    expect(ben.last('roster').renewed).toBe(true);
  });

  it('[PS51] in a full room lists that follow each other are told at a bounded rate, and the last one is told', async () => {
    const phones = Array.from({ length: 64 }, (_, i) => scene.phone(`u${i}`));
    await scene.settle();
    for (let passed = 0; passed < 5; passed++) await scene.pass(1_000);
    const [first, other] = [phones[0]!, phones[1]!];
    // Sound that flows, so that its switch shows in the lists.
    sendAudioConfig(scene.push('u0').sink);
    await scene.settle();
    const before = other.of('roster').length;
    for (let i = 1; i <= 40; i++) {
      first.send({ type: 'state', camera: true, microphone: i % 2 === 0 });
      await scene.pass(100);
    }
    const told = other.of('roster').length - before;
    expect(told).toBeLessThan(30);
    expect(told).toBeGreaterThan(5);
    first.send({ type: 'state', camera: true, microphone: false });
    await scene.pass(2_000);
    expect(other.last('roster').roster.userlist.find(({ userid }) => userid === 'u0')?.hasaudio).toBe(false);
    const version = other.last('roster').roster.version;
    expect(phones.slice(2).every((phone) => phone.last('roster').roster.version === version)).toBe(true);
  });

  it('[PS43] a flood that goes on ends its own connection', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    for (let i = 0; i < 1_000; i++) anna.send({ type: 'ping' });
    await scene.settle();
    expect(anna.closed?.code).toBe(4002);
    expect(anna.events.length).toBeLessThan(400);
    expect(ben.closed).toBeNull();
  });

  it('[PS42] words that cannot be sent are answered, and fail alone', async () => {
    const anna = scene.phone('anna');
    await scene.settle();
    scene.link.mute = true;
    anna.send({ type: 'chat', id: 1, text: 'x' });
    await scene.settle();
    expect(anna.last('reply')).toMatchObject({ id: 1, code: PHONE_CODES.internal.code });
  });

  it('[PS42] words that nothing carries now are answered busy, and nobody hears them until they are said again', async () => {
    const [anna, ben] = [scene.phone('anna'), scene.phone('ben')];
    await scene.settle();
    scene.link.interrupted = true;
    anna.send({ type: 'chat', id: 1, text: 'x' });
    await scene.settle();
    expect(anna.last('reply')).toMatchObject({ id: 1, code: PHONE_CODES.busy.code });
    expect(ben.of('chat')).toEqual([]);
    scene.link.interrupted = false;
    anna.send({ type: 'chat', id: 2, text: 'x' });
    await scene.settle();
    expect(anna.last('reply')).toMatchObject({ id: 2, code: 0 });
    expect([ben.of('chat').length, scene.link.said.length]).toEqual([1, 1]);
  });

  it('[PS52] the most phones of a gateway also hold in a room that is there already', async () => {
    scene.phone('anna');
    scene.full = true;
    expect(() => scene.phone('ben')).toThrow('full');
    expect(() => scene.phone('anna')).not.toThrow();
  });

  it("[PS53] a stranger's refused push is not told to a phone that pushes, and never hides a reason of its own", async () => {
    const anna = scene.phone('anna');
    await scene.settle();
    scene.room.refused('anna', 'push', 'badTicket');
    expect(anna.last('refused').code).toBe(PHONE_CODES.badTicket.code);
    const { sink } = scene.push('anna');
    sendVideoConfig(sink);
    scene.now += 10_000;
    scene.room.refused('anna', 'push', 'badTicket');
    expect(anna.of('refused')).toHaveLength(1);
    // Its own end comes within the pause that a stranger's knock began.
    scene.room.refused('anna', 'push', 'ticketExpired');
    sink.onEnd('nothing came', 'idle');
    await scene.settle();
    expect(anna.last('refused').code).toBe(PHONE_CODES.idle.code);
  });

  it('[PS33] a seat that lapsed is told as such, not as a leaving of its own', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    await scene.settle();
    scene.room.notice({ kind: 'left', roomId: '77', userId: 'anna', reason: 'expired' });
    await scene.settle();
    expect(anna.last('ended')).toMatchObject({ reason: 'expired', code: PHONE_CODES.notHere.code });
    expect(ben.last('roster').left).toEqual([{ userid: 'anna', reason: 'lost' }]);
  });

  it('[PS54] one phone plays so many streams at once and no more; one that it leaves makes place', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [track('TR_cam', 'video')]);
    await scene.settle();
    const url = anna.last('roster').roster.userlist[0]?.flvurl ?? '';
    const views = Array.from({ length: 64 }, () => scene.play(url));
    expect(views.every(({ refused }) => refused === null)).toBe(true);
    expect(scene.play(url).refused).toBe(PHONE_CODES.busy.message);
    views[0]?.viewer?.leave();
    expect(scene.play(url).refused).toBeNull();
  });
});
