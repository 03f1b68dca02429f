import type { JsdomPhone } from '@lianmai/mp-host/jsdom';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleFor, openPhone } from './support/phone.ts';
import { roomOf } from './support/server.ts';

let phone: JsdomPhone;
let asked: { name: string; data: unknown }[] = [];
const answers = new Map<string, unknown>();

const tickets = {
  userID: 'o_self',
  sdkAppID: 1400000001,
  accountType: '1',
  userSig: 'sig',
  privateMapKey: 'pmk',
  expiresAt: Date.now() + 3_600_000,
};
const success = (data: unknown) => ({ code: 0, message: 'success', data });

beforeEach(() => {
  asked = [];
  answers.clear();
  answers.set('webrtc-get-room-list', { ...success([roomOf('4321', '周会')]), total: 1 });
  answers.set('webrtc-enter-room', success({ roomInfo: roomOf('4321', '周会'), signInfo: tickets }));
  answers.set('webrtc-quit-room', success(null));
});

afterEach(() => phone.close());

async function open(url: string): Promise<void> {
  phone = await openPhone(await bundleFor('cloud', ''), {
    url,
    prepare: (host) => {
      for (const name of answers.keys()) {
        host.session.cloud.on(name, (data) => {
          asked.push({ name, data });
          return answers.get(name);
        });
      }
    },
  });
}

describe('[MP25] with cloud functions', () => {
  it('the list is read from them, in the environment of the configuration', async () => {
    await open('pages/room-list/room-list');
    expect((await phone.waitFor('the room', () => phone.find('room-4321'))).textContent).toContain('周会');
    expect(phone.host.calls.find(({ name }) => name === 'cloud.init')?.options).toMatchObject({ env: 'prod-1a2b3c' });
  });

  it('a room is pushed to Tencent’s media service, by the tickets of the function', async () => {
    await open('pages/room/room?roomID=4321');
    const pusher = await phone.waitFor('a push', () => phone.host.live.scripted.pushers.find((one) => one.running));
    expect(pusher.view.props.url).toMatch(/^room:\/\/cloud\.tencent\.com/);
    expect(pusher.view.props.url).toContain('roomid=4321');
    pusher.view.state(1018, 'entered');
    await phone.waitFor('in the room', () => phone.find('room-in-room'));
    expect(asked.map(({ name }) => name)).toEqual(['webrtc-enter-room']);
  });

  it('a room has no web page, and that is said', async () => {
    await open('pages/web-room/web-room?roomID=4321');
    expect(phone.text('web-none')).toContain('Tencent TRTC');
    for (const action of ['open', 'copy', 'retry']) expect(phone.find(action)).toBeNull();
  });

  it('tickets of another application than configured are refused with words', async () => {
    const other = { ...tickets, sdkAppID: 1400000999 };
    answers.set('webrtc-enter-room', success({ roomInfo: roomOf('4321', '周会'), signInfo: other }));
    await open('pages/room/room?roomID=4321');
    const problem = await phone.waitFor('the problem', () => phone.find('problem-application'));
    expect(problem.textContent).toContain('config.ts');
  });
});
