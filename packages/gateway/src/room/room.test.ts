import { PHONE_CODES, PRIVILEGE } from '@lianmai/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { track } from './testing/fake-link.ts';
import { sendAudioConfig, sendPicture, sendSound, sendVideoConfig } from './testing/media.ts';
import { Scene } from './testing/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

const camera = track('TR_cam', 'video');
const microphone = track('TR_mic', 'audio');

describe('roster', () => {
  it('[PS1] the first frame is the welcome with the full roster, and a newer one never has a smaller version', async () => {
    scene.link.browser('chrome', [camera, microphone]);
    await scene.settle();
    const anna = scene.phone('anna');
    await scene.settle();
    expect(anna.events[0]).toMatchObject({ type: 'welcome', roster: { userlist: [{ userid: 'chrome' }] } });
    scene.link.browser('other', []);
    await scene.settle();
    const versions = anna.events.flatMap((event) =>
      event.type === 'welcome' || event.type === 'roster' ? [event.roster.version] : [],
    );
    expect(versions.length).toBeGreaterThan(1);
    expect([...versions].sort((a, b) => a - b)).toEqual(versions);
    expect(anna.last('roster').roster.userlist).toMatchObject([
      { userid: 'chrome', hasvideo: true, hasaudio: true, streamtype: 'main' },
      { userid: 'other', hasvideo: false, hasaudio: false },
    ]);
  });

  it('[PS2] the list is full, without self, and empty when alone', async () => {
    const anna = scene.phone('anna');
    await scene.settle();
    expect(anna.last('welcome').roster.userlist).toEqual([]);
    const ben = scene.phone('ben');
    scene.link.browser('chrome', []);
    await scene.settle();
    expect(anna.last('roster').roster.userlist.map(({ userid }) => userid)).toEqual(['ben', 'chrome']);
    expect(ben.last('roster').roster.userlist.map(({ userid }) => userid)).toEqual(['anna', 'chrome']);
    expect(ben.last('roster').joined).toEqual(['chrome']);
    scene.link.leave('chrome');
    await scene.settle();
    expect(anna.last('roster')).toMatchObject({ left: [{ userid: 'chrome', reason: 'left' }] });
  });

  it('[PS3] changes of one moment make one list, and nothing new makes none', async () => {
    const anna = scene.phone('anna');
    await scene.settle();
    scene.link.browser('chrome', [camera]);
    scene.link.browser('chrome', [camera, microphone]);
    await scene.settle();
    const before = anna.of('roster').length;
    scene.link.browser('chrome', [camera, microphone]);
    await scene.settle();
    expect(anna.of('roster').length).toBe(before);
  });

  it('[PS4] a screen share is a second entry of streamtype aux', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera, track('TR_screen', 'video', { source: 'screen_share' })]);
    await scene.settle();
    const list = anna.last('roster').roster.userlist;
    expect(list.map(({ streamtype }) => streamtype)).toEqual(['main', 'aux']);
    expect(list[0]?.playurl).not.toBe(list[1]?.playurl);
  });

  it('[PS5] a changed set of tracks means new URLs, a muted microphone does not', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera, microphone]);
    await scene.settle();
    const first = anna.last('roster').roster.userlist[0];
    scene.link.browser('chrome', [camera, { ...microphone, muted: true }]);
    await scene.settle();
    const muted = anna.last('roster').roster.userlist[0];
    expect(muted).toMatchObject({ hasaudio: false, playurl: first?.playurl, flvurl: first?.flvurl });
    scene.link.browser('chrome', [{ ...camera, muted: true }, microphone]);
    await scene.settle();
    const dark = anna.last('roster').roster.userlist[0];
    expect(dark).toMatchObject({ hasvideo: false, hasaudio: true });
    expect(dark?.playurl).not.toBe(first?.playurl);
  });

  it('[PS6] without anything to play the URLs are empty; what a ticket may not receive is said to be so', async () => {
    const anna = scene.phone('anna', 255 & ~PRIVILEGE.receiveVideo);
    scene.link.browser('chrome', [camera, microphone]);
    scene.link.browser('quiet', []);
    await scene.settle();
    const [chrome, quiet] = anna.last('roster').roster.userlist;
    expect(chrome).toMatchObject({ hasvideo: false, hasaudio: true, missing: 'not-allowed' });
    expect(quiet).toMatchObject({ playurl: '', flvurl: '', hasvideo: false, hasaudio: false });
  });

  it('[PS7] without codecs a browser is shown without sound, with the reason, and VP8 without a picture', async () => {
    scene.codecsUnavailable = 'no library';
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera, microphone]);
    scene.link.browser('old', [track('TR_vp8', 'video', { mimeType: 'video/vp8' })]);
    await scene.settle();
    const [chrome, old] = anna.last('roster').roster.userlist;
    expect(chrome).toMatchObject({ hasvideo: true, hasaudio: false, missing: 'audio-codec' });
    expect(old).toMatchObject({ hasvideo: false, missing: 'video-codec' });
  });

  it('[PS8] an end-to-end encrypted room refuses phones with the reason', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('secret', [track('TR_e', 'video', { encrypted: true })]);
    await scene.settle();
    expect(anna.last('ended')).toMatchObject({ reason: 'encrypted', code: PHONE_CODES.encrypted.code });
    expect(scene.empty).toBe(true);
  });
});

