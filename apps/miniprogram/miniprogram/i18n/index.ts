import { type Counted, en, type Words } from './en.ts';
import type { Language } from './language.ts';
import { zh } from './zh.ts';

export type { Counted, ProblemKey, Words } from './en.ts';
export { LANGUAGES, type Language, pickLanguage } from './language.ts';

const TABLES: Readonly<Record<Language, Words>> = { en, 'zh-CN': zh };

/** The words of a language. */
export function wordsOf(language: Language): Words {
  return TABLES[language];
}

/** Fills `{name}` places; a place without a value stays as it is. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    return value === undefined ? place : String(value);
  });
}

/** The form for a count, filled. Chinese has one form, so both say the same there. */
export function fillCount(
  words: Counted,
  count: number,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return fill(count === 1 ? words.one : words.other, { ...values, count });
}
