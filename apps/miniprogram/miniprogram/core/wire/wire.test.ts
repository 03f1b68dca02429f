import { parseRoomUrl, phoneEventSchema, roomsigBodySchema, roomsigQuerySchema } from '@lianmai/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePhoneEvent } from './phone-frames.ts';
import { newPushUrl, oldPushUrl, urlForm } from './room-urls.ts';
import { readRoomsigAnswer, readRoomUrls, roomsigRequest, tencentHost } from './roomsig.ts';
import { applyListChange, parseUserList, streamsOfUserList } from './userlist.ts';

const word = fc.string({ maxLength: 20 });
const int = fc.integer();
const stream = fc.record(
  {
    userid: word,
    name: word,
    playurl: word,
    flvurl: word,
    hasvideo: fc.boolean(),
    hasaudio: fc.boolean(),
    streamtype: fc.constantFrom('main', 'aux'),
    missing: fc.constantFrom('video-codec', 'encrypted'),
  },
  { requiredKeys: ['userid', 'name', 'playurl', 'flvurl', 'hasvideo', 'hasaudio', 'streamtype'] },
);
const rosterOf = fc.record({ version: int, userlist: fc.array(stream, { maxLength: 4 }) });
const urls = fc.record({ pushUrl: word, signalUrl: word, expiresAt: int });
const chat = fc.record({ id: word, userid: word, name: word, text: word, time: int });
const type = <T extends string>(name: T) => fc.constant(name);
const said = { code: int, message: word };

const frame = fc.oneof(
  fc.record({
    type: type('welcome'),
    self: fc.record({ userid: word, name: word, privileges: int }),
    roomid: word,
    ownerid: word,
    roster: rosterOf,
    urls,
    chat: fc.array(chat, { maxLength: 3 }),
    muted: fc.record({ audio: fc.boolean(), video: fc.boolean() }),
    idleMs: int,
  }),
  fc.record({
    type: type('roster'),
    roster: rosterOf,
    renewed: fc.boolean(),
    joined: fc.array(word, { maxLength: 3 }),
    left: fc.array(fc.record({ userid: word, reason: fc.constantFrom('left', 'kicked', 'lost') }), { maxLength: 3 }),
  }),
  fc.record({ type: type('owner'), ownerid: word }),
  fc.record({ type: type('chat'), message: chat }),
  fc.record({ type: type('quality'), userid: word, quality: fc.constantFrom('excellent', 'lost') }),
  fc.record({ type: type('urls'), urls }),
  fc.record({ type: type('muted'), kind: fc.constantFrom('audio', 'video'), muted: fc.boolean() }),
  fc.record({ type: type('push'), state: fc.constantFrom('started', 'ended'), reason: word }),
  fc.record({ type: type('refused'), door: fc.constantFrom('push', 'play'), ...said }),
  fc.record({ type: type('notice'), ...said }),
  fc.record({ type: type('reply'), id: int, ...said }),
  fc.record({ type: type('pong') }),
  fc.record({ type: type('ended'), reason: fc.constantFrom('kicked', 'expired', 'server-restart'), ...said }),
);

describe('signalling frames', () => {
  it("[WR70] are read exactly as the protocol's schemas read them", () => {
    fc.assert(
      fc.property(frame, (event) => {
        const expected = phoneEventSchema.parse(event);
        expect(parsePhoneEvent(JSON.stringify({ ...event, unknown: 1 }))).toEqual(expected);
      }),
    );
  });

  it('[WR70] are refused when a member is missing or of another type, as by the schemas', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.constantFrom(undefined, null, {}, 'x', 7), (event, at, value) => {
        const names = Object.keys(event);
        const name = names[at % names.length] ?? 'type';
        const broken: unknown = { ...event, [name]: value };
        const text = JSON.stringify(broken);
        const expected = phoneEventSchema.safeParse(JSON.parse(text));
        expect(parsePhoneEvent(text)).toEqual(expected.success ? expected.data : null);
      }),
    );
  });

  it('[WR70] survive anything that a network may bring', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const event = parsePhoneEvent(text);
        if (event !== null) expect(phoneEventSchema.safeParse(JSON.parse(text)).success).toBe(true);
      }),
    );
    expect(parsePhoneEvent('{"type":"constructor"}')).toBeNull();
    expect(parsePhoneEvent(`{"type":"pong","x":"${'x'.repeat(1_000_000)}"}`)).toBeNull();
  });
});

