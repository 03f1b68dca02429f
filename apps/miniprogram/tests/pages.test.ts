import type { Bundle } from '@lianmai/mp-host/build';
import type { JsdomPhone } from '@lianmai/mp-host/jsdom';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundleAsDelivered, bundleFor, openPhone, type PhoneOptions } from './support/phone.ts';
import { roomOf, StandIn } from './support/server.ts';

let server: StandIn;
let bundle: Bundle;
let phone: JsdomPhone;

beforeAll(async () => {
  server = await StandIn.start();
  bundle = await bundleFor('guest', server.url);
});

afterAll(() => server.close());

beforeEach(() => {
  server.rooms = [];
  server.asked.length = 0;
  server.heard.length = 0;
  server.refusals.clear();
});

afterEach(() => phone.close());

async function open(url: string, options: PhoneOptions = {}): Promise<void> {
  phone = await openPhone(bundle, { url, name: 'Li', ...options });
}

const shown = (testid: string) => phone.waitFor(testid, () => phone.find(testid));
const route = (path: string) => phone.waitFor(path, () => phone.routes.at(-1) === path);

describe('[MP20] the rooms', () => {
  const MINUTE = 60_000;

  it('are told with name, number, people and age, and which are full', async () => {
    server.rooms = [
      roomOf('4321', 'Weekly', { memberCount: 5, createTime: Date.now() - 3.5 * MINUTE }),
      roomOf('99', '', { memberCount: 4, capacity: 4, createTime: Date.now() - 125 * MINUTE }),
    ];
    await open('pages/room-list/room-list');
    const first = await shown('room-4321');
    for (const text of ['Weekly', 'No. 4321', '5/16', '3 min ago']) expect(first.textContent).toContain(text);
    for (const text of ['Room 99', '4/4', 'Full', '2 hours ago']) expect(phone.text('room-99')).toContain(text);
    expect(phone.text('count')).toBe('2 rooms open');
  });

  it('come page by page when the end is reached', async () => {
    server.rooms = Array.from({ length: 25 }, (_, index) => roomOf(String(index + 1), ''));
    await open('pages/room-list/room-list');
    await shown('room-20');
    expect(phone.find('room-25')).toBeNull();
    await (phone.host.page as unknown as { onReachBottom(): void }).onReachBottom();
    await shown('room-25');
  });

  it('that are none, are said to be none', async () => {
    await open('pages/room-list/room-list', { language: 'zh_CN' });
    expect((await shown('empty')).textContent).toContain('还没有房间');
  });

  it.each([
    ['en', 'Something went wrong on the server', 'Code 10021'],
    ['zh_CN', '服务器出错了', '代码 10021'],
  ] as const)('that cannot be read, are said so with what to do, in %s', async (language, title, code) => {
    server.refusals.set('webrtc-get-room-list', 'storeUnavailable');
    await open('pages/room-list/room-list', { language });
    const failed = await shown('failed');
    expect(failed.textContent).toContain(title);
    expect(failed.textContent).toContain(code);
    server.refusals.clear();
    await phone.tap('retry');
    await shown('empty');
  });

  it('lead into a room, past the page of consent where that is needed', async () => {
    server.rooms = [roomOf('4321', 'Weekly')];
    await open('pages/room-list/room-list', {
      prepare: (host) => {
        host.consents.privacyNeeded = true;
      },
    });
    await shown('room-4321');
    await phone.tap('room-4321');
    await route('pages/privacy/privacy');
    await shown('privacy-consent');
    await phone.tap('agree');
    await route('pages/room/room');
    await shown('room-in-room');
  });

  it('ask a guest without a name for one first', async () => {
    server.rooms = [roomOf('4321', 'Weekly')];
    phone = await openPhone(bundle, { url: 'pages/room-list/room-list' });
    await shown('room-4321');
    await phone.tap('room-4321');
    await route('pages/join-room/join-room');
    await phone.tap('submit');
    expect(phone.text('user-tip')).toBe('Tell the others who you are.');
  });

  it('speak the other language at a tap', async () => {
    await open('pages/room-list/room-list');
    await shown('empty');
    await phone.tap('language');
    expect(phone.text('empty')).toContain('还没有房间');
    expect(phone.text('create')).toBe('新建房间');
  });
});

describe('[MP21] a configuration that was not made', () => {
  it('is told on the first page, and nothing is asked of the example address', async () => {
    phone = await openPhone(await bundleAsDelivered(), { language: 'zh_CN' });
    expect(phone.text('setup')).toContain('config.ts');
    expect(phone.host.calls.filter(({ name }) => name === 'request')).toEqual([]);
  });
});

describe('[MP22] joining', () => {
  it.each([
    ['', 'Type the number of a room.'],
    ['0042', 'A room number does not begin with 0.'],
    ['4294967295', 'The largest room number is 4294967294.'],
  ])('says what is wrong with %j', async (number, words) => {
    await open('pages/join-room/join-room');
    await phone.input('number', number);
    await phone.tap('submit');
    expect(phone.text('room-tip')).toBe(words);
    expect(phone.routes).toEqual(['pages/join-room/join-room']);
  });

  it('takes what was mended, and goes on', async () => {
    await open('pages/join-room/join-room?roomID=0042');
    await phone.tap('submit');
    await phone.input('number', '42');
    expect(phone.text('room-tip')).not.toContain('begin with 0');
    await phone.tap('submit');
    await route('pages/room/room');
    await shown('room-in-room');
    expect(server.asked.find(({ name }) => name === 'webrtc-enter-room')?.body).toEqual({ roomID: '42' });
  });

  it('makes a room by name', async () => {
    await open('pages/join-room/join-room?mode=name');
    await phone.input('name', '周会 & 评审');
    await phone.tap('submit');
    await route('pages/room/room');
    await shown('room-in-room');
    expect(server.asked.find(({ name }) => name === 'webrtc-enter-room')?.body).toEqual({ roomName: '周会 & 评审' });
    expect(server.asked.find(({ name }) => name === 'webrtc-login')?.body).toEqual({ type: 'guest', name: 'Li' });
  });
});

