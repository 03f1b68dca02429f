/** Languages that the page speaks. */
export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language's name in itself. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', 'zh-CN': '简体中文' };

/** The language to begin with: the one chosen before, else the first of the browser's that the page speaks, else English. */
export function pickLanguage(stored: string | null, browser: readonly string[]): Language {
  for (const candidate of stored === null ? browser : [stored, ...browser]) {
    const tag = candidate.toLowerCase();
    if (tag === 'zh' || tag.startsWith('zh-')) return 'zh-CN';
    if (tag === 'en' || tag.startsWith('en-')) return 'en';
  }
  return 'en';
}
