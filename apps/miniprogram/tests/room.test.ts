import type { Bundle } from '@lianmai/mp-host/build';
import type { JsdomPhone } from '@lianmai/mp-host/jsdom';
import { PHONE_CODES, type PhoneEvent } from '@lianmai/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleFor, openPhone, type PhoneOptions } from './support/phone.ts';
import { roomOf, StandIn, streamOf } from './support/server.ts';

let server: StandIn;
let bundle: Bundle;
let phone: JsdomPhone;

beforeAll(async () => {
  server = await StandIn.start();
  bundle = await bundleFor('wechat', server.url);
});

afterAll(() => server.close());

beforeEach(() => {
  server.rooms = [roomOf('4321', 'Weekly')];
  server.people = [];
  server.chat = [];
  server.asked.length = 0;
  server.heard.length = 0;
  server.refusals.clear();
  server.roomsigCode = 0;
});

afterEach(() => phone.close());

const shown = (testid: string) => phone.waitFor(testid, () => phone.find(testid));
const gone = (testid: string) => phone.waitFor(`no ${testid}`, () => phone.find(testid) === null);
const heard = (type: string) => server.heard.filter((frame) => frame['type'] === type);
const asked = (name: string) => server.asked.filter((one) => one.name === name);

async function open(options: PhoneOptions = {}, query = 'roomID=4321'): Promise<void> {
  phone = await openPhone(bundle, { url: `pages/room/room?${query}`, ...options });
}

async function enter(options: PhoneOptions = {}): Promise<void> {
  await open(options);
  await shown('room-in-room');
}

function end(reason: Extract<PhoneEvent, { type: 'ended' }>['reason'], code: number): void {
  server.tell({ type: 'ended', reason, code, message: 'in English, for support' });
}

describe('[MP30] a room', () => {
  it('is entered as the WeChat user, with title, screen on, and a push', async () => {
    await enter();
    expect(asked('webrtc-login')[0]?.body).toMatchObject({ type: 'wechat' });
    expect(phone.text('mp-title')).toBe('Weekly');
    expect(phone.host.state.keepScreenOn).toBe(true);
    const pusher = await phone.waitFor('a push', () => phone.host.live.scripted.pushers.find((one) => one.running));
    expect(pusher.view.props.url).toContain('rtmp://');
    expect(phone.text('alone')).toContain('4321');
  });

  it('shows who is there, and obeys the buttons', async () => {
    server.people = [streamOf('amy', 'Amy'), streamOf('bob', 'Bob', { hasaudio: false })];
    await enter();
    await phone.waitFor('both', () => phone.text('people-chip') === '3 people');
    await phone.tap('microphone');
    await phone.tap('camera');
    // Told one by one: the first word is of the microphone alone.
    await phone.waitFor('told', () => {
      const { camera, microphone } = heard('state').at(-1) ?? {};
      return camera === false && microphone === false;
    });
    const props = phone.host.live.scripted.pushers[0]?.view.props;
    expect([props?.enableCamera, props?.enableMic]).toEqual([false, false]);
    await phone.tap('more');
    await phone.tap('template-1u3d');
    await phone.tap('flip');
    expect(phone.host.live.scripted.pushers[0]?.asked.at(-1)?.command).toBe('switchCamera');
    expect(phone.host.storage.get('lianmai.template')).toBe('1u3d');
  });

  it('lets its owner mute and remove people', async () => {
    server.people = [streamOf('amy', 'Amy')];
    await enter();
    await phone.tap('people-chip');
    await phone.waitFor('amy', () => phone.find('person-amy'));
    await phone.tap('mute-amy');
    await phone.tap('kick-amy');
    expect(phone.host.overlays.modal?.options.title).toBe('Remove Amy?');
    phone.host.overlays.modal?.answer({ confirm: true });
    await phone.waitFor('kicked', () => asked('webrtc-kick-member').length === 1);
    const mute = await phone.waitFor('muted', () => asked('webrtc-mute-member')[0]);
    expect(mute.body).toEqual({ roomID: '4321', memberID: 'amy', kind: 'audio' });
    await phone.waitFor('said', () => phone.host.overlays.toast?.title === 'Amy was removed');
  });

  it('gives nobody else that right', async () => {
    server.ownerID = 'amy';
    server.rooms = [roomOf('4321', 'Weekly', { ownerID: 'amy' })];
    server.people = [streamOf('amy', 'Amy')];
    try {
      await enter();
      await phone.tap('people-chip');
      await phone.waitFor('amy', () => phone.find('person-amy'));
      expect(phone.find('kick-amy')).toBeNull();
    } finally {
      server.ownerID = 'w_self';
    }
  });

  it('has a chat, which counts what was not read', async () => {
    await enter();
    server.tell({ type: 'chat', message: { id: 'm1', userid: 'amy', name: 'Amy', text: '<b>hi</b>', time: 1 } });
    await phone.waitFor('one unread', () => phone.find('unread')?.textContent?.trim() === '1');
    await phone.tap('chat');
    expect(phone.text('line')).toContain('<b>hi</b>');
    expect(phone.find('unread')).toBeNull();
    await phone.input('chat-input', ' hello ');
    await phone.tap('chat-send');
    await phone.waitFor('sent', () => heard('chat')[0]?.['text'] === 'hello');
    await phone.waitFor('shown', () => phone.all('line').length === 2);
  });

  it('is left when the page goes: signalling, seat, screen', async () => {
    await enter();
    await phone.tap('leave');
    await phone.waitFor('the seat', () => asked('webrtc-quit-room').length > 0);
    await phone.waitFor('goodbye', () => heard('leave').length > 0);
    expect(phone.routes).toEqual(['pages/room-list/room-list']);
    expect(phone.host.state.keepScreenOn).toBe(false);
  });

  it('hides with WeChat and comes back: nobody is filmed meanwhile, the screen may sleep', async () => {
    await enter();
    phone.host.hideApp();
    await phone.waitFor('camera off', () => heard('state').at(-1)?.['camera'] === false);
    expect(phone.host.state.keepScreenOn).toBe(false);
    phone.host.showApp();
    await phone.waitFor('camera on', () => heard('state').at(-1)?.['camera'] === true);
    expect(phone.host.state.keepScreenOn).toBe(true);
    await phone.waitFor('the seat was looked at', () => asked('webrtc-get-room-info').length === 1);
  });
});

