import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;

beforeAll(() => Stage.prepare(), 120_000);
afterEach(() => stage?.close());

const TEMPLATES = ['1v1', '1v3', 'bigsmall', '1v1bigsmall', '1v1horizontal', 'float', 'grid', '1u3d', '1l3r'];

describe('<webrtc-room>', () => {
  it('[WR90] enters with its properties, pushes and plays with the attributes that phones need', async () => {
    stage = await Stage.open();
    expect(stage.phone.host.live.scripted.pushers).toEqual([]);
    await stage.enter(['bob']);
    expect(stage.requests[0]?.url).toMatch(
      /^https:\/\/meet\.example\.com\/v4\/openim\/jsonvideoapp\?.*identifier=amy&usersig=sig-1&/,
    );
    expect(stage.pusher.view.props).toMatchObject({
      url: 'rtmp://meet.example.com/live/amy?1',
      mode: 'RTC',
      autopush: false,
      enableCamera: true,
      enableMic: true,
      muted: false,
      aspect: '9:16',
      minBitrate: 200,
      maxBitrate: 400,
      devicePosition: 'front',
    });
    expect(stage.player('bob_main').view.props).toMatchObject({
      src: 'rtmp://meet.example.com/live/bob',
      mode: 'RTC',
      autoplay: true,
      minCache: 0.2,
      maxCache: 0.8,
      muteAudio: false,
      objectFit: 'fillCrop',
    });
    stage.pusher.view.state(1001, 'connected');
    stage.pusher.view.state(1002, 'pushing');
    stage.player('bob_main').view.state(2003, 'first frame');
    stage.player('bob_main').view.state(2004, 'playing');
    await stage.phone.settle();
    expect(stage.codes()).toEqual(['ok 11', 'ok 12', 'ok 10', 'ok 17']);
    expect(stage.phone.find('cover-bob_main')).toBeNull();
    const raw = stage.events('pusher') as { code: number }[];
    expect(raw.map((event) => event.code)).toEqual([1018, 1031, 1033, 1034, 1020, 1001, 1002]);
  });

  it('[WR91] takes ids as numbers or texts', async () => {
    stage = await Stage.open({ roomID: '1234', sdkAppID: '1400000001' });
    await stage.enter();
    expect(stage.requests[0]?.data).toMatchObject({ ReqHead: { GroupId: 1234 } });
    expect(stage.requests[0]?.url).toContain('sdkappid=1400000001&');
  });

  it('[WR92] obeys changed properties: camera, microphone, beauty, bit rate, aspect', async () => {
    stage = await Stage.open();
    await stage.enter();
    await stage.set({
      muted: true,
      enableCamera: false,
      beauty: 9,
      whiteness: 1,
      aspect: '3:4',
      minBitrate: 300,
      maxBitrate: 900,
    });
    expect(stage.pusher.view.props).toMatchObject({
      enableMic: false,
      // For base libraries below 2.10.0, which know no enable-mic.
      muted: true,
      enableCamera: false,
      beauty: 9,
      whiteness: 1,
      aspect: '3:4',
      minBitrate: 300,
      maxBitrate: 900,
    });
    expect(stage.phone.find('cover-self')).not.toBeNull();
    expect(stage.phone.find('silent-self')).not.toBeNull();
    await stage.phone.waitFor('the state', () => {
      const said = stage.connection.asked('state').pop();
      return said?.camera === false && said.microphone === false;
    });
  });

  it('[WR93] moves tiles at a change of template and starts nothing anew', async () => {
    stage = await Stage.open({ roomCreator: 'bob' });
    await stage.enter(['bob', 'eve', 'joe']);
    const { pusher } = stage;
    const players = [...stage.players];
    for (const template of TEMPLATES.filter((name) => !name.includes('1v1') && name !== 'bigsmall')) {
      await stage.set({ template });
      expect(stage.pusher).toBe(pusher);
      expect(stage.players).toEqual(players);
      expect(pusher.asked.map((one) => one.command)).toEqual(['start']);
      expect(stage.phone.get('tile-bob_main').getAttribute('style')).toContain('width');
    }
    await stage.set({ template: '1v1' });
    expect(stage.players).toHaveLength(1);
    expect(stage.phone.text('waiting')).toBe('Also here: EVEJOE');
    expect(stage.codes()).toContain('error -8');
  });

  it('[WR94] shows its slots: the default one always, grid and float with their templates', async () => {
    stage = await Stage.open();
    expect(stage.phone.text('slot-default')).toBe('controls');
    expect(stage.phone.text('slot-float')).toBe('float');
    await stage.set({ template: 'grid' });
    expect(stage.phone.text('slot-grid')).toBe('grid');
    expect(stage.phone.get('webrtc-room').textContent).not.toContain('float');
  });

  it('[WR95] calls the pusher by its methods, and leaves by stop', async () => {
    stage = await Stage.open();
    await stage.enter(['bob']);
    stage.room.switchCamera();
    stage.room.pause();
    await stage.phone.settle();
    expect(stage.players).toEqual([]);
    stage.room.resume();
    await stage.phone.settle();
    expect(stage.players).toHaveLength(1);
    stage.room.stop();
    await stage.phone.waitFor('the end', () => stage.phone.host.live.scripted.pushers.length === 0);
    await stage.phone.waitFor('goodbye', () => stage.connection.asked('leave').length === 1);
    expect(stage.players).toEqual([]);
    await stage.phone.waitFor('the socket', () => stage.connection.closed);
    stage.room.start();
    await stage.phone.waitFor('a connection', () => stage.server.connections.length === 2);
  });

  it('[WR95] has every method of the original', async () => {
    stage = await Stage.open();
    const room = stage.room as unknown as Readonly<Record<string, unknown>>;
    const methods =
      'start stop exitRoom pause resume switchCamera enableVideo enableAudio ' +
      'sendC2CTextMsg sendC2CCustomMsg sendGroupTextMsg sendGroupCustomMsg';
    expect(methods.split(' ').filter((name) => typeof room[name] !== 'function')).toEqual([]);
  });

  it('[WR95] switches one on and off for this phone alone', async () => {
    stage = await Stage.open();
    await stage.enter(['bob']);
    stage.room.enableAudio(false, 'bob');
    stage.room.enableVideo(false, 'bob');
    await stage.phone.settle();
    expect(stage.player('bob_main').view.props).toMatchObject({ muteAudio: true, muteVideo: true });
    // 0 stands for oneself, as in the original.
    const answers: unknown[] = [];
    stage.room.enableAudio(false, 0, { success: (answer) => answers.push(answer) });
    stage.room.enableVideo(false, 0);
    await stage.phone.settle();
    expect(stage.pusher.view.props).toMatchObject({ enableMic: false, enableCamera: false });
    expect(answers).toEqual([{ errMsg: 'mute:ok' }]);
  });

  it('[WR96] plays FLV in live mode when RTMP gives up, in a player that was put in anew', async () => {
    stage = await Stage.open();
    await stage.enter(['bob']);
    const first = stage.player('bob_main');
    first.view.state(-2301, 'gave up');
    await stage.phone.waitFor('another player', () => stage.players[0] !== undefined && stage.players[0] !== first);
    expect(stage.player('bob_main').view.props).toMatchObject({
      src: 'https://meet.example.com/live/bob.flv',
      mode: 'live',
    });
    expect(stage.codes()).toContain('ok 18');
  });

  it('[WR97] recovers a broken push with a fresh URL', async () => {
    stage = await Stage.open();
    await stage.enter();
    stage.pusher.view.state(-1307, 'gone');
    const [renew] = await stage.phone.waitFor('a renewal', () => {
      const asked = stage.connection.asked('renew');
      return asked.length > 0 && asked;
    });
    const urls = {
      pushUrl: 'rtmp://meet.example.com/live/amy?2',
      signalUrl: 'wss://x/signal',
      expiresAt: 4_000_000_000_000,
    };
    stage.connection.say({ type: 'urls', urls });
    stage.connection.say({ type: 'reply', id: renew?.id ?? 0, code: 0, message: 'success' });
    await stage.phone.waitFor('the push', () => stage.pusher.view.props.url.endsWith('?2') && stage.pusher.running);
    expect(stage.pusher.asked.map((one) => one.command)).toEqual(['start', 'stop', 'start']);
  });

  it('[WR97] a start that fails is made up for; one that fails when another runs already is not', async () => {
    stage = await Stage.open();
    const fail: ((why: Error) => void)[] = [];
    stage.phone.host.live.scripted.onCommand = (command) =>
      command === 'start' ? new Promise((_resolve, reject) => fail.push(reject)) : undefined;
    await stage.enter();
    const commands = () => stage.pusher.asked.map((one) => one.command);
    const renewed = async (count: number) => {
      const asked = await stage.phone.waitFor(`renewal ${count}`, () => {
        const all = stage.connection.asked('renew');
        return all.length === count && all;
      });
      const pushUrl = `rtmp://meet.example.com/live/amy?new${count}`;
      const urls = { pushUrl, signalUrl: 'wss://x/signal', expiresAt: 4_000_000_000_000 };
      stage.connection.say({ type: 'urls', urls });
      stage.connection.say({ type: 'reply', id: asked[count - 1]?.id ?? 0, code: 0, message: 'success' });
      await stage.phone.waitFor(`start ${count + 1}`, () => fail.length === count + 1);
    };
    fail[0]?.(new Error('operateLivePusher:fail'));
    await renewed(1);
    stage.pusher.view.state(-1307, 'gone');
    await renewed(2);
    const before = commands();
    fail[1]?.(new Error('operateLivePusher:fail too late'));
    await stage.phone.settle();
    expect(commands()).toEqual(before);
    expect(before).toEqual(['start', 'stop', 'start', 'stop', 'start']);
    expect(stage.phone.host.failures.take('operateLivePusher:fail')).toHaveLength(2);
  });

  it('[WR97] tells permission and devices with their codes', async () => {
    stage = await Stage.open();
    await stage.enter();
    stage.pusher.view.error(10002, 'denied');
    await stage.phone.settle();
    expect(stage.codes().pop()).toBe('error -7');
    stage.pusher.view.state(-1301, 'camera');
    await stage.phone.waitFor('the end', () => stage.phone.host.live.scripted.pushers.length === 0);
    expect(stage.codes().pop()).toBe('error -4');
  });

  it('[WR98] asks the page for fresh tickets and goes on with those', async () => {
    stage = await Stage.open({ expiresAt: 1 });
    stage.room.start();
    await stage.phone.waitFor('the wish', () => stage.events('ticket').length === 1);
    expect(stage.events('ticket')).toEqual([{ reason: 'expired', expiresAt: 1 }]);
    expect(stage.requests).toEqual([]);
    await stage.set({ userSig: 'sig-2', privateMapKey: 'key-2', expiresAt: 4_000_000_000_000 });
    await stage.phone.waitFor('roomsig', () => stage.requests.length === 1);
    expect(stage.requests[0]?.url).toContain('usersig=sig-2&');
  });

  it('[WR99] films nobody while its page is covered, and leaves with its page', async () => {
    stage = await Stage.open();
    await stage.enter();
    stage.phone.host.pages.navigateTo('/pages/other/other');
    await stage.phone.waitFor('the state', () => stage.connection.asked('state').pop()?.camera === false);
    expect(stage.pusher.view.props.enableCamera).toBe(false);
    stage.phone.host.pages.navigateBack(1);
    await stage.phone.waitFor('the state', () => stage.connection.asked('state').pop()?.camera === true);
    await stage.phone.waitFor('the camera', () => stage.pusher.view.props.enableCamera);
    stage.phone.host.pages.reLaunch('/pages/other/other');
    await stage.phone.waitFor('goodbye', () => stage.connection.asked('leave').length === 1);
    await stage.phone.waitFor('the socket', () => stage.connection.closed);
  });

  it('[WR100] two on a page keep their state apart', async () => {
    stage = await Stage.open();
    stage.page.setData({ two: true });
    await stage.phone.settle();
    await stage.enter(['bob']);
    stage.other.stop();
    stage.other.enableAudio(false, 'bob');
    await stage.phone.settle();
    expect(stage.codes('other')).toEqual([]);
    expect(stage.player('bob_main').view.props.muteAudio).toBe(false);
    expect(stage.phone.all('tile-self')).toHaveLength(1);
    expect(stage.phone.all('webrtc-room')).toHaveLength(2);
    stage.page.setData({ two: false });
    await stage.phone.settle();
    await stage.tell(2, ['bob', 'eve']);
    expect(stage.players).toHaveLength(2);
    expect(stage.connection.closed).toBe(false);
  });

  it('[WR101] shows the pictures of others without autoplay after a tap, and plays their sound at once', async () => {
    stage = await Stage.open({ autoplay: false });
    await stage.enter(['bob']);
    expect(stage.player('bob_main').view.props).toMatchObject({ autoplay: true, muteAudio: false, muteVideo: true });
    expect(stage.phone.text('cover-bob_main')).toBe('BTap to show the picture');
    await stage.phone.tap('tile-bob_main');
    expect(stage.player('bob_main').view.props.muteVideo).toBe(false);
    stage.player('bob_main').view.state(2003, 'first frame');
    await stage.phone.settle();
    expect(stage.phone.find('cover-bob_main')).toBeNull();
  });

  it('[WR102] tells state and messages, and answers what is asked', async () => {
    stage = await Stage.open();
    await stage.enter(['bob']);
    const state = stage.events('state').pop();
    expect(state).toMatchObject({
      phase: 'in',
      ownerID: 'bob',
      members: [{ userID: 'bob', name: 'BOB', shown: true }],
    });
    expect((stage.events('im') as { tag: string }[]).map((event) => event.tag)).toEqual([
      'login_event',
      'join_group_event',
    ]);
    const answers: unknown[] = [];
    stage.room.sendGroupTextMsg('hello', (answer) => answers.push(answer));
    const [chat] = await stage.phone.waitFor('the chat', () => {
      const asked = stage.connection.asked('chat');
      return asked.length > 0 && asked;
    });
    expect(chat?.text).toBe('hello');
    stage.connection.say({ type: 'reply', id: chat?.id ?? 0, code: 0, message: 'success' });
    await stage.phone.waitFor('the answer', () => answers.length === 1);
    const kick = stage.room.kickMember('bob');
    const [asked] = await stage.phone.waitFor('the kick', () => {
      const list = stage.connection.asked('kick');
      return list.length > 0 && list;
    });
    stage.connection.say({ type: 'reply', id: asked?.id ?? 0, code: 20009, message: 'owner only' });
    expect((await kick).code).toBe(20009);
    let failed: unknown = null;
    stage.room.sendC2CTextMsg('bob', 'psst', undefined, (failure) => {
      failed = failure;
    });
    expect(failed).toMatchObject({ ErrorCode: -4 });
  });

  it("[WR103] works with Tencent's service: the phone asks for the roomsig, the pusher tells of the room", async () => {
    stage = await Stage.open({ media: 'room', server: '' });
    stage.phone.host.device.version = '7.0.0';
    stage.page.setData({ shown: false });
    stage.page.setData({ shown: true });
    await stage.phone.settle();
    stage.room.start();
    await stage.phone.waitFor('the push', () => stage.phone.host.live.scripted.pushers[0]?.running);
    expect(stage.requests[0]?.url).toMatch(
      /^https:\/\/official\.opensso\.tencent-cloud\.com\/v4\/openim\/jsonvideoapp\?/,
    );
    expect(stage.pusher.view.props.url).toMatch(
      /^room:\/\/cloud\.tencent\.com\?sdkappid=1400000001&roomid=1234&userid=amy&roomsig=/,
    );
    stage.pusher.view.state(1018, 'in');
    stage.pusher.view.state(1020, '{"userlist":[{"userid":"bob","playurl":"room://1.2.3.4:1935/webrtc/x"}]}');
    await stage.phone.settle();
    expect(stage.codes()).toEqual(['ok 11', 'ok 12']);
    expect(stage.player('bob_main').view.props).toMatchObject({ src: 'room://1.2.3.4:1935/webrtc/x', mode: 'RTC' });
  });
});
