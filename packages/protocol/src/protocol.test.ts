import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALL_PRIVILEGES,
  buildRoomUrl,
  CODES,
  deniedSubscriptions,
  FUNCTIONS,
  type FunctionSpec,
  MAX_ROOM_ID,
  mediaGrants,
  mediaRoomName,
  parseMediaRoomName,
  parseRoomId,
  parseRoomUrl,
  type RoomUrl,
  resolveFunction,
  roomUrlForm,
} from './index.ts';

describe('room ids', () => {
  it('[PR1] take the integer and its canonical string, and answer the string', () => {
    expect(parseRoomId(1)).toBe('1');
    expect(parseRoomId('12345')).toBe('12345');
    expect(parseRoomId(MAX_ROOM_ID)).toBe('4294967294');
    expect(parseRoomId('4294967294')).toBe('4294967294');
  });

  it('[PR1] [W15] have one spelling: no zero, leading zero, sign, fraction, exponent, space or wrap at 2³²', () => {
    const bad = [
      0,
      '0',
      '00',
      '08327558',
      '+1',
      '-1',
      -1,
      1.5,
      '1.0',
      '1e3',
      ' 1',
      '1 ',
      '',
      '0x10',
      '4294967295',
      4_294_967_295,
    ];
    for (const value of [
      ...bad,
      '99999999999',
      Number.NaN,
      Number.POSITIVE_INFINITY,
      null,
      undefined,
      {},
      [1],
      true,
      '１２',
    ]) {
      expect(parseRoomId(value), String(value)).toBeNull();
    }
  });

  it('[PR1] accept exactly what prints back to itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,12}$/)), (text) => {
        const expected =
          /^[0-9]+$/.test(text) && String(Number(text)) === text && Number(text) >= 1 && Number(text) <= MAX_ROOM_ID;
        expect(parseRoomId(text) !== null).toBe(expected);
      }),
    );
  });

  it('[PR2] the media room is named by application and room, and read back', () => {
    expect(mediaRoomName(1_400_000_001, '12345')).toBe('1400000001:12345');
    expect(parseMediaRoomName('1400000001:12345')).toEqual({ sdkAppId: 1_400_000_001, roomId: '12345' });
    for (const name of ['', ':', '1:', ':1', '1:01', '1:2:3', 'a:1', 'room'])
      expect(parseMediaRoomName(name)).toBeNull();
  });
});

describe('privileges', () => {
  it('[PR3] map bit by bit to grants', () => {
    expect(mediaGrants(ALL_PRIVILEGES)).toEqual({
      roomCreate: true,
      roomJoin: true,
      canPublish: true,
      canPublishSources: ['camera', 'microphone', 'screen_share', 'screen_share_audio'],
      canPublishData: true,
      canSubscribe: true,
    });
    expect(mediaGrants(42)).toMatchObject({ roomCreate: false, roomJoin: true, canPublish: false, canSubscribe: true });
    expect(mediaGrants(2 | 4)).toMatchObject({
      canPublish: true,
      canPublishSources: ['microphone'],
      canSubscribe: false,
    });
    expect(mediaGrants(0)).toMatchObject({
      roomJoin: false,
      canPublish: false,
      canPublishData: false,
      canSubscribe: false,
    });
  });

  it('[PR3] a ticket that grants less gets less: taking a bit away never adds anything', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 7 }), (map, bit) => {
        const more = mediaGrants(map | (1 << bit));
        const less = mediaGrants(map & ~(1 << bit));
        for (const source of less.canPublishSources) expect(more.canPublishSources).toContain(source);
        for (const denied of deniedSubscriptions(map | (1 << bit)))
          expect(deniedSubscriptions(map & ~(1 << bit))).toContain(denied);
        expect(Number(less.roomJoin)).toBeLessThanOrEqual(Number(more.roomJoin));
      }),
    );
  });

  it('[PR3] names what may not be received', () => {
    expect(deniedSubscriptions(255)).toEqual([]);
    expect(deniedSubscriptions(2 | 8)).toEqual(['video', 'screen']);
  });
});

