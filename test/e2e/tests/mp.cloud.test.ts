import { describe, expect, it } from 'vitest';
import { useCloudStage } from '../src/miniprogram/cloud.ts';
import { oldPlayUrlOf, playUrlOf } from '../src/miniprogram/media-room.ts';
import { refusedByHead, refusedOutside } from '../src/miniprogram/tencent.ts';
import { waitFor } from '../src/wait.ts';

const stage = useCloudStage();
const ANN = 'oANN_0000000000000000000-ann';
const BEN = 'oBEN_0000000000000000000-ben';
const DON = 'oDON_0000000000000000000-don';
const CAT = 'oCAT_0000000000000000000-cat';

describe('the mini program with cloud functions and Tencent’s media service', () => {
  it('[MP60] [MP61] two people meet: consent, a room by name, the list, tickets, pictures', async () => {
    const ann = await stage().phone(ANN, { privacyNeeded: true });
    await ann.sees('empty');
    await ann.tap('create');
    await ann.input('name', '茶馆');
    await ann.tap('submit');
    await ann.sees('privacy-consent');
    expect(stage().rooms()).toEqual([]);
    await ann.tap('agree');
    const number = await ann.number();
    const roomId = Number(number);
    await stage().room.enter(ann);
    await ann.sees('alone');
    expect(stage().rooms()).toMatchObject([{ roomID: number, roomName: '茶馆', members: [ANN], memberCount: 1 }]);

    const ben = await stage().phone(BEN);
    expect(await ben.sees(`room-${number}`)).toMatch(/茶馆[\s\S]*1\/2/);
    await ben.tap(`room-${number}`);
    const url = await stage().room.enter(ben);
    expect(url).toMatch(
      new RegExp(`^room://cloud\\.tencent\\.com/rtc\\?sdkappid=1400000001&roomid=${roomId}&userid=${BEN}&`),
    );
    for (const [phone, other] of [
      [ann, BEN],
      [ben, ANN],
    ] as const) {
      await phone.sees(`tile-${other}_main`);
      await phone.plays(playUrlOf(other));
      expect(await phone.sees('people-chip')).toContain('2 people');
    }
    expect(stage().rooms()).toMatchObject([{ members: [ANN, BEN], ownerID: ANN }]);
    // The newer client asks nobody for a roomsig.
    expect(stage().tencent.questions).toEqual([]);

    await stage().room.switched(ben, 'audio', false);
    await ann.sees(`silent-${BEN}_main`);
    await stage().room.switched(ben, 'video', false);
    await ann.sees(`cover-${BEN}_main`);
    await stage().room.switched(ben, 'video', true);
    await ann.playerSays(playUrlOf(BEN), 2003);
    await ann.seesNo(`cover-${BEN}_main`);
    await ben.tap('leave');
    await ben.sees('count');
    await stage().room.left(ben);
    await ann.isTold(`${BEN} left`);
    await ann.sees('alone');
    await ann.plays();
    await stage().seated(ANN);
  }, 120_000);

  it('[MP62] a phone that vanishes is swept, and whoever stays sees it and owns the room; tickets are renewed', async () => {
    const ann = await stage().phone(ANN);
    const number = await ann.create('Weekly');
    await stage().room.enter(ann);
    const ben = await stage().phone(BEN);
    await ben.join(number);
    const before = await stage().room.enter(ben);
    await ben.sees(`tile-${ANN}_main`);
    const cat = await stage().phone(CAT);
    const lonely = await cat.create('Lonely');
    await cat.pushes();
    await Promise.all([ann.vanish(), cat.vanish()]);
    // The picture is gone before the seat.
    await stage().room.left(ann);
    await ben.sees('alone');
    for (let tens = 1; tens <= 4; tens += 1) await stage().beat(ben);
    expect(stage().rooms()).toMatchObject([{ members: [BEN], ownerID: BEN }, { roomID: lonely }]);
    expect((await stage().cloud.sweep()).data).toEqual({ seats: 1, rooms: 1 });
    expect(stage().rooms()).toHaveLength(1);
    await ben.isTold('The room is yours now');
    await ben.tap('more');
    await ben.sees('dissolve');
    const don = await stage().phone(DON);
    expect(await don.sees(`room-${number}`)).toContain('1/2');
    expect(await don.get(`room-${lonely}`).count()).toBe(0);

    // Two thirds of the ticket's life are over: the next push is by a fresh one.
    await waitFor(
      'fresh tickets',
      () => stage().count(BEN, 'webrtc-sig-api'),
      (count) => count > 0,
    );
    await ben.pusherSays(1021, 'network changed');
    await ben.sees('link-reconnecting');
    await stage().pass(1_000);
    await stage().room.enter(ben, before);
    await ben.isTold('You are connected again');
    expect(stage().count(BEN, 'webrtc-enter-room')).toBe(1);
  }, 120_000);

  it('[MP63] a wrong number, a full room and a second phone of the same user, in words', async () => {
    const ann = await stage().phone(ANN);
    await ann.tap('join');
    await ann.input('number', '007');
    await ann.tap('submit');
    expect(await ann.sees('room-tip')).toBe('A room number does not begin with 0.');
    expect(stage().count(ANN, 'webrtc-enter-room')).toBe(0);
    await ann.input('number', '4242');
    await ann.tap('submit');
    await stage().room.enter(ann);
    // By a shared card the number reaches the function unread.
    const ben = await stage().phone(BEN, { url: 'pages/room/room?roomID=4294967295' });
    expect(await ben.sees('problem-bad-room-id')).toMatch(/not a room number[\s\S]*Code 10002/);
    await ben.tap('step-rooms');
    await ben.join('4242');
    await stage().room.enter(ben);
    const cat = await stage().phone(CAT);
    expect(await cat.sees('room-4242')).toMatch(/2\/2\s*Full/);
    await cat.tap('room-4242');
    expect(await cat.sees('problem-full')).toMatch(/The room is full[\s\S]*Code 10005/);

    const second = await stage().phone(ANN, { url: 'pages/room/room?roomID=4242' });
    await stage().room.enter(second);
    await second.sees('room-in-room');
    expect(stage().rooms()).toMatchObject([{ members: [ANN, BEN], memberCount: 2 }]);
    // The service lets the older phone go, which must not fight for the place.
    expect(await ann.sees('problem-not-member')).toContain('Code 1019');
    await ann.pushesNoMore();
    await stage().beat(second);
    expect([stage().count(ANN, 'webrtc-quit-room'), await second.pushUrl()]).toEqual([
      0,
      expect.stringMatching(/^room:/),
    ]);

    await ben.tap('leave');
    await ben.sees('count');
    await stage().room.left(ben);
    await stage().seated(ANN);
    await cat.tap('step-rejoin');
    await stage().room.enter(cat);
    await cat.sees('room-in-room');
    expect(stage().rooms()).toMatchObject([{ members: [ANN, CAT] }]);
  }, 120_000);

  it('[MP64] removed and ended are learnt by the next heartbeat, and said', async () => {
    const ann = await stage().phone(ANN);
    const number = await ann.create('Mine');
    await stage().room.enter(ann);
    const ben = await stage().phone(BEN);
    await ben.join(number);
    await stage().room.enter(ben);
    await ann.tap('people-chip');
    await ann.tap(`kick-${BEN}`);
    await ann.tap('mp-modal-confirm');
    await ann.isTold(`${BEN} was removed`);
    expect(stage().rooms()).toMatchObject([{ members: [ANN] }]);
    // Or by one of its own accord before, if all this has taken long.
    await stage().beat(ann);
    expect(await ben.sees('problem-kicked')).toMatch(/You were removed[\s\S]*Code 10009/);
    expect(stage().answers(BEN, 'webrtc-heartbeat')).toContain(10_009);
    await ben.pushesNoMore();
    await stage().room.left(ben);
    await ben.tap('step-rooms');
    await ben.tap(`room-${number}`);
    expect(await ben.sees('problem-kicked')).toContain('Code 10009');

    const cat = await stage().phone(CAT);
    await cat.join(number);
    await stage().room.enter(cat);
    await ann.get('shade').click({ position: { x: 20, y: 20 } });
    await ann.tap('more');
    await ann.tap('dissolve');
    await ann.tap('mp-modal-confirm');
    await ann.sees('empty');
    expect(stage().rooms()).toEqual([]);
    await stage().pass(10_000);
    expect(await cat.sees('problem-dissolved')).toMatch(/The room has ended[\s\S]*Code 10003/);
    expect(stage().answers(CAT, 'webrtc-heartbeat')).toContain(10_003);
    await cat.pushesNoMore();
    expect(stage().rooms()).toEqual([]);
  }, 120_000);

  it('[MP65] an older client asks for its roomsig itself, hears lists, and enters again by a fresh one', async () => {
    const { tencent, room } = stage();
    tencent.scripted.push(refusedOutside(60_008, 'service timeout'), { status: 502, body: 'bad gateway' });
    const ann = await stage().phone(ANN, { wechat: '7.0.7', url: 'pages/room/room?roomID=10001' });
    // Two seconds between one question and the next.
    for (const asked of [1, 2]) {
      await waitFor(
        'a question',
        () => tencent.questions.length,
        (count) => count >= asked,
      );
      await stage().pass(2_000);
    }
    const url = await room.enter(ann);
    expect(url).toMatch(
      new RegExp(`^room://cloud\\.tencent\\.com\\?sdkappid=1400000001&roomid=10001&userid=${ANN}&roomsig=%7B%22Sig`),
    );
    expect(tencent.questions).toHaveLength(3);
    const [question] = tencent.questions;
    const userSig = await ann.run<string>('mp.page.data.seat.userSig');
    expect(question).toEqual({
      host: 'official.opensso.tencent-cloud.com',
      path: '/v4/openim/jsonvideoapp',
      query: [
        ['sdkappid', '1400000001'],
        ['identifier', ANN],
        ['usersig', userSig],
        ['random', expect.stringMatching(/^\d+$/)],
        ['contenttype', 'json'],
      ],
      body: {
        ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: 10_001 },
        ReqBody: {
          PrivMapEncrypt: await ann.run('mp.page.data.seat.privateMapKey'),
          TerminalType: 1,
          FromType: 3,
          SdkVersion: 26_280_566,
        },
      },
    });

    const ben = await stage().phone(BEN, { url: 'pages/room/room?roomID=10001' });
    await room.enter(ben);
    await ann.sees(`tile-${BEN}_main`);
    await ben.sees(`tile-${ANN}_main`);
    await ann.plays(oldPlayUrlOf(10_001, BEN));
    await ann.pusherSays(1021, 'network changed');
    await ann.sees('link-reconnecting');
    await stage().pass(1_000);
    await room.enter(ann, url);
    await ann.isTold('You are connected again');
    expect(tencent.questions).toHaveLength(4);
    await room.left(ben);
    await ann.sees('alone');
  }, 120_000);

  it('[MP66] what the media service refuses is said, and not asked for ever', async () => {
    const { tencent } = stage();
    // A key of another application in the functions' settings: no ticket will do.
    const wrong = refusedByHead(70_009, 'sig verify failed');
    tencent.scripted.push(wrong, wrong, wrong, wrong, wrong);
    const ann = await stage().phone(ANN, { wechat: '7.0.7', url: 'pages/room/room?roomID=10001' });
    // Fresh tickets at once, then three repetitions as in the original.
    for (const asked of [2, 3, 4]) {
      await waitFor(
        'a question',
        () => tencent.questions.length,
        (count) => count >= asked,
      );
      await stage().pass(2_000);
    }
    expect(await ann.sees('problem-sign-in')).toMatch(/Signing in did not work[\s\S]*Code -70009/);
    expect([tencent.questions.length, stage().count(ANN, 'webrtc-sig-api')]).toEqual([5, 1]);
    await stage().seated();

    const ben = await stage().phone(BEN, { url: 'pages/room/room?roomID=10001' });
    await ben.pushes();
    await ben.pusherSays(-3301, 'enter room failed');
    expect(await ben.sees('problem-no-permission')).toContain('Code -3301');
    await ben.pushesNoMore();
  }, 120_000);
});
