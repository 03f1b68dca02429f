import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildError, build } from '../src/build/index.ts';
import { rewriteSelector } from '../src/build/selectors.ts';
import { check } from '../src/check/check.ts';
import { openInJsdom } from '../src/drivers/jsdom.ts';
import { SAMPLE } from './sample.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lianmai-mp-'));
  await cp(SAMPLE, root, { recursive: true });
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function problems(file: string, text: string): Promise<string> {
  await writeFile(join(root, file), text);
  const error = await build({ root }).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BuildError)) throw new Error(`built, or broke: ${String(error)}`);
  return error.message;
}

describe('the build refuses, with file, line and column', () => {
  it('[MH1] broken WXML', async () => {
    expect(await problems('pages/live/live.wxml', '<view>\n  <text>{{a</text>\n</view>')).toMatch(
      /^pages\/live\/live\.wxml:2:\d+ unexpected character inside expression/,
    );
  });

  it('[MH1] tags that nothing stands for', async () => {
    expect(await problems('pages/live/live.wxml', '<view>\n  <vieww />\n</view>')).toMatch(
      /^pages\/live\/live\.wxml:2:\d+ <vieww> is neither/,
    );
  });

  it('[MH1] templates, WXS modules and imports of styles that are not there', async () => {
    expect(await problems('pages/live/live.wxml', '<import src="../none.wxml" />')).toContain(
      '"pages/none" is not there',
    );
    expect(await problems('pages/live/live.wxml', '<wxs module="a" src="./none.wxs" />')).toContain(
      'none" is not there',
    );
    expect(await problems('pages/live/live.wxss', '\n@import "none.wxss";')).toMatch(
      /live\.wxss:2:1 @import of "none\.wxss"/,
    );
  });

  it('[MH1] broken WXSS, TypeScript and JSON, and pages that are named but not there', async () => {
    expect(await problems('pages/live/live.wxss', '.a { color: red')).toMatch(/live\.wxss:1:\d+ /);
    await cp(SAMPLE, root, { recursive: true });
    expect(await problems('pages/live/live.ts', 'Page({')).toMatch(/live\.ts:1:\d+ /);
    await cp(SAMPLE, root, { recursive: true });
    expect(await problems('pages/live/live.json', '{')).toMatch(/live\.json:1:1 /);
    await cp(SAMPLE, root, { recursive: true });
    expect(await problems('app.json', '{ "pages": ["pages/none/none"] }')).toContain('page "pages/none/none"');
  });
});

describe('the logic layer', () => {
  it('[MH4] has nothing that WeChat’s has not', async () => {
    await writeFile(
      join(root, 'app.ts'),
      'App({ log: [typeof URL, typeof document, typeof fetch, typeof setTimeout] });',
    );
    const phone = await openInJsdom(await build({ root }));
    expect((phone.host.app['log'] as string[]).slice(0, 4)).toEqual([
      'undefined',
      'undefined',
      'undefined',
      'function',
    ]);
    phone.close();
  });
});

describe('selectors', () => {
  it.each([
    ['page', false, 'wx-page'],
    ['view > .a.b text:first-child', false, 'wx-view > .a.b wx-text:first-child'],
    ['.a .b', true, '.__scope__--a .__scope__--b'],
    ['.a:not(.b), #c::after', true, '.__scope__--a:not(.__scope__--b), [id$="--c"]::after'],
    [':host(.on) .a', true, '[wx-is="x"].__scope__--on .__scope__--a'],
    ['.a:nth-child(2n + 1) [data-x=".y"]', true, '.__scope__--a:nth-child(2n + 1) [data-x=".y"]'],
  ])('[MH2] %s', (selector, scoped, expected) => {
    expect(rewriteSelector(selector, { scoped, host: '[wx-is="x"]' })).toBe(expected);
  });
});

describe('the type check of WXML', () => {
  it('[MH3] passes the sample', async () => {
    expect(await check({ root: SAMPLE })).toEqual([]);
  });

  it('[MH3] finds names that the data does not have, where they stand in the WXML', async () => {
    await writeFile(
      join(root, 'pages/home/home.wxml'),
      '<view>\n  <text wx:for="{{people}}" wx:key="id">{{item.nmae}}</text>\n  {{titel}}\n</view>',
    );
    const found = await check({ root });
    expect(found.map(({ file, line, column }) => `${file}:${line}:${column}`)).toEqual([
      'pages/home/home.wxml:2:48',
      'pages/home/home.wxml:3:5',
    ]);
    expect(found[0]?.message).toContain('nmae');
  });

  it('[MH3] finds handlers that are not there', async () => {
    await writeFile(join(root, 'pages/home/home.wxml'), '<view bindtap="nothing">a</view>');
    expect((await check({ root })).map(({ message }) => message).join()).toContain('nothing');
  });
});
