import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FUNCTIONS } from '@lianmai/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const APP = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'lianmai-project-'));

interface Settings {
  readonly appid: string;
  readonly miniprogramRoot: string;
  readonly cloudfunctionRoot: string;
}

function read<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(project, ...path), 'utf8')) as T;
}

beforeAll(() => promisify(execFile)(process.execPath, [join(APP, 'scripts/build.mjs'), '--project', project]), 60_000);
afterAll(() => rmSync(project, { recursive: true }));

describe('[MP26] the project that the build makes opens in WeChat’s tool as it is', () => {
  it('project.config.json is the one of the repository; only the appid is left to be filled in', () => {
    expect(readFileSync(join(project, 'project.config.json'))).toEqual(readFileSync(join(APP, 'project.config.json')));
    expect(read<Settings>('project.config.json').appid).toBe('touristappid');
  });

  it('miniprogramRoot holds every page of app.json, as WeChat reads it', () => {
    const { miniprogramRoot } = read<Settings>('project.config.json');
    const { pages } = read<{ pages: string[] }>(miniprogramRoot, 'app.json');
    expect(pages.length).toBeGreaterThan(4);
    for (const page of pages) {
      for (const part of ['js', 'json', 'wxml', 'wxss']) {
        expect(existsSync(join(project, miniprogramRoot, `${page}.${part}`)), `${page}.${part}`).toBe(true);
      }
    }
    expect(readdirSync(join(project, miniprogramRoot))).toEqual(
      expect.arrayContaining(['app.js', 'app.wxss', 'config.js']),
    );
  });

  it('cloudfunctionRoot holds every function and its aliases, each complete, and nothing else', () => {
    const { cloudfunctionRoot } = read<Settings>('project.config.json');
    const names = Object.entries(FUNCTIONS).flatMap(([name, { aliases }]) => [name, ...aliases]);
    expect(readdirSync(join(project, cloudfunctionRoot)).toSorted()).toEqual([...names, 'webrtc-sweep'].toSorted());
    for (const name of readdirSync(join(project, cloudfunctionRoot))) {
      expect(readdirSync(join(project, cloudfunctionRoot, name)).toSorted(), name).toEqual([
        'config.json',
        'index.js',
        'package.json',
      ]);
      expect(read<{ name: string }>(cloudfunctionRoot, name, 'package.json').name).toBe(name);
    }
  });
});