describe('[MP31] what goes wrong is said', () => {
  it.each([
    ['kicked', PHONE_CODES.kicked.code, 'kicked', '你已被移出房间', 'You were removed from the room', 'rooms'],
    ['dissolved', PHONE_CODES.roomEnded.code, 'dissolved', '房间已结束', 'The room has ended', 'rooms'],
    [
      'duplicate',
      PHONE_CODES.duplicate.code,
      'duplicate-identity',
      '你在别处加入了通话',
      'You joined from another place',
      'takeBack',
    ],
    [
      'encrypted',
      PHONE_CODES.encrypted.code,
      'encrypted',
      '这个房间是端到端加密的',
      'This room is end-to-end encrypted',
      'rooms',
    ],
    ['refused', PHONE_CODES.roomFull.code, 'full', '房间已满', 'The room is full', 'rejoin'],
  ] as const)('the end “%s”, in both languages, with a next step', async (reason, code, key, zh, en, step) => {
    for (const [language, title] of [
      ['zh_CN', zh],
      ['en', en],
    ] as const) {
      await enter({ language });
      end(reason, code);
      const problem = await shown(`problem-${key}`);
      expect(problem.textContent).toContain(title);
      expect(problem.textContent).not.toContain('for support');
      expect(phone.find(`step-${step}`)).not.toBeNull();
      if (language === 'zh_CN') phone.close();
    }
  });

  it.each([
    ['roomFull', 'full'],
    ['removed', 'kicked'],
    ['noSuchRoom', 'no-such-room'],
    ['loginRefused', 'sign-in'],
  ] as const)('a door that answers %s', async (refusal, key) => {
    server.refusals.set(refusal === 'loginRefused' ? 'webrtc-login' : 'webrtc-enter-room', refusal);
    await open();
    expect((await shown(`problem-${key}`)).textContent).toMatch(/Code 1\d{4}/);
  });

  it('a roomsig that is refused for good', async () => {
    server.roomsigCode = -102011;
    await open();
    expect((await shown('problem-no-permission')).textContent).toContain('You may not enter this room');
  });

  it('joining again from there works', async () => {
    await enter();
    end('duplicate', PHONE_CODES.duplicate.code);
    await shown('problem-duplicate-identity');
    await phone.tap('step-takeBack');
    await shown('room-in-room');
    expect(asked('webrtc-enter-room')).toHaveLength(2);
  });

  it('a permission that was refused leads to the settings and back', async () => {
    await enter();
    const [pusher] = await phone.waitFor(
      'a push',
      () => phone.host.live.scripted.pushers[0] && phone.host.live.scripted.pushers,
    );
    pusher?.view.error(10001, 'no camera permission');
    expect((await shown('problem-permission')).textContent).toContain('Open the settings');
    await phone.tap('step-settings');
    await shown('room-in-room');
  });

  it('a mute by the owner, and how to lift it', async () => {
    await enter();
    server.tell({ type: 'muted', kind: 'audio', muted: true });
    expect((await shown('notice')).textContent).toContain('Tap the microphone');
    await phone.waitFor('told off', () => heard('state').at(-1)?.['microphone'] === false);
    await phone.tap('microphone');
    await phone.waitFor('told on', () => heard('state').at(-1)?.['microphone'] === true);
    await gone('notice');
  });

  it('a notice of the server is a sentence', async () => {
    await enter();
    server.tell({ type: 'notice', code: PHONE_CODES.noAudioCodec.code, message: 'x' });
    expect((await shown('notice')).textContent).toContain('Picture only');
  });
});

describe('[MP32] recovery', () => {
  it('a server that restarts is waited for, and said to be', async () => {
    await enter();
    end('server-restart', 0);
    expect((await shown('link-restarting')).textContent).toContain('restarting');
    await gone('link-restarting');
    expect(phone.find('room-in-room')).not.toBeNull();
    await phone.waitFor('one connection', () => server.sockets.size === 1);
  });

  it('a connection that drops comes back by itself', async () => {
    server.people = [streamOf('amy', 'Amy')];
    await enter();
    for (const socket of server.sockets) socket.terminate();
    await shown('link-reconnecting');
    await gone('link-reconnecting');
    await phone.waitFor('everybody', () => phone.text('people-chip') === '2 people');
  });

  it('a push that is lost gets a fresh URL', async () => {
    await enter();
    const pusher = await phone.waitFor('a push', () => phone.host.live.scripted.pushers.find((one) => one.running));
    const before = pusher.asked.filter(({ command }) => command === 'start').length;
    pusher.view.state(-1307, 'disconnected');
    expect((await shown('link-sending')).textContent).toContain('Others cannot see or hear you');
    await phone.waitFor('renewed', () => heard('renew').length > 0);
    pusher.view.state(1002, 'pushing');
    await gone('link-sending');
    await phone.waitFor('started', () => pusher.asked.filter(({ command }) => command === 'start').length >= before);
    expect(phone.find('room-in-room')).not.toBeNull();
  });
});
