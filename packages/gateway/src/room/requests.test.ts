import { PHONE_CODES } from '@lianmai/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { track } from './testing/fake-link.ts';
import { sendAudioConfig, sendSound } from './testing/media.ts';
import { Scene } from './testing/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

const camera = track('TR_cam', 'video');

describe('requests', () => {
  it('[PS40] kick, mute and dissolve are asked of the server and answered with its code', async () => {
    const owner = scene.phone('owner');
    const anna = scene.phone('anna');
    owner.send({ type: 'kick', id: 1, userid: 'anna' });
    owner.send({ type: 'mute', id: 2, userid: 'anna', kind: 'audio' });
    anna.send({ type: 'dissolve', id: 3 });
    await scene.settle();
    expect(owner.of('reply').map(({ id, code }) => [id, code])).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(anna.last('reply')).toMatchObject({ id: 3, code: PHONE_CODES.notOwner.code });
    expect(scene.actions.map(({ action }) => action.kind)).toEqual(['kick', 'mute', 'dissolve']);
  });

  it('[PS41] a mute by the owner stops the sound everywhere; the user lifts it by switching on again', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    await scene.settle();
    const { sink } = scene.push('anna');
    sendAudioConfig(sink);
    await scene.settle();
    const ingress = scene.ingresses[0];
    ingress?.options.onMutedByServer('audio', true);
    await scene.settle();
    expect(anna.last('muted')).toMatchObject({ kind: 'audio', muted: true });
    expect(ben.last('roster').roster.userlist[0]).toMatchObject({ hasaudio: false });
    const before = ingress?.units.length;
    sendSound(sink, 10);
    expect(ingress?.units.length).toBe(before);
    // Another switch moved: the mute stands.
    anna.send({ type: 'state', camera: false, microphone: true });
    expect(ingress?.muted.audio).toBe(true);
    anna.send({ type: 'state', camera: false, microphone: false });
    anna.send({ type: 'state', camera: false, microphone: true });
    await scene.settle();
    expect(ingress?.muted.audio).toBe(false);
    expect(anna.last('muted')).toMatchObject({ kind: 'audio', muted: false });
  });

  it('[PS42] chat is one conversation: phones, browsers, and whoever comes later', async () => {
    const anna = scene.phone('anna');
    const ben = scene.phone('ben');
    scene.link.browser('chrome', [], 'Chrome user');
    await scene.settle();
    anna.send({ type: 'chat', id: 7, text: 'hello' });
    scene.link.chat({ id: 'm2', from: 'chrome', text: '你好', time: 5 });
    await scene.settle();
    expect(anna.last('reply')).toMatchObject({ id: 7, code: 0 });
    expect(scene.link.said).toMatchObject([{ from: 'anna', text: 'hello' }]);
    expect(ben.of('chat').map(({ message }) => [message.name, message.text])).toEqual([
      ['name of anna', 'hello'],
      ['Chrome user', '你好'],
    ]);
    expect(anna.of('chat').map(({ message }) => message.text)).toEqual(['你好']);
    const late = scene.phone('late');
    await scene.settle();
    expect(late.last('welcome').chat.map(({ text }) => text)).toEqual(['hello', '你好']);
  });

  it('[PS43] what cannot be read is answered, an unknown type is left alone, and a flood is bounded', async () => {
    const anna = scene.phone('anna');
    anna.connection.receive('{');
    expect(anna.last('notice').code).toBe(PHONE_CODES.badRequest.code);
    const before = anna.events.length;
    anna.connection.receive('{"type":"of-the-future","x":1}');
    expect(anna.events.length).toBe(before);
    for (let i = 0; i < 100; i++) anna.send({ type: 'chat', id: i, text: 'x' });
    await scene.settle();
    expect(anna.last('notice').code).toBe(PHONE_CODES.tooFast.code);
    expect(anna.of('reply').length).toBeLessThan(40);
  });

  it('[PS44] URLs are renewed before they run out; running players need no restart', async () => {
    const anna = scene.phone('anna');
    scene.link.browser('chrome', [camera]);
    await scene.settle();
    const before = anna.last('welcome').urls;
    scene.wall += 401_000;
    await scene.pass(100);
    const { urls } = anna.last('urls');
    expect(urls.expiresAt).toBeGreaterThan(before.expiresAt);
    expect(urls.pushUrl).not.toBe(before.pushUrl);
    expect(anna.last('roster').renewed).toBe(true);
    anna.send({ type: 'renew', id: 9 });
    await scene.settle();
    expect(anna.last('reply')).toMatchObject({ id: 9, code: 0 });
  });

  it('[PS45] how well a push arrives is told to every phone, its own too', async () => {
    const [anna, ben] = [scene.phone('anna'), scene.phone('ben')];
    const { sink } = scene.push('anna');
    sendAudioConfig(sink);
    sendSound(sink, 0);
    await scene.pass(2_100);
    for (const phone of [anna, ben]) {
      expect(phone.last('quality')).toMatchObject({ userid: 'anna', quality: 'poor' });
    }
    sendSound(sink, 2_100);
    await scene.pass(100);
    sendSound(sink, 2_200);
  });

  it('[PS45] a push that takes the place of a poor one is told of as it is', async () => {
    const [anna, ben] = [scene.phone('anna'), scene.phone('ben')];
    const lost = scene.push('anna').sink;
    sendAudioConfig(lost);
    sendSound(lost, 0);
    await scene.pass(5_000);
    expect(ben.last('quality')).toMatchObject({ userid: 'anna', quality: 'lost' });
    const { sink } = scene.push('anna');
    sendAudioConfig(sink);
    for (let ms = 0; ms <= 2_100; ms += 100) {
      sendSound(sink, ms);
      await scene.pass(100);
    }
    for (const phone of [anna, ben]) {
      expect(phone.last('quality')).toMatchObject({ userid: 'anna', quality: 'excellent' });
    }
  });

  it('[PS45] a newcomer is told what the others have heard, and nothing of who has gone', async () => {
    const anna = scene.phone('anna');
    const { sink } = scene.push('anna');
    sendAudioConfig(sink);
    sendSound(sink, 0);
    await scene.pass(2_100);
    expect(anna.last('quality').quality).toBe('poor');
    expect(scene.phone('ben').of('quality')).toMatchObject([{ userid: 'anna', quality: 'poor' }]);
    anna.send({ type: 'leave' });
    await scene.settle();
    expect(scene.phone('cara').of('quality')).toEqual([]);
  });
});
