import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PHONE_CODES } from './phone-signal.ts';

it('the table of codes that phones are told stands in the documents, each number once', () => {
  const text = readFileSync(new URL('../../../docs/spec/phone-signal.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| (\d+) \| `(\w+)` \| (.*) \|$/gm)].map(([, code, name, message]) => [
    name,
    { code: Number(code), message },
  ]);
  expect(Object.fromEntries(rows)).toEqual(PHONE_CODES);
  const codes = Object.values(PHONE_CODES).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});
