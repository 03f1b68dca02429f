import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codesTable, functionsTable, roomsigTable } from './document.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const spec = (name: string) => readFileSync(join(root, 'docs', 'spec', name), 'utf8');

/** Where the tests of what is specified stand. */
const PLACES = [
  'packages/server/src',
  'packages/gateway/src/doors',
  'packages/tickets/src',
  'packages/protocol/src',
  'scripts',
];

/** The sources of every test there. */
function testTitles(): string {
  return PLACES.flatMap((place) => {
    const source = join(root, place);
    return readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.test\.m?[jt]s$/.test(name))
      .map((name) => readFileSync(join(source, name), 'utf8'));
  }).join('\n');
}

describe('the specification', () => {
  it('[FN20] holds the tables that the code uses', () => {
    expect(spec('functions.md')).toContain(codesTable());
    expect(spec('functions.md')).toContain(functionsTable());
    expect(spec('roomsig.md')).toContain(roomsigTable());
  });

  it.each(['functions.md', 'roomsig.md', 'command.md', 'tickets.md', 'phones-doors.md'])(
    'every id of %s is cited by a test, and every cited id is there',
    (name) => {
      const text = spec(name);
      const ids = new Set([...text.matchAll(/^- \*\*\[([A-Z]+[0-9]+)\]\*\*/gm)].map((match) => match[1] ?? ''));
      const titles = testTitles();
      const prefixes = new Set([...ids].map((id) => id.replace(/[0-9]+/, '')));
      expect(ids.size).toBeGreaterThan(5);
      for (const id of ids) expect(titles.includes(`[${id}]`), id).toBe(true);
      for (const [, id = ''] of titles.matchAll(/\[((?:FN|RS|CL|CF|TK|PR|PD|W)[0-9]+)\] /g)) {
        if (prefixes.has(id.replace(/[0-9]+/, ''))) expect(ids.has(id), id).toBe(true);
      }
    },
  );
});
