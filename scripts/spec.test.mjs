import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './lib/places.mjs';

/** Where a specification defines an id: the start of a list item, a sentence after it, or the first cell of a row. */
const DEFINITION =
  /^(?:- (?:\*\*)?`?\[([A-Z]{1,4}\d+[a-z]?)\]`?|\| `?([A-Z]{1,4}\d+[a-z]?)`? \|)|\*\*\[([A-Z]{1,4}\d+[a-z]?)\]\*\*/gm;
const folder = join(root, 'docs', 'spec');

const defined = new Map();
for (const name of readdirSync(folder).filter((one) => one.endsWith('.md'))) {
  for (const [, item, cell, inline] of readFileSync(join(folder, name), 'utf8').matchAll(DEFINITION)) {
    const id = item ?? cell ?? inline;
    defined.set(id, [...(defined.get(id) ?? []), name]);
  }
}

/** Ids that titles of tests begin with, with the file. */
function* citations() {
  for (const top of ['packages', 'apps', 'test', 'scripts']) {
    const names = readdirSync(join(root, top), { recursive: true, encoding: 'utf8' });
    for (const name of names) {
      if (name.includes('node_modules') || name.includes('dist/') || !/\.(test|ts|tsx|mjs)$/.test(name)) continue;
      const text = readFileSync(join(root, top, name), 'utf8');
      for (const [title] of text.matchAll(/['"`](?:\[[A-Z]{1,4}\d+[a-z]?\] ?)+/g)) {
        for (const [, id] of title.matchAll(/\[([A-Z]{1,4}\d+[a-z]?)\]/g)) yield { id, file: join(top, name) };
      }
    }
  }
}

describe('the specifications', () => {
  it('give each id once', () => {
    expect(defined.size).toBeGreaterThan(700);
    // W1 … W21 name faults of the original demo, which several parts mend.
    expect([...defined].filter(([id, files]) => files.length > 1 && !/^W\d/.test(id))).toEqual([]);
  });

  it('are proved: each id is cited by a test', () => {
    const cited = new Set([...citations()].map(({ id }) => id));
    expect([...defined.keys()].filter((id) => !cited.has(id))).toEqual([]);
  });

  it('have every id that a test cites', () => {
    const cited = [...citations()];
    expect(cited.length).toBeGreaterThan(1_000);
    expect(cited.filter(({ id }) => !defined.has(id))).toEqual([]);
  });
});
