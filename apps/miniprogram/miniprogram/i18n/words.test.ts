import { describe, expect, it } from 'vitest';
import { en } from './en.ts';
import { fill, fillCount, pickLanguage } from './index.ts';
import { zh } from './zh.ts';

/** Every key with its words, as `a.b.c`. */
function flatten(tree: object, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [[prefix + key, value] as [string, string]]
      : flatten(value as object, `${prefix}${key}.`),
  );
}

const english = new Map(flatten(en));
const chinese = new Map(flatten(zh));
const places = (words: string) => [...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

describe('[MP7] words', () => {
  it('the languages have the same keys', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it.each([...english])('%s has words in both languages, with the same places', (key, words) => {
    const other = chinese.get(key) ?? '';
    expect(words.trim()).not.toBe('');
    expect(other.trim()).not.toBe('');
    expect(places(other)).toEqual(places(words));
  });

  // wx.showModal shows nothing at all when a button has more than eight columns; a Chinese character has two.
  it.each([en, zh])('buttons of modals are short enough to be shown', ({ app, people, room }) => {
    for (const label of [app.cancel, people.kick, room.dissolveYes]) {
      expect(label.replace(/[^\x20-\x7e]/g, '..').length).toBeLessThanOrEqual(8);
    }
  });

  it('places are filled, and left alone where there is nothing to fill in', () => {
    expect(fill('{a} and {b}', { a: 'A' })).toBe('A and {b}');
    expect(fillCount(en.age.hours, 1)).toBe('1 hour ago');
    expect(fillCount(en.age.hours, 2)).toBe('2 hours ago');
  });
});

describe('[MP8] the language', () => {
  it.each([
    [null, 'zh_CN', 'zh-CN'],
    [null, 'zh_TW', 'zh-CN'],
    [null, 'en', 'en'],
    [null, 'de', 'en'],
    [null, undefined, 'en'],
    ['en', 'zh_CN', 'en'],
    ['xx', 'zh_CN', 'zh-CN'],
  ] as const)('chosen %j, WeChat %j: %s', (stored, wechat, expected) => {
    expect(pickLanguage(stored, wechat)).toBe(expected);
  });
});
