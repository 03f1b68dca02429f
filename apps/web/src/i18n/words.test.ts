import { FAILURE_REASONS } from '@lianmai/client-core';
import i18next from 'i18next';
import { describe, expect, it } from 'vitest';
import { DEVICE_PROBLEMS } from '../call/media/device-problem.ts';
import { en } from './en.ts';
import { pickLanguage } from './language.ts';
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

function placeholders(words: string): string[] {
  return [...words.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').sort();
}

describe('[WEB4] words', () => {
  it('the languages have the same keys', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it.each([...english])('%s has words in both languages, with the same placeholders', (key, words) => {
    const other = chinese.get(key) ?? '';
    expect(words.trim()).not.toBe('');
    expect(other.trim()).not.toBe('');
    expect(placeholders(other)).toEqual(placeholders(words));
  });

  it('every failure and every device problem has a title and a next step', () => {
    for (const words of [english, chinese]) {
      for (const reason of FAILURE_REASONS) {
        expect(words.has(`failure.${reason}.title`), reason).toBe(true);
        expect(words.has(`failure.${reason}.body`), reason).toBe(true);
      }
      for (const problem of DEVICE_PROBLEMS) expect(words.has(`device.${problem}.body`), problem).toBe(true);
    }
  });

  it('counts are told in the right form', async () => {
    const instance = i18next.createInstance();
    await instance.init({ lng: 'en', resources: { en: { translation: en }, 'zh-CN': { translation: zh } } });
    expect(instance.t('age.minutes', { count: 1 })).toBe('1 minute ago');
    expect(instance.t('age.minutes', { count: 2 })).toBe('2 minutes ago');
    await instance.changeLanguage('zh-CN');
    expect(instance.t('age.minutes', { count: 1 })).toBe('1 分钟前');
  });
});

describe('[WEB5] the language', () => {
  it.each([
    [null, ['zh-TW', 'en'], 'zh-CN'],
    [null, ['fr-FR', 'zh-CN', 'en'], 'zh-CN'],
    [null, ['de'], 'en'],
    [null, [], 'en'],
    ['en', ['zh-CN'], 'en'],
    ['xx', ['zh'], 'zh-CN'],
  ] as const)('chosen %j, browser %j: %s', (stored, browser, expected) => {
    expect(pickLanguage(stored, browser)).toBe(expected);
  });
});