describe('[MP23] consent', () => {
  it('that was refused is won back through the settings', async () => {
    await open('pages/privacy/privacy?roomID=4321', {
      prepare: (host) => {
        host.consents.scopes['scope.camera'] = false;
        host.consents.settingsChange = { 'scope.camera': true, 'scope.record': true };
      },
    });
    expect(phone.text('grant-camera')).toBe('Refused');
    await phone.tap('settings');
    await route('pages/room/room');
  });

  it('may be withheld: the room is entered unseen and unheard', async () => {
    await open('pages/privacy/privacy?roomID=4321', {
      prepare: (host) => {
        host.consents.scopes['scope.record'] = false;
      },
    });
    await phone.tap('watch');
    await route('pages/room/room');
    await shown('room-in-room');
    const state = await phone.waitFor('the state', () => server.heard.find(({ type }) => type === 'state'));
    expect(state).toMatchObject({ camera: false, microphone: false });
  });
});

describe('[MP24] clients that lack something', () => {
  it.each([
    ['en', 'This WeChat is too old'],
    ['zh_CN', '当前微信版本过低'],
  ] as const)('are told to update, in %s', async (language, words) => {
    await open('pages/room-list/room-list', {
      language,
      prepare: (host) => {
        host.device.SDKVersion = '2.32.2';
      },
    });
    await route('pages/unsupported/unsupported');
    expect(phone.text('unsupported')).toContain(words);
    expect(phone.text('unsupported')).toContain('2.32.3');
  });

  it.each([
    ['en', 'No rooms on this device'],
    ['zh_CN', '此设备无法使用视频房间'],
  ] as const)('without live-pusher are told so, in %s', async (language, words) => {
    await open('pages/room-list/room-list', {
      language,
      prepare: (host) => {
        host.device.lacks = ['live-pusher'];
      },
    });
    await route('pages/unsupported/unsupported');
    expect(phone.text('unsupported')).toContain(words);
    expect(phone.find('update')).toBeNull();
  });

  it('iPhones before 14.3 are told why the web page is no use to them', async () => {
    await open('pages/web-room/web-room?roomID=4321', {
      prepare: (host) => {
        host.device.system = 'iOS 13.7';
      },
    });
    expect(phone.text('web-ios')).toContain('iOS 13.7');
    expect(phone.find('open')).toBeNull();
  });
});

describe('[MP27] the web page of a room', () => {
  const WEB = 'pages/web-room/web-room?roomID=4321';
  const source = () => phone.find('web-view')?.querySelector('iframe')?.getAttribute('src');

  it('is opened as the same user: with a one-time code in the fragment, asked for at the tap', async () => {
    await open(WEB);
    expect(phone.text('who')).toContain('“Li”');
    expect(server.names()).not.toContain('webrtc-login-code');
    await phone.tap('open');
    await shown('web-view');
    expect(source()).toMatch(new RegExp(`^${server.url}/r/4321#code=one-time-[0-9]+$`));
    for (const { body } of server.asked.filter(({ name }) => name === 'webrtc-login')) {
      expect(body).toEqual({ type: 'guest', name: 'Li' });
    }
  });

  it('that did not load is opened anew, with another code; what is copied has none', async () => {
    await open(WEB);
    await phone.tap('open');
    await shown('web-view');
    const first = source();
    (phone.host.page as unknown as { onWebError(): void }).onWebError();
    expect((await shown('web-failed')).textContent).toContain('业务域名');
    await phone.tap('copy');
    expect(phone.host.calls.find(({ name }) => name === 'setClipboardData')?.options).toMatchObject({
      data: `${server.url}/r/4321`,
    });
    await phone.tap('retry');
    await shown('web-view');
    expect(source()).toContain('#code=one-time-');
    expect(source()).not.toBe(first);
  });

  it.each([
    ['en', 'Something went wrong on the server', 'Code 10021'],
    ['zh_CN', '服务器出错了', '代码 10021'],
  ] as const)('says in words why no code came, then tries again, in %s', async (language, title, code) => {
    server.refusals.set('webrtc-login-code', 'storeUnavailable');
    await open(WEB, { language });
    await phone.tap('open');
    const refused = await shown('web-refused');
    expect(refused.textContent).toContain(title);
    expect(refused.textContent).toContain(code);
    server.refusals.clear();
    await phone.tap('retry');
    await shown('web-view');
    expect(source()).toContain('#code=');
  });

  it('can be opened as a guest when no code comes', async () => {
    server.refusals.set('webrtc-login-code', 'noSuchFunction');
    await open(WEB);
    await phone.tap('open');
    await shown('web-refused');
    await phone.tap('guest');
    await shown('web-view');
    expect(source()).toBe(`${server.url}/r/4321`);
  });
});
