import { parseRoomUrl } from '@lianmai/protocol/room-url';
import { describe, expect, it } from 'vitest';
import { Bench, roomsigFailure, settle } from '../testing/fakes.ts';

const OLD_CLIENT = { wechat: '6.7.3', baseLibrary: '2.4.0' };
/** An answer as the media service gives it: what stands in `RspBody` is nobody's business. */
const RECORDED = {
  status: 200,
  body: { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody: { Opaque: 'a+b/c=', Ip: [{ Addr: '1.2.3.4' }] } },
};
const OPTIONS = { media: 'room', server: '' } as const;

function list(...users: string[]): string {
  return JSON.stringify({
    userlist: users.map((userid) => ({ userid, playurl: `room://1.2.3.4:1935/webrtc/${userid}` })),
  });
}

async function enterOld(): Promise<Bench> {
  const bench = new Bench(OPTIONS, OLD_CLIENT);
  bench.answers = [RECORDED];
  bench.controller.start();
  await settle();
  bench.controller.onPusher(1018, 'in');
  return bench;
}

describe("a room of Tencent's media service, old form", () => {
  it('[WR71] asks for the roomsig from the phone and pushes to room:// with the whole RspBody', async () => {
    const bench = new Bench(OPTIONS, OLD_CLIENT);
    bench.answers = [RECORDED];
    bench.controller.start();
    await settle();
    expect(bench.posts[0]?.url).toMatch(/^https:\/\/official\.opensso\.tencent-cloud\.com\/v4\/openim\/jsonvideoapp\?/);
    expect(bench.posts[0]?.body).toEqual({
      ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: 1234 },
      ReqBody: { PrivMapEncrypt: 'key-1', TerminalType: 1, FromType: 3, SdkVersion: 26280566 },
    });
    expect(parseRoomUrl(bench.pusher.url)).toEqual({
      form: 'old',
      sdkAppId: 1400000001,
      roomId: 1234,
      userId: 'amy',
      roomSig: JSON.stringify(RECORDED.body.RspBody),
    });
    expect(bench.sockets).toHaveLength(0);
    expect(bench.controller.view().phase).toBe('entering');
  });

  it('[WR71] goes to the other host without useCloud', async () => {
    const bench = new Bench({ ...OPTIONS, useCloud: false }, OLD_CLIENT);
    bench.controller.start();
    await settle();
    expect(bench.posts[0]?.url).toMatch(/^https:\/\/yun\.tim\.qq\.com\/v4\/openim\/jsonvideoapp\?/);
  });

  it("[WR33] takes the pusher's own 1018 and 1020, in RTC mode without FLV", async () => {
    const bench = await enterOld();
    bench.controller.onPusher(1020, list('bob', 'eve'));
    expect(bench.codes()).toEqual([11, 12]);
    expect(bench.controller.view().tiles).toMatchObject([
      { userID: 'bob', src: 'room://1.2.3.4:1935/webrtc/bob', mode: 'RTC' },
      { userID: 'eve' },
    ]);
    bench.controller.onPusher(1031, list('joe'));
    expect(bench.controller.view().tiles).toHaveLength(2);
    bench.controller.onPusher(1020, 'not a list');
    expect(bench.controller.view().tiles).toHaveLength(2);
    bench.controller.onPusher(1020, list());
    expect(bench.controller.view().tiles).toHaveLength(0);
    expect(bench.raw.map((event) => event.code)).toEqual([1018, 1020, 1031, 1020, 1020]);
  });

  it('[WR1] seats the newcomer of a list that also removes somebody, at full places', async () => {
    const bench = await enterOld();
    bench.controller.onPusher(1020, list('a', 'b', 'c'));
    bench.controller.onPusher(1020, list('a', 'd', 'c'));
    expect(bench.controller.view().tiles.map((tile) => tile.userID)).toEqual(['a', 'd', 'c']);
    expect(bench.codes('error')).toEqual([]);
  });

  it('[WR56] enters again after 1021 with a fresh roomsig and tickets that are good then', async () => {
    const bench = await enterOld();
    bench.controller.setTickets({ userSig: 'short', privateMapKey: 'k', expiresAt: bench.clock.now() + 305_000 });
    await bench.clock.advance(309_999);
    bench.asked.length = 0;
    bench.controller.onPusher(1021, '');
    expect(bench.controller.view().reconnecting).toBe(true);
    await bench.clock.advance(500);
    expect(bench.asked).toEqual(['expired']);
    bench.controller.setTickets({ userSig: 'fresh', privateMapKey: 'k2', expiresAt: 0 });
    await settle();
    expect(bench.posts[1]?.url).toContain('usersig=fresh');
    // The room is left before it is entered again; the 1019 that this brings is no end.
    expect(bench.pusher.calls.map((call) => call.slice(0, 5))).toEqual(['start', 'stop', 'start']);
    bench.controller.onPusher(1019, 'left');
    expect(bench.codes('error')).toEqual([]);
    bench.controller.onPusher(1018, '');
    expect(bench.controller.view()).toMatchObject({ reconnecting: false, phase: 'in' });
    expect(bench.codes()).toEqual([11, 13, 11]);
    bench.controller.onPusher(1019, 'out');
    expect(bench.codes('error')).toEqual([-10]);
  });

  it('[WR56] does not enter again for ever', async () => {
    const bench = await enterOld();
    for (let i = 0; i < 20; i++) {
      bench.controller.onPusher(1021, '');
      await bench.clock.advance(10_000);
    }
    expect(bench.posts).toHaveLength(7);
    expect(bench.lastError).toMatchObject({ code: -10, cause: { reason: 'network' } });
  });

  it('[WR54] tells −10 for 1019, but not for the one that its own leaving brings', async () => {
    const bench = await enterOld();
    bench.controller.onPusher(1019, 'out');
    await settle();
    expect(bench.lastError).toMatchObject({ code: -10, detail: 'out' });
    expect(bench.controller.view().phase).toBe('idle');
    const quiet = await enterOld();
    quiet.controller.exit();
    quiet.controller.onPusher(1019, 'out');
    await settle();
    expect(quiet.codes('error')).toEqual([]);
  });

  it('[WR50] mends a broken push with a fresh roomsig', async () => {
    const bench = await enterOld();
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(1_000);
    expect(bench.posts).toHaveLength(2);
    expect(bench.pusher.calls.map((call) => call.slice(0, 5))).toEqual(['start', 'stop', 'start']);
    bench.controller.onPusher(1019, 'left');
    bench.controller.onPusher(1018, 'in');
    expect(bench.codes('error')).toEqual([]);
    expect(bench.controller.view().phase).toBe('in');
  });

  it('[WR59] does not wait for ever to be let in again after the push has broken', async () => {
    const bench = await enterOld();
    bench.controller.onPusher(-1307, '');
    await bench.clock.advance(1_000);
    bench.controller.onPusher(1019, 'left');
    await bench.clock.advance(30_000);
    expect(bench.lastError).toMatchObject({ code: -10, cause: { reason: 'network' } });
    expect(bench.clock.pending).toBe(0);
  });

  it('[WR73] repeats three times, two seconds apart, then tells −9', async () => {
    const bench = new Bench(OPTIONS, OLD_CLIENT);
    bench.answers = [{ status: 500, body: 'oops' }];
    bench.controller.start();
    await bench.clock.advance(6_000);
    expect(bench.posts).toHaveLength(4);
    expect(bench.codes('error')).toEqual([-9]);
  });

  it.each([
    [{ ActionStatus: 'FAIL', ErrorCode: 60008, ErrorInfo: 'no' }],
    [{ RspHead: { ErrorCode: -102052, ErrorInfo: 'no' } }],
  ])('[WR73] repeats whatever failed, as the original: %j', async (body) => {
    const bench = new Bench(OPTIONS, OLD_CLIENT);
    bench.answers = [{ status: 200, body }];
    bench.controller.start();
    await bench.clock.advance(5_999);
    expect(bench.posts).toHaveLength(3);
    expect(bench.codes('error')).toEqual([]);
    await bench.clock.advance(1);
    expect(bench.posts).toHaveLength(4);
    expect(bench.lastError).toMatchObject({ code: -9, detail: 'no' });
  });

  it('[WR73] goes on with an answer that comes at a repetition', async () => {
    const bench = new Bench(OPTIONS, OLD_CLIENT);
    bench.answers = [{ status: 200, body: { ActionStatus: 'FAIL', ErrorCode: 60008, ErrorInfo: 'x' } }, RECORDED];
    bench.controller.start();
    await bench.clock.advance(2_000);
    expect(bench.pusher.url).toMatch(/^room:\/\//);
  });

  it('[WR62] asks for fresh tickets once when these are not taken', async () => {
    const bench = new Bench(OPTIONS, OLD_CLIENT);
    bench.answers = [roomsigFailure(-70001, 'expired')];
    bench.controller.start();
    await settle();
    expect(bench.asked).toEqual(['refused']);
    bench.controller.setTickets({ userSig: 'two', privateMapKey: 'k', expiresAt: 0 });
    await settle();
    expect(bench.posts).toHaveLength(2);
    await bench.clock.advance(6_000);
    expect(bench.asked).toEqual(['refused']);
    expect(bench.posts).toHaveLength(5);
    expect(bench.lastError).toMatchObject({ code: -9, cause: { reason: 'ticket-expired' } });
  });

  it('[WR59] does not wait for ever to be let in', async () => {
    const bench = new Bench(OPTIONS, OLD_CLIENT);
    bench.answers = [RECORDED];
    bench.controller.start();
    await bench.clock.advance(30_000);
    expect(bench.lastError).toMatchObject({ code: -10, cause: { reason: 'network' } });
    expect(bench.clock.pending).toBe(0);
  });
});

