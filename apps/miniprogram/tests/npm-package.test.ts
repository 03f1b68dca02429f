import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from '@lianmai/mp-host/build';
import { type JsdomPhone, openInJsdom } from '@lianmai/mp-host/jsdom';
import { afterEach, expect, it } from 'vitest';

const PACK = fileURLToPath(new URL('../scripts/pack-component.mjs', import.meta.url));

let phone: JsdomPhone | null = null;
const folder = mkdtempSync(join(tmpdir(), 'lianmai-npm-'));

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  phone?.close();
});

it('[WR104] the npm package works in a mini program that has nothing else of this repository', async () => {
  const packed = join(folder, 'miniprogram_npm', '@lianmai', 'miniprogram');
  await promisify(execFile)(process.execPath, [PACK, '--out', packed]);
  const code = readFileSync(join(packed, 'webrtc-room', 'webrtc-room.js'), 'utf8');
  expect(code.length).toBeLessThan(200 * 1024);
  expect(code).not.toMatch(/require\(|safeParse|\bprocess\b/);

  const page = join(folder, 'pages', 'call');
  mkdirSync(page, { recursive: true });
  writeFileSync(join(folder, 'app.json'), '{"pages":["pages/call/call"]}');
  writeFileSync(join(folder, 'app.js'), 'App({})');
  const using = { 'webrtc-room': '@lianmai/miniprogram/webrtc-room/webrtc-room' };
  writeFileSync(join(page, 'call.json'), JSON.stringify({ usingComponents: using }));
  writeFileSync(join(page, 'call.js'), 'Page({ events: [], onRoom(event) { this.events.push(event.detail); } })');
  const attributes = 'media="room" roomID="7" userID="amy" sdkAppID="14" userSig="sig" bindRoomEvent="onRoom"';
  writeFileSync(join(page, 'call.wxml'), `<webrtc-room id="room" ${attributes} />`);

  phone = await openInJsdom(await build({ root: folder }));
  const caller = phone.host.pages.callers[0] as unknown as {
    readonly events: readonly { readonly code: number }[];
    selectComponent(selector: string): { start(): void };
  };
  caller.selectComponent('#room').start();
  const pusher = await phone.waitFor('the push', () => phone?.host.live.scripted.pushers.find((one) => one.running));
  expect(pusher.view.props.url).toMatch(
    /^room:\/\/cloud\.tencent\.com\/rtc\?sdkappid=14&roomid=7&userid=amy&usersig=sig&/,
  );
  pusher.view.state(1018, 'in');
  await phone.settle();
  expect(caller.events.map((event) => event.code)).toEqual([11]);
});