describe('functions and codes', () => {
  it('[PR4] a code has one meaning', () => {
    const codes = Object.values(CODES).map((entry) => entry.code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('[PR5] every name and alias of the original finds its function', () => {
    for (const name of ['create-room', 'enter-room', 'quit-room', 'get-room-info', 'get-room-list', 'sig-api']) {
      expect(resolveFunction(`webrtc-${name}`)).toBe(`webrtc-${name}`);
    }
    for (const name of ['enter-room', 'quit-room', 'get-room-info', 'get-room-list']) {
      expect(resolveFunction(`webrtcroom-${name}`)).toBe(`webrtc-${name}`);
    }
    for (const name of ['', 'constructor', '__proto__', 'toString', 'webrtc-', 'webrtcroom-create-room']) {
      expect(resolveFunction(name)).toBeNull();
    }
  });

  it('[PR6] roomID is accepted in both forms and answered in one; enter needs an id or a name', () => {
    const enter = FUNCTIONS['webrtc-enter-room'].event;
    expect(enter.parse({ roomID: 7 })).toEqual({ roomID: '7' });
    expect(enter.parse({ roomID: '7' })).toEqual({ roomID: '7' });
    expect(enter.safeParse({}).success).toBe(false);
    expect(enter.safeParse({ roomName: 'x'.repeat(65) }).success).toBe(false);
    expect(enter.safeParse({ roomID: '07' }).success).toBe(false);
  });

  it('[PR6] every function but login asks for a session', () => {
    for (const [name, spec] of Object.entries(FUNCTIONS) as [string, FunctionSpec][]) {
      expect(spec.access, name).toBe(name === 'webrtc-login' ? 'none' : 'session');
    }
  });
});

describe('room:// URLs', () => {
  const urls: RoomUrl[] = [
    { form: 'old', sdkAppId: 1_400_087_915, roomId: 12_345, userId: 'xiaoming', roomSig: '{"a":"b&c=d%"}' },
    { form: 'old', sdkAppId: 1, roomId: 2, userId: 'u', roomSig: '{}', bizBuf: '{"Str_uc_params":{"record_id":1}}' },
    { form: 'play', userId: 'webrtc11', streamType: 'aux' },
  ];

  it('[PR7] the old form is the one of the seed', () => {
    expect(buildRoomUrl(urls[0]!)).toBe(
      'room://cloud.tencent.com?sdkappid=1400087915&roomid=12345&userid=xiaoming&roomsig=%7B%22a%22%3A%22b%26c%3Dd%25%22%7D',
    );
  });

  it('[PR7] what is built parses back, in every form', () => {
    for (const url of urls) expect(parseRoomUrl(buildRoomUrl(url))).toEqual(url);
    const room = fc.oneof(
      fc.integer({ min: 1, max: MAX_ROOM_ID }).map((roomId) => ({ roomId })),
      fc.string({ minLength: 1, maxLength: 64 }).map((strRoomId) => ({ strRoomId })),
    );
    fc.assert(
      fc.property(room, fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (where, userId, userSig) => {
        const url: RoomUrl = { form: 'new', sdkAppId: 1, room: where, userId, userSig, privateMapKey: 'k*-_' };
        expect(parseRoomUrl(buildRoomUrl(url))).toEqual({
          ...url,
          appScene: 'videocall',
          encSmall: 0,
          cloudEnv: 'PRO',
          recvMode: 1,
        });
      }),
    );
  });

  it('[PR7] anything else is refused, without throwing', () => {
    for (const text of [
      '',
      'room://',
      'https://cloud.tencent.com?userid=a',
      'room://cloud.tencent.com?userid=%',
      'room://evil.example?userid=a',
    ]) {
      expect(parseRoomUrl(text)).toBeNull();
    }
    expect(parseRoomUrl('room://cloud.tencent.com/rtc?sdkappid=1&roomid=1&strroomid=a&userid=u&usersig=s')).toBeNull();
    expect(parseRoomUrl(`room://cloud.tencent.com?userid=${'a'.repeat(10_000)}`)).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => parseRoomUrl(`room://cloud.tencent.com?${text}`) !== undefined));
  });

  it('[PR8] new clients take the new form, older and unknown ones the old', () => {
    expect(roomUrlForm({ wechat: '8.0.1', baseLibrary: '3.0.0' })).toBe('new');
    expect(roomUrlForm({ wechat: '7.0.8', baseLibrary: '2.10.0' })).toBe('new');
    expect(roomUrlForm({ wechat: '7.0.7', baseLibrary: '2.10.0' })).toBe('old');
    expect(roomUrlForm({ wechat: '8.0.0', baseLibrary: '2.9.5' })).toBe('old');
    expect(roomUrlForm({ wechat: 'x', baseLibrary: '' })).toBe('old');
  });
});
