/** Languages that the mini program speaks. */
export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The language to begin with: the one chosen before, else WeChat's (`zh_CN`, `zh_TW`, `en` …), else English. */
export function pickLanguage(stored: string | null, wechat: string | undefined): Language {
  for (const candidate of [stored, wechat]) {
    const tag = (candidate ?? '').toLowerCase().replace('_', '-');
    if (tag === 'zh' || tag.startsWith('zh-')) return 'zh-CN';
    if (tag === 'en' || tag.startsWith('en-')) return 'en';
  }
  return 'en';
}