describe('event lists', () => {
  const text = JSON.stringify({ userlist: [{ userid: 'bob', playurl: 'room://b' }, { userid: 'eve' }] });

  it('[WR5] are read from a JSON text or an object, without what cannot be read', () => {
    const expected = [
      { userId: 'bob', streamType: 'main', playUrl: 'room://b' },
      { userId: 'eve', streamType: 'main' },
    ];
    expect(parseUserList(text)).toEqual(expected);
    expect(parseUserList(JSON.parse(text))).toEqual(expected);
    expect(parseUserList('{"userlist":[null,7,{"userid":""},{"userid":"bob"}]}')).toHaveLength(1);
    expect(parseUserList('{"userlist":[]}')).toEqual([]);
    for (const bad of ['', 'no', '{}', '[]', null, undefined, '{"userlist":{}}']) expect(parseUserList(bad)).toBeNull();
    expect(
      parseUserList(JSON.stringify({ userlist: Array.from({ length: 999 }, (_, i) => ({ userid: `u${i}` })) })),
    ).toHaveLength(256);
  });

  it('[WR33] become streams: the whole list of 1020, and the changes of 1031–1034', () => {
    expect(streamsOfUserList(parseUserList(text) ?? [])[0]).toMatchObject({
      key: 'bob_main',
      hasVideo: true,
      flvUrl: '',
    });
    let streams = applyListChange([], 'enter', parseUserList('{"userlist":[{"userid":"bob"}]}') ?? []);
    expect(streams).toMatchObject([{ key: 'bob_main', hasVideo: false, hasAudio: false, playUrl: '' }]);
    const video = { userid: 'bob', playurl: 'room://v', streamtype: 'main', hasvideo: true };
    streams = applyListChange(streams, 'video', parseUserList({ userlist: [video] }) ?? []);
    expect(streams).toMatchObject([{ hasVideo: true, hasAudio: false, playUrl: 'room://v' }]);
    streams = applyListChange(streams, 'audio', parseUserList({ userlist: [{ userid: 'bob', hasaudio: true }] }) ?? []);
    expect(streams).toMatchObject([{ hasVideo: true, hasAudio: true, playUrl: 'room://v' }]);
    const share = { userid: 'bob', playurl: 'room://s', streamtype: 'aux', hasvideo: true };
    streams = applyListChange(streams, 'video', parseUserList({ userlist: [share] }) ?? []);
    expect(streams.map((stream) => stream.key)).toEqual(['bob_main', 'bob_aux']);
    streams = applyListChange(streams, 'video', parseUserList({ userlist: [{ ...share, hasvideo: false }] }) ?? []);
    expect(streams.map((stream) => stream.key)).toEqual(['bob_main']);
    expect(applyListChange(streams, 'exit', parseUserList({ userlist: [{ userid: 'bob' }] }) ?? [])).toEqual([]);
  });
});

