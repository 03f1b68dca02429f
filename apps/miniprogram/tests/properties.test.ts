import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  LOGIC,
  PROPERTIES,
  type PropertyValues,
  readOptions,
} from '../miniprogram/components/webrtc-room/properties.ts';
import { ROOM_ERROR, ROOM_OK } from '../miniprogram/core/codes.ts';
import { TEMPLATES } from '../miniprogram/core/view/layout.ts';

/** The upstream contract: type and default of each property, as its documentation has them, else its source of 2018. */
const CONTRACT: Readonly<Record<string, readonly [unknown, unknown]>> = {
  roomID: [Number, 0],
  roomName: [String, ''],
  userID: [String, ''],
  userName: [String, ''],
  userSig: [String, ''],
  sdkAppID: [Number, 0],
  accountType: [Number, 0],
  privateMapKey: [String, ''],
  template: [String, 'float'],
  beauty: [Number, 5],
  whiteness: [Number, 5],
  aspect: [String, '9:16'],
  minBitrate: [Number, 200],
  maxBitrate: [Number, 400],
  muted: [Boolean, false],
  debug: [Boolean, false],
  enableIM: [Boolean, false],
  useCloud: [Boolean, true],
  autoplay: [Boolean, false],
  enableCamera: [Boolean, true],
  pureAudioPushMod: [Number, 0],
  // Any type, since a Number property cannot be null.
  recordId: [null, null],
  roomCreator: [String, ''],
  smallViewLeft: [String, '1vw'],
  smallViewTop: [String, '1vw'],
  smallViewWidth: [String, '30vw'],
  smallViewHeight: [String, '40vw'],
  waitingImg: [String, ''],
  playerBackgroundImg: [String, ''],
  pusherBackgroundImg: [String, ''],
  loadingImg: [String, ''],
};
/** New here; without them everything is as in the original. */
const OWN = ['media', 'server', 'expiresAt', 'devicePosition', 'safeArea', 'language'];

const guides = ['webrtc-room.md', 'webrtc-room.zh-CN.md'].map((name) =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8'),
);
const values = Object.fromEntries(
  Object.entries(PROPERTIES).map(([name, { value }]) => [name, value]),
) as PropertyValues;

describe('the properties', () => {
  it.each(Object.entries(CONTRACT))('[WR89] %s is as in the original', (name, [type, value]) => {
    expect(PROPERTIES[name as keyof typeof PROPERTIES]).toMatchObject({ type, value });
  });

  it('[WR89] are those of the original and these few, and no others', () => {
    expect(Object.keys(PROPERTIES).sort()).toEqual([...Object.keys(CONTRACT), ...OWN].sort());
  });

  it('[WR89] stand in the guide with all templates and codes, in both languages', () => {
    for (const guide of guides) {
      // `smallViewLeft/Top/Width/Height` is one row.
      const said = guide.replace(
        'smallViewLeft/Top/Width/Height',
        'smallViewLeft` `smallViewTop` `smallViewWidth` `smallViewHeight',
      );
      const names = [...Object.keys(PROPERTIES), ...TEMPLATES];
      expect(names.filter((name) => !said.includes(`\`${name}\``))).toEqual([]);
      const codes = [...Object.values(ROOM_ERROR), ...Object.values(ROOM_OK)].map((code) =>
        String(code).replace('-', '−'),
      );
      expect(codes.filter((code) => !said.includes(code))).toEqual([]);
    }
  });

  it('[WR92] wake the logic when it reads them', () => {
    const { length } = LOGIC.split(', ');
    expect(Object.keys(readOptions(values)).sort()).toEqual(LOGIC.split(', ').sort());
    expect(length).toBe(new Set(LOGIC.split(', ')).size);
  });

  it('[WR91] are read as numbers or as texts; sound alone has no camera', () => {
    const read = (more: Partial<PropertyValues>) => readOptions({ ...values, ...more });
    expect(read({ roomID: '7', sdkAppID: '14', recordId: '9' })).toMatchObject({
      roomID: 7,
      sdkAppID: 14,
      recordId: 9,
    });
    expect(read({ recordId: '' }).recordId).toBeNull();
    expect(read({ recordId: 'x' }).recordId).toBeNull();
    expect(read({ pureAudioPushMod: 1 }).enableCamera).toBe(false);
    expect(read({ media: 'anything' }).media).toBe('rtmp');
  });
});
