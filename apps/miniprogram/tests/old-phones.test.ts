import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

const BUILD = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'lianmai-old-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/**
 * Syntax is brought down to ES2018 by the build; functions are not. These are missing from engines of phones that the base
 * library still runs on (iOS before 15.4, Android's older V8), or from mini programs altogether.
 */
const MISSING = [
  /\bObject\.(hasOwn|groupBy)\b/,
  /\.(at|findLast|findLastIndex|replaceAll|toSorted|toReversed|toSpliced)\(/,
  /\bPromise\.(any|withResolvers)\b/,
  /\b(structuredClone|queueMicrotask|globalThis|WeakRef|BigInt)\b/,
  /\b(URL|URLSearchParams|TextEncoder|TextDecoder|AbortController|WebSocket)\(/,
  /\b(fetch\(|Intl\.|localStorage|crypto\.|document\.|window\.)/,
  /\(\?<[=!]/,
];

it('[WR105] the built mini program calls nothing that older phones lack', async () => {
  await promisify(execFile)(process.execPath, [BUILD, '--out', out]);
  const scripts = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(50);
  const found = scripts.flatMap((path) => {
    const lines = readFileSync(join(out, path), 'utf8').split('\n');
    return lines.flatMap((line, i) =>
      MISSING.some((call) => call.test(line)) ? [`${path}:${i + 1} ${line.trim()}`] : [],
    );
  });
  expect(found).toEqual([]);
}, 60_000);
