import { describe, expect, it } from 'vitest';
import { Bench, phoneRoomsig, roomsigFailure, roster, settle, stream, urls, welcome } from '../testing/fakes.ts';

const PUSH_1 = 'rtmp://meet.example.com/live/s?push1';
const PUSH_2 = 'rtmp://meet.example.com/live/s?push2';

describe('a self-hosted room', () => {
  it('[WR31] goes from tickets over roomsig and signalling to the push; 1018 comes before the first 1020', async () => {
    const bench = new Bench();
    bench.controller.start();
    expect(bench.controller.view().phase).toBe('entering');
    await settle();
    expect(bench.posts[0]?.url).toMatch(
      /^https:\/\/meet\.example\.com\/v4\/openim\/jsonvideoapp\?sdkappid=1400000001&/,
    );
    expect(bench.socket.url).toBe('wss://meet.example.com/signal?ticket=1');
    expect(bench.pusher.calls).toEqual([]);
    bench.socket.say(welcome([stream('bob')]));
    expect(bench.controller.view().phase).toBe('in');
    expect(bench.pusher.calls).toEqual([`start ${PUSH_1}`]);
    expect(bench.raw.map((event) => event.code)).toEqual([1018, 1031, 1033, 1034, 1020]);
    const list = bench.raw.find((event) => event.code === 1020)?.message;
    expect(list).toBe(
      '{"userlist":[{"userid":"bob","playurl":"rtmp://meet.example.com/live/bob",' +
        '"flvurl":"https://meet.example.com/live/bob.flv","hasvideo":true,"hasaudio":true,"streamtype":"main"}]}',
    );
    expect(bench.room).toEqual([
      { tag: 'ok', code: 11, detail: '' },
      { tag: 'ok', code: 12, detail: list },
    ]);
  });

  it('[WR31] tells an empty list when alone, and every change in full', async () => {
    const bench = new Bench();
    await bench.enter();
    const lists = () => bench.raw.filter((event) => event.code === 1020).map((event) => event.message);
    expect(lists()).toEqual(['{"userlist":[]}']);
    bench.socket.say(roster(2, [stream('bob'), stream('eve')]));
    bench.socket.say(roster(3, [stream('eve')]));
    expect(
      lists()
        .slice(1)
        .map((list) => JSON.parse(list).userlist.map((one: { userid: string }) => one.userid)),
    ).toEqual([['bob', 'eve'], ['eve']]);
    bench.socket.say(roster(3, []));
    bench.socket.say(roster(2, []));
    expect(lists()).toHaveLength(3);
  });

  it('[WR32] makes 1031–1034 from the changes of the list', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    bench.raw.length = 0;
    bench.socket.say(
      roster(2, [
        stream('bob', { hasvideo: false, playurl: 'p2' }),
        stream('bob', { streamtype: 'aux', hasaudio: false }),
      ]),
    );
    const told = bench.raw
      .filter((event) => event.code !== 1020)
      .map(({ code, message }) => ({ code, ...JSON.parse(message) }));
    expect(told).toEqual([
      {
        code: 1033,
        userlist: [
          { userid: 'bob', playurl: 'p2', streamtype: 'main', hasvideo: false },
          { userid: 'bob', playurl: 'rtmp://meet.example.com/live/bob', streamtype: 'aux', hasvideo: true },
        ],
      },
    ]);
    bench.raw.length = 0;
    bench.socket.say(roster(3, []));
    expect(bench.raw.map((event) => event.code)).toEqual([1032, 1033, 1020]);
  });

  it("[WR32] passes the pusher's own 1001 and 1002 on once, and hears nothing of rooms from it", async () => {
    const bench = new Bench();
    await bench.enter();
    bench.raw.length = 0;
    bench.room.length = 0;
    for (const code of [1001, 1002, 1018, 1020, 1019, 1021, 1031, 1034])
      bench.controller.onPusher(code, '{"userlist":[]}');
    expect(bench.raw.map((event) => event.code)).toEqual([1001, 1002]);
    expect(bench.room).toEqual([{ tag: 'ok', code: 10, detail: '' }]);
    bench.socket.say({ type: 'push', state: 'started', reason: '' });
    expect(bench.raw).toHaveLength(2);
  });

  it('[WR34] tells what is switched on before the push and at every change, and no camera out of sight', async () => {
    const bench = new Bench({ muted: true });
    await bench.enter();
    const state = () => bench.socket.asked('state').map(({ camera, microphone }) => [camera, microphone]);
    expect(state()).toEqual([[true, false]]);
    bench.controller.enableVideo(false, '');
    bench.controller.enableVideo(false, 'amy');
    expect(state()).toEqual([
      [true, false],
      [false, false],
    ]);
    bench.controller.enableVideo(true, 'amy');
    bench.controller.hide();
    bench.controller.show();
    expect(state().slice(2)).toEqual([
      [true, false],
      [false, false],
      [true, false],
    ]);
  });

  it('[WR34] switches the camera itself off out of sight, unless WeChat has a picture to send instead', async () => {
    for (const [waitingImg, off] of [
      ['', true],
      ['https://a/wait.png', false],
    ] as const) {
      const bench = new Bench({ waitingImg });
      await bench.enter();
      expect(bench.controller.view().self.cameraOff).toBe(false);
      bench.controller.hide();
      expect(bench.controller.view().self.cameraOff).toBe(off);
      expect(bench.socket.asked('state').pop()?.camera).toBe(!off);
      bench.controller.show();
      expect(bench.controller.view().self.cameraOff).toBe(false);
    }
  });

  it('[WR101] hides pictures of others without autoplay until they are asked for; everybody is heard', async () => {
    const bench = new Bench({ autoplay: false });
    await bench.enter([stream('bob'), stream('eve'), stream('joe', { hasvideo: false })]);
    const tiles = () => bench.controller.view().tiles.map((tile) => [tile.cover, tile.muteVideo, tile.muteAudio]);
    bench.controller.onPlayer('bob_main', 2004);
    expect(tiles()).toEqual([
      ['hidden', true, false],
      ['hidden', true, false],
      ['camera-off', true, false],
    ]);
    bench.controller.tap('bob_main');
    bench.controller.enableVideo(true, 'eve');
    expect(tiles()).toEqual([
      ['', false, false],
      ['loading', false, false],
      ['camera-off', true, false],
    ]);
    bench.controller.enableVideo(false, 'bob');
    expect(tiles()[0]).toEqual(['hidden', true, false]);
    bench.controller.exit();
    await settle();
    await bench.enter([stream('eve')]);
    expect(tiles()).toEqual([['hidden', true, false]]);
  });

  it('[WR101] shows them with it, but not those that were switched off', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    expect(bench.controller.view().tiles[0]).toMatchObject({ cover: 'loading', muteVideo: false });
    bench.controller.enableVideo(false, 'bob');
    expect(bench.controller.view().tiles[0]).toMatchObject({ cover: 'hidden', muteVideo: true });
    bench.controller.tap('bob_main');
    expect(bench.controller.view().tiles[0]).toMatchObject({ muteVideo: false });
  });

  it('[WR35] pushes nothing for a viewer whose ticket may send neither sound nor picture', async () => {
    const bench = new Bench();
    bench.controller.start();
    await settle();
    const { self, ...rest } = welcome([stream('bob')]);
    bench.socket.say({ ...rest, self: { ...self, privileges: 2 + 8 + 32 } });
    expect(bench.pusher.calls).toEqual([]);
    expect(bench.controller.view()).toMatchObject({ phase: 'in', tiles: [{ userID: 'bob' }] });
  });

  it('[WR4] tells −8 once while somebody finds no place, and again only after everybody had one', async () => {
    const bench = new Bench({ template: '1v1' });
    await bench.enter([stream('bob')]);
    bench.socket.say(roster(2, [stream('bob'), stream('eve')]));
    bench.socket.say(roster(3, [stream('bob'), stream('eve'), stream('joe')]));
    expect(bench.codes('error')).toEqual([-8]);
    expect(bench.controller.view().waiting.map((one) => one.name)).toEqual(['EVE', 'JOE']);
    bench.socket.say(roster(4, [stream('joe')]));
    expect(bench.controller.view()).toMatchObject({ tiles: [{ userID: 'joe' }], waiting: [] });
    bench.socket.say(roster(5, [stream('joe'), stream('bob')]));
    expect(bench.codes('error')).toEqual([-8, -8]);
    expect(bench.controller.view().phase).toBe('in');
  });

  it('[WR30] says goodbye when left, and hears nothing of the old stay', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    const old = bench.socket;
    bench.controller.exit();
    expect(old.asked('leave')).toHaveLength(1);
    expect(old.closedByUs).toBe(true);
    await settle();
    expect(bench.controller.view()).toMatchObject({ phase: 'idle', tiles: [] });
    expect(bench.pusher.calls.slice(1)).toEqual(['stop']);
    const told = bench.room.length;
    old.say(roster(9, [stream('eve')]));
    old.drop(1006);
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(600_000);
    expect(bench.room).toHaveLength(told);
    expect(bench.sockets).toHaveLength(1);
    expect(bench.clock.pending).toBe(0);
  });

  it('[WR41] waits for the old push to end before it enters again', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.pusher.slow = true;
    bench.controller.exit();
    bench.controller.start();
    bench.controller.onPusher(1019, 'late');
    await settle();
    expect(bench.controller.view().phase).toBe('leaving');
    expect(bench.posts).toHaveLength(1);
    bench.pusher.stopped();
    await settle();
    expect(bench.posts).toHaveLength(2);
    expect(bench.codes('error')).toEqual([]);
  });

  it('[WR40] ignores a roomsig that comes for an entry that was given up', async () => {
    const bench = new Bench();
    bench.controller.start();
    bench.controller.exit();
    await settle();
    expect(bench.sockets).toHaveLength(0);
    await bench.enter();
    expect(bench.sockets).toHaveLength(1);
    expect(bench.controller.view().phase).toBe('in');
  });

  it.each([
    [{ roomID: 0 }, 'roomID'],
    [{ roomID: 4294967295 }, 'roomID'],
    [{ roomID: Number.NaN }, 'roomID'],
    [{ userID: '' }, 'userID'],
    [{ userID: 'a b' }, 'userID'],
    [{ sdkAppID: 0 }, 'sdkAppID'],
    [{ server: 'meet.example.com' }, 'server'],
  ])('[WR42] names the property that is wrong: %j', async (options, name) => {
    const bench = new Bench(options);
    bench.controller.start();
    await settle();
    expect(bench.posts).toHaveLength(0);
    expect(bench.lastError).toMatchObject({ code: -9, cause: { reason: 'bad-argument' } });
    expect(bench.lastError?.detail).toContain(name);
    expect(bench.controller.view().phase).toBe('idle');
  });

  it('[WR43] leaves with 19 when the mini program is suspended, and is back when it is shown', async () => {
    const bench = new Bench();
    await bench.enter();
    const first = bench.socket;
    bench.controller.hide();
    bench.controller.onPusher(5000, '');
    await settle();
    expect(bench.room[bench.room.length - 1]).toMatchObject({ tag: 'error', code: 19, cause: { reason: 'suspended' } });
    // No goodbye: the seat waits for a return within the resume time.
    expect(first.asked('leave')).toHaveLength(0);
    expect(bench.controller.view().phase).toBe('idle');
    bench.controller.show();
    await settle();
    bench.socket.say(welcome([]));
    expect(bench.controller.view().phase).toBe('in');
  });

  it('[WR43] what was switched off before a suspension is off after it, until the room is left', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    const off = () => [bench.controller.view().self.cameraOff, bench.controller.view().self.silent];
    bench.controller.enableVideo(false, '');
    bench.controller.enableAudio(false, '');
    bench.controller.hide();
    bench.controller.onPusher(5000, '');
    await settle();
    bench.controller.show();
    await settle();
    bench.socket.say(welcome([]));
    expect(off()).toEqual([true, true]);
    expect(bench.socket.asked('state').pop()).toMatchObject({ camera: false, microphone: false });
    bench.controller.onPusher(5000, '');
    await settle();
    bench.controller.exit();
    expect(off()).toEqual([false, false]);
  });

  it('[WR43] leaves for good when the floating window is closed', async () => {
    const bench = new Bench();
    await bench.enter();
    bench.controller.hide();
    bench.controller.onPusher(5001, '');
    await settle();
    expect(bench.room[bench.room.length - 1]).toMatchObject({ code: 19, cause: { reason: 'closed' } });
    expect(bench.socket.asked('leave')).toHaveLength(1);
    bench.controller.show();
    await settle();
    expect(bench.sockets).toHaveLength(1);
  });

  it('[WR44] shares nothing with another room on the same page', async () => {
    const one = new Bench({ userID: 'amy', template: '1v1' });
    const two = new Bench({ userID: 'bob', roomID: 77 });
    await one.enter([stream('x')]);
    await two.enter([stream('y'), stream('z')]);
    one.controller.exit();
    await settle();
    expect(one.controller.view()).toMatchObject({ phase: 'idle', tiles: [] });
    expect(two.controller.view()).toMatchObject({ phase: 'in', tiles: [{ userID: 'y' }, { userID: 'z' }] });
    expect(two.socket.closedByUs).toBe(false);
    two.socket.say(roster(2, [stream('z')]));
    expect(one.raw.filter((event) => event.code === 1020)).toHaveLength(1);
  });

  it('[WR45] starts players anew after a while out of sight, and looks whether signalling lives', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    bench.controller.onPlayer('bob_main', 2003);
    bench.controller.hide();
    await bench.clock.advance(2_000);
    bench.controller.show();
    expect(bench.controller.view().tiles[0]?.cover).toBe('');
    bench.controller.hide();
    await bench.clock.advance(6_000);
    bench.controller.pause();
    bench.controller.show();
    expect(bench.controller.view().tiles[0]?.src).toBe('');
    bench.controller.resume();
    bench.controller.onPlayer('bob_main', 2003);
    bench.controller.hide();
    await bench.clock.advance(6_000);
    const before = bench.socket.asked('ping').length;
    bench.socket.dead = true;
    bench.controller.show();
    expect(bench.controller.view().tiles[0]?.cover).toBe('loading');
    expect(bench.socket.asked('ping').length).toBe(before + 1);
    await bench.clock.advance(10_100);
    expect(bench.controller.status().reconnecting).toBe(true);
  });

  it('[WR30] maps camera, microphone and permission', async () => {
    for (const [code, told] of [
      [-1301, -4],
      [-1302, -5],
    ] as const) {
      const bench = new Bench();
      await bench.enter();
      bench.controller.onPusher(code, '');
      await settle();
      expect(bench.codes('error')).toEqual([told]);
      expect(bench.controller.view().phase).toBe('idle');
    }
    const bench = new Bench();
    await bench.enter();
    bench.controller.onPusherError(10001);
    bench.controller.onPusherError(10003);
    expect(bench.lastError).toMatchObject({ code: -7, cause: { reason: 'camera-permission' } });
    expect(bench.codes('error')).toHaveLength(1);
    bench.controller.onPusher(2007, '');
    bench.controller.onPusher(2004, '');
    expect(bench.codes().slice(-2)).toEqual([14, 15]);
  });

  it('[WR30] tells of players by user id', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    bench.room.length = 0;
    for (const code of [2007, 2004, -2301, 9999]) bench.controller.onPlayer('bob_main', code);
    bench.controller.onPlayer('nobody_main', 2004);
    expect(bench.room).toEqual([16, 17, 18].map((code) => ({ tag: 'ok', code, detail: 'bob' })));
  });

  it('[WR60] enters with fresh tickets when those at hand have run out or are not taken', async () => {
    const bench = new Bench();
    bench.controller.setTickets({ userSig: 'old', privateMapKey: 'k', expiresAt: bench.clock.now() + 1_000 });
    bench.controller.start();
    await settle();
    expect(bench.asked).toEqual(['expired']);
    expect(bench.posts).toHaveLength(0);
    bench.answers = [roomsigFailure(-70001), phoneRoomsig()];
    bench.controller.setTickets({ userSig: 'sig2', privateMapKey: 'k', expiresAt: bench.clock.now() + 300_000 });
    await settle();
    expect(bench.asked).toEqual(['expired', 'refused']);
    bench.controller.setTickets({ userSig: 'sig3', privateMapKey: 'k', expiresAt: bench.clock.now() + 300_000 });
    await settle();
    expect(bench.posts.map((post) => /usersig=(\w+)/.exec(post.url)?.[1])).toEqual(['sig2', 'sig3']);
    expect(bench.sockets).toHaveLength(1);
  });

  it('[WR73] asks for a roomsig three times more, two seconds apart, then tells −9', async () => {
    const bench = new Bench();
    bench.answers = [new Error('request:fail url not in domain list')];
    bench.controller.start();
    await settle();
    expect(bench.posts).toHaveLength(1);
    await bench.clock.advance(1_999);
    expect(bench.posts).toHaveLength(1);
    await bench.clock.advance(4_001);
    expect(bench.posts).toHaveLength(4);
    expect(bench.lastError).toMatchObject({ code: -9, cause: { reason: 'network' } });
    expect(bench.lastError?.detail).toContain('url not in domain list');
    expect(bench.controller.view().phase).toBe('idle');
    expect(bench.clock.pending).toBe(0);
  });

  it.each([
    [-102052, 'room-full'],
    [-102011, 'may-not-enter'],
    [-100010, 'bad-room-id'],
  ])('[WR73] tells −9 at once when asking again cannot help: %i', async (code, reason) => {
    const bench = new Bench();
    bench.answers = [roomsigFailure(code, 'The words of the server.')];
    bench.controller.start();
    await settle();
    expect(bench.posts).toHaveLength(1);
    expect(bench.lastError).toEqual({
      tag: 'error',
      code: -9,
      detail: 'The words of the server.',
      cause: { reason, code, message: 'The words of the server.' },
    });
  });

  it('[WR12] puts the presenter of 1u3d into the large tile when he comes, even to full places', async () => {
    const bench = new Bench({ template: '1u3d', roomCreator: 'boss' });
    await bench.enter([stream('a'), stream('b'), stream('c')]);
    bench.socket.say(roster(2, [stream('a'), stream('b'), stream('c'), stream('boss')]));
    const { tiles, waiting } = bench.controller.view();
    expect(tiles.find((tile) => tile.big)?.userID).toBe('boss');
    expect(waiting.map((one) => one.key)).toEqual(['c_main']);
  });

  it('[WR22] renewed URLs disturb nobody and are no news to the page', async () => {
    const bench = new Bench();
    await bench.enter([stream('bob')]);
    bench.controller.onPlayer('bob_main', 2003);
    const told = [bench.room.length, bench.raw.length];
    bench.socket.say(roster(2, [stream('bob', { playurl: 'rtmp://new' })], true));
    bench.socket.say({ type: 'urls', urls: urls(2) });
    expect([bench.room.length, bench.raw.length]).toEqual(told);
    expect(bench.controller.view().tiles[0]).toMatchObject({ src: 'rtmp://meet.example.com/live/bob', cover: '' });
    expect(bench.pusher.url).toBe(PUSH_1);
    bench.controller.onPusher(-1307, '');
    bench.socket.say({ type: 'urls', urls: urls(2) });
    await bench.clock.advance(1_000);
    bench.socket.say({ type: 'urls', urls: urls(2) });
    expect(bench.pusher.url).toBe(PUSH_2);
  });
});