describe('roomsig', () => {
  const question = {
    sdkAppId: 1400000001,
    roomId: 10001,
    userId: 'xiaoming',
    userSig: 'eJx*a-b_',
    privateMapKey: 'eJy',
    random: 9999,
  };

  it("[WR71] is asked for with exactly the seed's address, query and body", () => {
    const { url, body } = roomsigRequest(tencentHost(true), question);
    expect(url).toBe(
      'https://official.opensso.tencent-cloud.com/v4/openim/jsonvideoapp' +
        '?sdkappid=1400000001&identifier=xiaoming&usersig=eJx*a-b_&random=9999&contenttype=json',
    );
    expect(body).toEqual({
      ReqHead: { Cmd: 1, SeqNo: 1, BusType: 7, GroupId: 10001 },
      ReqBody: { PrivMapEncrypt: 'eJy', TerminalType: 1, FromType: 3, SdkVersion: 26280566 },
    });
    expect(roomsigBodySchema.parse(body)).toEqual(body);
    const pairs = url.slice(url.indexOf('?') + 1).split('&');
    const query = Object.fromEntries(pairs.map((pair) => pair.split('=')));
    expect(roomsigQuerySchema.parse(query)).toEqual(query);
    expect(tencentHost(false)).toBe('https://yun.tim.qq.com');
  });

  it('[WR72] is read in both shapes of failure', () => {
    const outer = { ActionStatus: 'FAIL', ErrorCode: 70009, ErrorInfo: 'key' };
    expect(readRoomsigAnswer({ status: 200, body: outer })).toEqual({
      kind: 'tickets',
      cause: { reason: 'ticket-invalid', code: -70009, message: 'key' },
    });
    const inner = { RspHead: { ErrorCode: -102052, ErrorInfo: 'full' } };
    expect(readRoomsigAnswer({ status: 200, body: inner })).toMatchObject({
      kind: 'no',
      cause: { reason: 'room-full' },
    });
    expect(readRoomsigAnswer({ status: 200, body: { RspHead: { ErrorCode: -100018, ErrorInfo: '' } } }).kind).toBe(
      'again',
    );
    const busy = { ActionStatus: 'FAIL', ErrorCode: 60008, ErrorInfo: 'service timeout' };
    expect(readRoomsigAnswer({ status: 200, body: busy }).kind).toBe('again');
    expect(readRoomsigAnswer({ status: 502, body: '<html>' }).kind).toBe('again');
    expect(readRoomsigAnswer({ status: 404, body: null }).kind).toBe('no');
    const well = { RspHead: { ErrorCode: 0, ErrorInfo: '' }, RspBody: { any: 1 } };
    expect(readRoomsigAnswer({ status: 200, body: well })).toEqual({ kind: 'ok', body: { any: 1 } });
  });

  it('[WR72] of a self-hosted server holds URLs of the right kinds', () => {
    const good = { pushUrl: 'rtmp://a/live/s', signalUrl: 'wss://a/signal', expiresAt: 5 };
    expect(readRoomUrls(good)).toEqual(good);
    for (const bad of [
      null,
      {},
      { ...good, pushUrl: 'room://x' },
      { ...good, signalUrl: 'https://x' },
      { ...good, expiresAt: 'x' },
    ]) {
      expect(readRoomUrls(bad)).toBeNull();
    }
  });
});

describe('room:// URLs', () => {
  const parts = {
    sdkAppId: 1400000001,
    roomId: 10001,
    userId: 'amy',
    userSig: 'eJx*-_',
    privateMapKey: 'eJy',
    pureAudioPushMod: 0,
    recordId: null,
  };

  it('[WR74] have the old form below WeChat 7.0.8 or base library 2.10.0', () => {
    expect(urlForm({ wechat: '7.0.8', baseLibrary: '2.10.0' })).toBe('new');
    expect(urlForm({ wechat: '8.0.50', baseLibrary: '2.9.5' })).toBe('old');
    expect(urlForm({ wechat: '7.0.7', baseLibrary: '2.10.0' })).toBe('old');
  });

  it('[WR74] carry the whole RspBody as JSON in the old form, with the business buffer when asked', () => {
    const url = oldPushUrl(parts, { a: '1&2=3' });
    expect(url).toBe(
      'room://cloud.tencent.com?sdkappid=1400000001&roomid=10001&userid=amy&roomsig=%7B%22a%22%3A%221%262%3D3%22%7D',
    );
    expect(parseRoomUrl(oldPushUrl({ ...parts, pureAudioPushMod: 2, recordId: 7 }, {}))).toMatchObject({
      bizBuf: '{"Str_uc_params":{"pure_audio_push_mod":2,"record_id":7}}',
    });
    expect(parseRoomUrl(oldPushUrl({ ...parts, recordId: 7 }, {}))).toMatchObject({
      bizBuf: '{"Str_uc_params":{"record_id":7}}',
    });
  });

  it('[WR74] carry the tickets in the new form', () => {
    expect(newPushUrl(parts)).toBe(
      'room://cloud.tencent.com/rtc?sdkappid=1400000001&roomid=10001&userid=amy&usersig=eJx*-_' +
        '&appscene=videocall&encsmall=0&cloudenv=PRO&privatemapkey=eJy&recvmode=1',
    );
    expect(newPushUrl({ ...parts, privateMapKey: '', pureAudioPushMod: 1, recordId: 7 })).toContain(
      '&recvmode=1&pureaudiomode=1&userdefinerecordid=7',
    );
  });
});