describe('push', () => {
  it('[PS10] a push appears in the roster of other phones and plays under the URL told there', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    const { sink } = scene.push('anna');
    sendVideoConfig(sink);
    sendAudioConfig(sink);
    sendPicture(sink, 0, true);
    await scene.settle();
    expect(anna.last('push').state).toBe('started');
    const entry = ben.last('roster').roster.userlist[0];
    expect(entry).toMatchObject({ userid: 'anna', hasvideo: true, hasaudio: true });
    const view = scene.play(entry?.flvurl ?? '');
    expect(view.refused).toBeNull();
    sendPicture(sink, 40, true);
    sendSound(sink, 50);
    const kinds = scene.broadcasts.at(-1)?.units.map(({ kind }) => kind);
    expect(kinds).toEqual(['video-config', 'audio-config', 'video', 'audio']);
  });

  it('[PS11] camera and microphone as told by the phone: no frame passes while off, neither to phones nor browsers', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    await scene.settle();
    const { sink } = scene.push('anna');
    sendVideoConfig(sink);
    sendAudioConfig(sink);
    sendPicture(sink, 0, true);
    anna.send({ type: 'state', camera: false, microphone: false });
    await scene.settle();
    expect(ben.last('roster').roster.userlist[0]).toMatchObject({ hasvideo: false, hasaudio: false });
    const ingress = scene.ingresses[0];
    const watching = scene.broadcasts.map(({ units }) => units.length);
    const sounds = () => ingress?.units.filter(({ kind }) => kind === 'audio').length;
    const before = sounds();
    sendPicture(sink, 40, false);
    sendSound(sink, 40);
    expect(sounds()).toBe(before);
    expect(scene.broadcasts.map(({ units }) => units.length)).toEqual(watching);
    // Pictures reach a muted ingress, which sends none: it needs them to be seen at once when switched on again.
    expect(ingress?.muted).toEqual({ video: true, audio: true });
    anna.send({ type: 'state', camera: true, microphone: true });
    await scene.settle();
    expect(ben.last('roster').roster.userlist[0]).toMatchObject({ hasvideo: true, hasaudio: true });
  });

  it('[PS12] a ticket without the bit for video sends none', async () => {
    scene.phone('anna');
    await scene.settle();
    const { sink } = scene.push('anna', 255 & ~PRIVILEGE.sendVideo);
    sendVideoConfig(sink);
    sendPicture(sink, 0, true);
    sendAudioConfig(sink);
    sendSound(sink, 10);
    await scene.settle();
    expect(scene.ingresses[0]?.units.map(({ kind }) => kind)).toEqual(['audio-config', 'audio']);
  });

  it('[PS12] with neither bit the push is refused, and the phone hears why', async () => {
    const anna = scene.phone('anna');
    await scene.settle();
    expect(() => scene.push('anna', 255 & ~(PRIVILEGE.sendVideo | PRIVILEGE.sendAudio))).toThrow('refused');
    expect(anna.last('refused')).toMatchObject({ door: 'push', code: PHONE_CODES.notAllowed.code });
  });

  it('[PS13] a newer push of the same user ends the older one, and its end changes nothing', async () => {
    const anna = scene.phone('anna');
    const first = scene.push('anna');
    sendVideoConfig(first.sink);
    const second = scene.push('anna');
    sendVideoConfig(second.sink);
    await scene.settle();
    expect(first.ended).toEqual(['replaced']);
    first.sink.onEnd('closed');
    await scene.settle();
    expect(second.ended).toEqual([]);
    expect(scene.room.pushes).toBe(1);
    expect(anna.of('refused')).toEqual([]);
  });

  it('[PS14] media that cannot be passed on ends the push, and the phone is told why', async () => {
    const anna = scene.phone('anna');
    const { sink, ended } = scene.push('anna');
    sink.onMedia({ kind: 'video', timestamp: 0, payload: Uint8Array.from([0x12, 0, 0, 0, 0]) });
    await scene.settle();
    expect(ended).toHaveLength(1);
    expect(anna.last('refused')).toMatchObject({ door: 'push', code: PHONE_CODES.badMedia.code });
  });

  it('[PS15] video that stops by itself while sound goes on counts as camera off, until it comes again', async () => {
    const ben = scene.phone('ben');
    const { sink } = scene.push('anna');
    sendVideoConfig(sink);
    sendAudioConfig(sink);
    sendPicture(sink, 0, true);
    await scene.pass(1_000);
    sendSound(sink, 1_000);
    await scene.pass(3_000);
    sendSound(sink, 4_000);
    await scene.pass(100);
    expect(ben.last('roster').roster.userlist[0]).toMatchObject({ hasvideo: false, hasaudio: true });
    sendPicture(sink, 4_100, true);
    await scene.settle();
    expect(ben.last('roster').roster.userlist[0]).toMatchObject({ hasvideo: true });
  });

  it('[PS16] the push outlives the media session: a new session gets the configuration again', async () => {
    const anna = scene.phone('anna');
    const { sink } = scene.push('anna');
    sendVideoConfig(sink);
    sendPicture(sink, 0, true);
    await scene.settle();
    scene.link.end('anna', 'lost');
    await scene.settle();
    expect(scene.ingresses[0]?.closed).toBe(true);
    await expect.poll(() => scene.ingresses.length).toBe(2);
    expect(scene.ingresses[1]?.units.map(({ kind }) => kind)).toEqual(['video-config']);
    expect(anna.of('ended')).toEqual([]);
  });
});

