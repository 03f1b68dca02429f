import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { browserStore } from '../platform/storage.ts';
import { type Language, pickLanguage } from './language.ts';

const KEY = 'lianmai.language';

const LOADERS: Readonly<Record<Language, () => Promise<object>>> = {
  en: async () => (await import('./en.ts')).en,
  'zh-CN': async () => (await import('./zh.ts')).zh,
};

/** Loads the words of the user's language; the other one is not downloaded. */
export async function setUpLanguage(): Promise<void> {
  const language = pickLanguage(browserStore.get(KEY), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await LOADERS[language]() } },
    // React escapes by itself.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
}

/** Switches the language for now and for the next visits. */
export async function switchLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await LOADERS[language]());
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  browserStore.set(KEY, language);
}
