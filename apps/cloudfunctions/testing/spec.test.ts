import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { functionNames } from '../scripts/build.ts';
import { VARIABLES } from '../src/environment.ts';

const app = join(import.meta.dirname, '..');

it('every id of the specification is cited by a test, and every cited id is there', () => {
  const text = readFileSync(join(app, '../../docs/spec/cloudbase.md'), 'utf8');
  const ids = [...text.matchAll(/^- \*\*\[(CB[0-9]+)\]\*\*/gm)].map((match) => match[1]);
  const tests = ['src', 'testing'].flatMap((folder) =>
    readdirSync(join(app, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(app, folder, name), 'utf8')),
  );
  const cited = [...tests.join('\n').matchAll(/\[(CB[0-9]+)\] /g)].map((match) => match[1]);
  expect(ids.length).toBeGreaterThan(20);
  expect([...new Set(cited)].toSorted()).toEqual(ids.toSorted());
});

it.each(['cloudbase.md', 'cloudbase.zh-CN.md'])('the guide %s names every function and every variable', (name) => {
  const guide = readFileSync(join(app, '../../docs', name), 'utf8');
  for (const one of [...functionNames(), ...Object.values(VARIABLES)]) expect(guide).toContain(`\`${one}\``);
});