describe('playing', () => {
  it('[PS20] a browser is subscribed while a phone plays it, and no longer than the linger after', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera, microphone]);
    await scene.settle();
    expect(scene.egresses).toHaveLength(0);
    const { viewer } = scene.play(anna.last('roster').roster.userlist[0]?.flvurl ?? '');
    expect([...(scene.egresses[0]?.tracks.keys() ?? [])]).toEqual(['TR_cam', 'TR_mic']);
    viewer?.leave();
    await scene.pass(5_000);
    expect(scene.egresses[0]?.closed).toBe(false);
    await scene.pass(6_000);
    expect(scene.egresses[0]?.closed).toBe(true);
  });

  it('[PS21] viewers who were promised a picture are ended when the camera goes off; the old URL is refused', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera, microphone]);
    await scene.settle();
    const old = anna.last('roster').roster.userlist[0]?.flvurl ?? '';
    const view = scene.play(old);
    scene.link.browser('chrome', [{ ...camera, muted: true }, microphone]);
    await scene.settle();
    expect(view.ends).toEqual(['tracks']);
    expect(scene.play(old).refused).toBe(PHONE_CODES.streamNotFound.message);
    const fresh = anna.last('roster').roster.userlist[0]?.flvurl ?? '';
    expect(scene.play(fresh).refused).toBeNull();
  });

  it('[PS55] a picture that is published again in another codec costs nobody his player', async () => {
    const anna = scene.phone('anna');
    const screen = track('TR_screen', 'video', { source: 'screen_share' });
    scene.link.browser('chrome', [{ ...camera, mimeType: 'video/vp8' }, microphone, screen]);
    await scene.settle();
    const before = anna.of('roster').length;
    const urls = anna.last('roster').roster.userlist.map(({ flvurl }) => flvurl);
    const playing = urls.map((url) => scene.play(url));
    scene.link.browser('chrome', [microphone]);
    await scene.pass(1_000);
    for (const url of urls) expect(scene.play(url).refused).toBeNull();
    scene.link.browser('chrome', [microphone, track('TR_h264', 'video'), { ...screen, sid: 'TR_screen2' }]);
    await scene.pass(5_000);
    expect(anna.of('roster').length).toBe(before);
    expect(playing.map(({ ends }) => ends)).toEqual([[], []]);
    expect(scene.egresses.flatMap(({ tracks }) => [...tracks.keys()])).toEqual(['TR_mic', 'TR_h264', 'TR_screen2']);
  });

  it('[PS55] one that does not come back is gone a moment later, and the entry of a screen with it', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera, microphone, track('TR_screen', 'video', { source: 'screen_share' })]);
    await scene.settle();
    const playing = anna.last('roster').roster.userlist.map(({ flvurl }) => scene.play(flvurl));
    scene.link.browser('chrome', [microphone]);
    await scene.pass(1_600);
    expect(anna.last('roster').roster.userlist).toMatchObject([
      { streamtype: 'main', hasvideo: false, hasaudio: true },
    ]);
    expect(playing.map(({ ends }) => ends)).toEqual([['tracks'], ['tracks']]);
  });

  it('[PS24] a new media session goes on behind the stamps of the one before', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera]);
    await scene.settle();
    scene.play(anna.last('roster').roster.userlist[0]?.flvurl ?? '');
    scene.egresses[0]?.sink.write({ kind: 'video', timestampMs: 5_000, keyframe: true, data: new Uint8Array(4) });
    scene.link.end('~watcher', 'lost');
    await scene.pass(300);
    await expect.poll(() => scene.egresses.length).toBe(2);
    expect(scene.egresses[1]?.beginMs).toBe(5_300);
  });

  it('[PS22] a ticket whose receive bits were taken away plays nothing', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera]);
    await scene.settle();
    const url = anna.last('roster').roster.userlist[0]?.flvurl ?? '';
    expect(scene.play(url, 255 & ~PRIVILEGE.receiveVideo).refused).toBe(PHONE_CODES.notAllowed.message);
  });

  it('[PS23] a video that cannot be transcoded is marked, and marked no more when it is published in H.264', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [track('TR_vp8', 'video', { mimeType: 'video/vp8' }), microphone]);
    await scene.settle();
    const view = scene.play(anna.last('roster').roster.userlist[0]?.flvurl ?? '');
    scene.egresses[0]?.trouble('no-video-codec');
    await scene.settle();
    expect(view.ends).toEqual(['tracks']);
    expect(anna.last('roster').roster.userlist[0]).toMatchObject({ hasvideo: false, missing: 'video-codec' });
    scene.link.browser('chrome', [camera, microphone]);
    await scene.settle();
    const again = anna.last('roster').roster.userlist[0];
    expect(again).toMatchObject({ hasvideo: true });
    expect(again?.missing).toBeUndefined();
  });
});

