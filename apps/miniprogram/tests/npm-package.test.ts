import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from '@lianmai/mp-host/build';
import { type JsdomPhone, openInJsdom } from '@lianmai/mp-host/jsdom';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { PROPERTIES } from '../miniprogram/components/webrtc-room/properties.ts';
import type { PusherEvent, RoomEvent } from '../miniprogram/core/events.ts';
import type { ImEvent, ImMessage } from '../miniprogram/core/im.ts';
import type { Reply } from '../miniprogram/core/link/link.ts';
import type { RoomStatus } from '../miniprogram/core/room/status.ts';
import type * as published from '../npm/index.d.ts';

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Only types that say the same, to the last field, are `true` here; the type check of this file holds that. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** What the component tells and what its types promise. */
const told: [
  Same<RoomEvent, published.RoomEvent>,
  Same<PusherEvent, published.PusherEvent>,
  Same<RoomStatus, published.StateEvent>,
  Same<ImEvent, published.ImEvent>,
  Same<ImMessage, published.ImMessage>,
  Same<Reply, published.Reply>,
] = [true, true, true, true, true, true];
/** The published properties are those of the component, no more and no less. */
type SameKeys<A, B> = [keyof A, keyof B] extends [keyof B, keyof A] ? true : never;
const same: SameKeys<published.WebrtcRoomProperties, typeof PROPERTIES> = true;

/** What `npm publish --json` tells, as far as it is used here. */
interface Manifest {
  readonly id: string;
  readonly files: readonly { readonly path: string }[];
}

const root = mkdtempSync(join(tmpdir(), 'lianmai-npm-'));
const packed = join(root, 'package');
const folder = join(root, 'mini');
let phone: JsdomPhone | null = null;

beforeAll(async () => {
  await run(process.execPath, [here('../scripts/pack-component.mjs'), '--out', packed]);
}, 60_000);
afterEach(() => phone?.close());
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('[WR104] the npm package works in a mini program that has nothing else of this repository', async () => {
  const code = readFileSync(join(packed, 'miniprogram_dist', 'webrtc-room.js'), 'utf8');
  expect(code.length).toBeLessThan(200 * 1024);
  expect(code).not.toMatch(/require\(|safeParse|\bprocess\b/);

  // What 构建 npm does with a package that has a `miniprogram` field.
  const target = join(folder, 'miniprogram_npm', '@lianmai', 'webrtc-room');
  mkdirSync(target, { recursive: true });
  for (const ending of ['js', 'json', 'wxml', 'wxss']) {
    const name = `webrtc-room.${ending}`;
    writeFileSync(join(target, name), readFileSync(join(packed, 'miniprogram_dist', name)));
  }
  const page = join(folder, 'pages', 'call');
  mkdirSync(page, { recursive: true });
  writeFileSync(join(folder, 'app.json'), '{"pages":["pages/call/call"]}');
  writeFileSync(join(folder, 'app.js'), 'App({})');
  const using = { 'webrtc-room': '@lianmai/webrtc-room/webrtc-room' };
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
}, 60_000);

/** Methods by name, with the number of what they take. */
function methodsIn(code: string, indent: string): Record<string, number> {
  const signatures = [...code.matchAll(new RegExp(`^${indent}(\\w+)\\(([^)]*)\\)[^;]*[;{]$`, 'gm'))];
  return Object.fromEntries(
    signatures.map(([, name = '', taken = '']) => [name, taken.split(',').filter((one) => one.trim() !== '').length]),
  );
}

it('[WR106] the types have the methods of the component, no more and no less', () => {
  const source = readFileSync(here('../miniprogram/components/webrtc-room/webrtc-room.ts'), 'utf8');
  const promised = readFileSync(here('../npm/index.d.ts'), 'utf8');
  const own = methodsIn(source.slice(source.indexOf('\n  methods: {'), source.indexOf('// From the template')), '    ');
  const typed = promised.slice(promised.indexOf('export interface WebrtcRoom {'));
  expect(methodsIn(typed.slice(0, typed.indexOf('\n}')), '  ')).toEqual(own);
  expect(own).toMatchObject({ start: 0, enableVideo: 2, enableAudio: 3, muteMember: 2, sendC2CCustomMsg: 4 });
});

it('[WR106] npm would publish the package as it is, with both readmes, types and licence', async () => {
  // Offline, and to nowhere: `--dry-run` packs and checks, and sends nothing.
  const args = ['publish', '--dry-run', '--offline', '--json', '--registry', 'http://127.0.0.1:9/'];
  const { stdout } = await run('npm', args, { cwd: packed, timeout: 60_000 });
  const answer = JSON.parse(stdout) as Manifest | Readonly<Record<string, Manifest>>;
  // Newer releases of npm tell it by the package's name.
  const { id, files } = ('files' in answer ? answer : Object.values(answer)[0]) as Manifest;
  const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as { version: string };
  expect(id).toBe(`@lianmai/webrtc-room@${version}`);
  expect(files.map((file) => file.path).sort()).toEqual([
    'LICENSE',
    'README.md',
    'README.zh-CN.md',
    'index.d.ts',
    'miniprogram_dist/webrtc-room.js',
    'miniprogram_dist/webrtc-room.json',
    'miniprogram_dist/webrtc-room.wxml',
    'miniprogram_dist/webrtc-room.wxss',
    'package.json',
  ]);
  // Held by the type check; here they only must be used.
  expect([same, told.length]).toEqual([true, 6]);
  expect(JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8'))).toMatchObject({
    license: 'Apache-2.0',
    miniprogram: 'miniprogram_dist',
    types: 'index.d.ts',
    publishConfig: { access: 'public' },
  });
}, 90_000);