describe("a room of Tencent's media service, new form", () => {
  it('[WR74] needs no roomsig', async () => {
    const bench = new Bench(OPTIONS);
    bench.controller.start();
    await settle();
    expect(bench.posts).toHaveLength(0);
    expect(parseRoomUrl(bench.pusher.url)).toMatchObject({
      form: 'new',
      room: { roomId: 1234 },
      userSig: 'sig*1',
      privateMapKey: 'key-1',
    });
  });

  it('[WR33] keeps the list by 1031–1034', async () => {
    const bench = new Bench(OPTIONS);
    bench.controller.start();
    await settle();
    bench.controller.onPusher(1018, '');
    bench.controller.onPusher(1031, '{"userlist":[{"userid":"bob"}]}');
    expect(bench.controller.view().tiles).toMatchObject([{ userID: 'bob', src: '', cover: 'camera-off' }]);
    const entry = { userid: 'bob', playurl: 'room://rtc.tencent.com?userid=bob&streamtype=main', streamtype: 'main' };
    bench.controller.onPusher(1033, JSON.stringify({ userlist: [{ ...entry, hasvideo: true }] }));
    bench.controller.onPusher(1034, JSON.stringify({ userlist: [{ ...entry, hasaudio: true }] }));
    expect(bench.controller.view().tiles).toMatchObject([{ src: entry.playurl, silent: false, cover: 'loading' }]);
    bench.controller.onPusher(1020, list('ghost'));
    bench.controller.onPusher(1032, '{"userlist":[{"userid":"bob"}]}');
    expect(bench.controller.view().tiles).toEqual([]);
  });

  it('[WR56] shows nobody who went while it entered again', async () => {
    const bench = new Bench(OPTIONS);
    bench.controller.start();
    await settle();
    bench.controller.onPusher(1018, '');
    bench.controller.onPusher(1031, '{"userlist":[{"userid":"bob"},{"userid":"eve"}]}');
    bench.controller.onPusher(1021, '');
    await bench.clock.advance(500);
    bench.controller.onPusher(1018, '');
    expect(bench.controller.view().tiles).toEqual([]);
    bench.controller.onPusher(1031, '{"userlist":[{"userid":"eve"}]}');
    expect(bench.controller.view().tiles.map((tile) => tile.userID)).toEqual(['eve']);
  });

  it('[WR54] ends with −10 when it is not let in: 1022 and −3301', async () => {
    for (const code of [1022, -3301]) {
      const bench = new Bench(OPTIONS);
      bench.controller.start();
      await settle();
      bench.controller.onPusher(code, 'In words.');
      await settle();
      expect(bench.lastError).toMatchObject({ code: -10, detail: 'In words.', cause: { reason: 'refused', code } });
      expect(bench.controller.view().phase).toBe('idle');
    }
  });

  it('[WR62] tries a ticket that is not taken once more with fresh ones', async () => {
    const bench = new Bench(OPTIONS);
    bench.controller.start();
    await settle();
    bench.controller.onPusher(-100018, 'sig');
    await bench.clock.advance(500);
    expect(bench.asked).toEqual(['refused']);
    bench.controller.setTickets({ userSig: 'two', privateMapKey: 'k', expiresAt: 0 });
    await settle();
    expect(bench.pusher.url).toContain('usersig=two');
    bench.controller.onPusher(-100018, 'sig');
    expect(bench.lastError).toMatchObject({ code: -10, cause: { reason: 'ticket-invalid' } });
  });
});
