import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

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

/** Missing before iOS 14.5 (distances in flex boxes, `inset`), 15 and 15.4, and Chrome of the same years. */
const MISSING_STYLES = [
  /(^|[\s;{])(row-|column-)?gap\s*:/,
  /(^|[\s;{])(inset|aspect-ratio|accent-color)\s*:/,
  /:(is|where|has)\(/,
  /\d(dvh|svh|lvh|dvw)\b/,
  /@(layer|container)\b/,
  /\bcolor-mix\(/,
];

const build = promisify(execFile);
beforeAll(() => build(process.execPath, [BUILD, '--out', out]));

function linesOf(ending: string): { readonly path: string; readonly lines: readonly string[] }[] {
  const paths = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(ending));
  return paths.map((path) => ({ path, lines: readFileSync(join(out, path), 'utf8').split('\n') }));
}

it('[WR105] the built mini program calls nothing that older phones lack', () => {
  const scripts = linesOf('.js');
  expect(scripts.length).toBeGreaterThan(50);
  const found = scripts.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) => (MISSING.some((call) => call.test(line)) ? [`${path}:${i + 1} ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

it('[WR105] nor do its styles ask for it without something else before', () => {
  const styles = linesOf('.wxss');
  expect(styles.length).toBeGreaterThan(8);
  const found = styles.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) => {
      const alone = /overflow-wrap:\s*anywhere/.test(line) && !/word-break:\s*break-word/.test(lines[i - 1] ?? '');
      return alone || MISSING_STYLES.some((style) => style.test(line)) ? [`${path}:${i + 1} ${line.trim()}`] : [];
    }),
  );
  expect(found).toEqual([]);
});
