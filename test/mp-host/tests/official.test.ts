import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Job } from '../opinions/official.ts';
import { installedTool, OPINIONS, REPOSITORY } from '../opinions/tools.ts';

const run = promisify(execFile);
const tool = await installedTool('official');
const APP = join(REPOSITORY, 'apps', 'miniprogram');
const APPID = 'wx0000000000000000';

function write(folder: string, files: Readonly<Record<string, string | object>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** A mini program of one page, with something put in other words. */
function small(folder: string, changed: Readonly<Record<string, string | object>> = {}): string {
  return write(folder, {
    'project.config.json': { appid: APPID, compileType: 'miniprogram', miniprogramRoot: './', setting: { es6: true } },
    'app.json': { pages: ['pages/call/call'], sitemapLocation: 'sitemap.json' },
    'sitemap.json': { rules: [] },
    'app.js': 'App({});',
    'pages/call/call.js': 'Page({ onRoom() {} });',
    'pages/call/call.json': {},
    'pages/call/call.wxml': '<view>call</view>',
    'pages/call/call.wxss': '',
    ...changed,
  });
}

/** The project that WeChat's tool opens, with an appid: the tool refuses the placeholder. */
async function ours(folder: string): Promise<string> {
  await run(process.execPath, [join(APP, 'scripts', 'build.mjs'), '--out', join(folder, 'dist')]);
  const config = JSON.parse(readFileSync(join(APP, 'project.config.json'), 'utf8')) as object;
  return write(folder, { 'project.config.json': { ...config, appid: APPID } });
}

/** A mini program that has installed the npm package of the component from its tarball. */
async function consumer(folder: string): Promise<string> {
  const packed = join(folder, '..', 'packed');
  await run(process.execPath, [join(APP, 'scripts', 'pack-component.mjs'), '--out', packed]);
  const tarballs = join(folder, '..', 'tarballs');
  mkdirSync(tarballs);
  await run('npm', ['pack', '--offline', packed, '--pack-destination', tarballs]);
  const [tarball] = readdirSync(tarballs) as [string];
  small(folder, {
    'project.config.json': {
      appid: APPID,
      compileType: 'miniprogram',
      miniprogramRoot: './',
      setting: { es6: true, packNpmManually: false },
    },
    'package.json': { name: 'consumer', private: true },
    'pages/call/call.json': { usingComponents: { 'webrtc-room': '@lianmai/webrtc-room/webrtc-room' } },
    'pages/call/call.wxml': '<webrtc-room id="room" bindRoomEvent="onRoom" />',
  });
  await run('npm', ['install', '--offline', '--no-audit', join(tarballs, tarball)], { cwd: folder });
  return folder;
}

describe.skipIf(tool === null)(
  "WeChat's own compiler, when scripts/setup-miniprogram-tools.mjs could install it",
  () => {
    const root = mkdtempSync(join(tmpdir(), 'lianmai-official-'));
    const standing = join(root, 'cwd');
    const log = join(root, 'offline.log');
    let server: Server;
    let guests = 0;
    let before: readonly string[];
    let answers: Readonly<Record<string, Answer>>;

    beforeAll(async () => {
      before = readdirSync(REPOSITORY);
      mkdirSync(standing);
      writeFileSync(log, '');
      server = createServer((socket) => {
        guests += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      const [project, npm] = await Promise.all([ours(join(root, 'ours')), consumer(join(root, 'consumer'))]);
      const jobs: Readonly<Record<string, Job>> = {
        ours: { type: 'compile', project },
        packed: { type: 'pack-npm', project: npm },
        consumer: { type: 'compile', project: npm },
        page: {
          type: 'compile',
          project: small(join(root, 'page'), { 'app.json': { pages: ['pages/call/call', 'pages/gone/gone'] } }),
        },
        component: {
          type: 'compile',
          project: small(join(root, 'component'), {
            'pages/call/call.json': { usingComponents: { card: '/components/card' } },
          }),
        },
        script: { type: 'compile', project: small(join(root, 'script'), { 'pages/call/call.js': 'Page({' }) },
        connect: { type: 'connect', port: (server.address() as { port: number }).port },
      };
      writeFileSync(join(root, 'jobs.json'), JSON.stringify(Object.values(jobs)));
      const program = [
        join(OPINIONS, 'official.ts'),
        String(tool),
        join(root, 'jobs.json'),
        join(root, 'answers.json'),
      ];
      await run(process.execPath, program, {
        cwd: standing,
        env: {
          ...process.env,
          NODE_OPTIONS: `--require ${join(OPINIONS, 'offline.cjs')}`,
          LIANMAI_OFFLINE_LOG: log,
        },
        maxBuffer: 16 * 1024 * 1024,
        timeout: 540_000,
      });
      const done = JSON.parse(readFileSync(join(root, 'answers.json'), 'utf8')) as readonly Answer[];
      answers = Object.fromEntries(Object.keys(jobs).map((name, at) => [name, done[at] as Answer]));
    }, 600_000);

    afterAll(() => {
      server?.close();
      rmSync(root, { recursive: true, force: true });
    });

    it('[MH90] the built mini program compiles with its own settings, whole and within the limit', () => {
      const { error, files } = answers['ours'] as Answer;
      expect(error).toBe('');
      const { pages } = JSON.parse(readFileSync(join(APP, 'miniprogram', 'app.json'), 'utf8')) as { pages: string[] };
      const expected = [...pages, 'components/webrtc-room/webrtc-room'].flatMap((unit) =>
        ['js', 'json', 'wxml', 'wxss'].map((ending) => `${unit}.${ending}`),
      );
      expect(Object.keys(files)).toEqual(expect.arrayContaining(['app.js', 'app.json', 'app.wxss', ...expected]));
      const bytes = Object.values(files).reduce((sum, size) => sum + size, 0);
      expect(bytes).toBeGreaterThan(100 * 1024);
      expect(bytes).toBeLessThan(2 * 1024 * 1024);
    });

    it('[MH91] what is broken is refused by name', () => {
      expect(answers['page']?.error).toContain('pages/gone/gone');
      expect(answers['component']?.error).toContain('components/card');
      expect(answers['script']?.error).toContain('pages/call/call.js');
    });

    it('[MH92] the npm package installs, is built by 构建 npm and compiles in the mini program of somebody else', () => {
      expect(answers['packed']).toEqual({ error: '', files: {}, warnings: [] });
      expect(answers['consumer']?.error).toBe('');
      const folder = 'miniprogram_npm/@lianmai/webrtc-room/webrtc-room';
      const units = ['js', 'json', 'wxml', 'wxss'].map((ending) => `${folder}.${ending}`);
      expect(Object.keys(answers['consumer']?.files ?? {})).toEqual(expect.arrayContaining(units));
    });

    it('[MH93] nothing leaves the machine, and nothing is left where it ran', () => {
      // The one who tried on purpose was refused, and nobody else tried.
      expect(answers['connect']?.error).toBe('There is no network here.');
      expect(guests).toBe(0);
      const lines = readFileSync(log, 'utf8').trim().split('\n');
      expect(lines.filter((line) => line.startsWith('attempt'))).toEqual(['attempt connect']);
      // The compiler's own processes were under the same lock.
      expect(lines).toContain('offline summerEntryProcess.js');
      expect(readdirSync(REPOSITORY).filter((name) => /^[0-9a-f]{32}$/.test(name) && !before.includes(name))).toEqual(
        [],
      );
    });
  },
);