describe('stay', () => {
  it('[PS30] a newer signalling connection of the same user takes over; nobody hears of a change', async () => {
    const ben = scene.phone('ben');
    const first = scene.phone('anna');
    await scene.settle();
    const before = ben.of('roster').length;
    const second = scene.phone('anna');
    await scene.settle();
    expect(first.last('ended').reason).toBe('duplicate');
    expect(second.last('welcome').roster.userlist).toHaveLength(1);
    first.connection.closed();
    await scene.settle();
    expect(ben.of('roster').length).toBe(before);
  });

  it('[PS31] a phone that went out of reach stays for the resume time, and a return within it is silent', async () => {
    const ben = scene.phone('ben');
    const anna = scene.phone('anna');
    await scene.settle();
    const before = ben.of('roster').length;
    anna.connection.closed();
    await scene.pass(19_000);
    ben.connection.receive('{"type":"ping"}');
    const again = scene.phone('anna');
    await scene.settle();
    expect(again.last('welcome').roster.userlist).toHaveLength(1);
    expect(ben.of('roster').length).toBe(before);
    again.connection.closed();
    await scene.pass(21_000);
    expect(ben.last('roster').left).toEqual([{ userid: 'anna', reason: 'lost' }]);
    expect(scene.link.members.has('anna')).toBe(false);
  });

  it('[PS32] a socket that says nothing is taken for lost', async () => {
    const anna = scene.phone('anna');
    scene.push('anna');
    await scene.pass(31_000);
    expect(anna.closed).toEqual({ code: 4001, reason: 'idle' });
  });

  it('[PS33] leaving on purpose gives the seat back at once', async () => {
    const ben = scene.phone('ben');
    const anna = scene.phone('anna');
    const { ended } = scene.push('anna');
    await scene.settle();
    anna.send({ type: 'leave' });
    await scene.settle();
    expect(scene.actions).toEqual([{ userId: 'anna', action: { kind: 'leave' } }]);
    expect(anna.closed).toEqual({ code: 1000, reason: 'left' });
    expect(scene.link.members.has('anna')).toBe(false);
    expect(ended).toHaveLength(1);
    expect(ben.last('roster').left).toEqual([{ userid: 'anna', reason: 'left' }]);
  });

  it('[PS34] a kick ends signalling, push and everything the user plays, and others are told the reason', async () => {
    const ben = scene.phone('ben');
    const anna = scene.phone('anna');
    const push = scene.push('anna');
    scene.link.browser('chrome', [camera]);
    await scene.settle();
    const view = scene.play(anna.last('roster').roster.userlist.at(-1)?.flvurl ?? '');
    scene.room.notice({ kind: 'kicked', roomId: '77', userId: 'anna' });
    await scene.settle();
    expect(anna.last('ended')).toMatchObject({ reason: 'kicked', code: PHONE_CODES.kicked.code });
    expect(anna.closed?.code).toBe(4005);
    expect(push.ended).toHaveLength(1);
    expect(view.ends).toEqual(['revoked']);
    expect(ben.last('roster').left).toEqual([{ userid: 'anna', reason: 'kicked' }]);
  });

  it('[PS35] a dissolved room ends everybody with the reason', async () => {
    const phones = [scene.phone('anna'), scene.phone('ben')];
    await scene.settle();
    scene.room.notice({ kind: 'ended', roomId: '77', reason: 'dissolved' });
    await scene.settle();
    for (const phone of phones) expect(phone.last('ended').reason).toBe('dissolved');
    expect(scene.empty).toBe(true);
    expect(scene.link.members.size).toBe(0);
  });

  it('[PS36] the same user in a browser takes the seat over: the phone is told so', async () => {
    const anna = scene.phone('anna');
    await scene.settle();
    scene.link.end('anna', 'duplicate-identity');
    await scene.settle();
    expect(anna.last('ended').reason).toBe('duplicate');
  });

  it('[PS37] a restart tells phones to come back', async () => {
    const anna = scene.phone('anna');
    await scene.settle();
    await scene.room.close();
    expect(anna.last('ended').reason).toBe('server-restart');
    expect(anna.closed?.code).toBe(1012);
    expect(scene.link.members.size).toBe(0);
  });

  it('[PS38] phones see each other while the media service is away, and everybody when it is back', async () => {
    scene.link.away = true;
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    const { sink } = scene.push('anna');
    sendVideoConfig(sink);
    sendPicture(sink, 0, true);
    await scene.settle();
    expect(ben.last('roster').roster.userlist[0]).toMatchObject({ userid: 'anna', hasvideo: true });
    scene.link.away = false;
    scene.link.browser('chrome', []);
    await expect.poll(() => anna.last('roster').roster.userlist.map(({ userid }) => userid)).toEqual(['ben', 'chrome']);
    await expect.poll(() => scene.ingresses.length).toBe(1);
  });
});
