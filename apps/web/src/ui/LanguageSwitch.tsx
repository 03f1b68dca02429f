import { useTranslation } from 'react-i18next';
import { LANGUAGE_NAMES, LANGUAGES, type Language } from '../i18n/language.ts';
import { switchLanguage } from '../i18n/setup.ts';
import { Icon } from './Icon.tsx';
import { Select } from './Select.tsx';

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <div className="language">
      <Icon name="globe" size={18} />
      <Select
        aria-label={t('app.language')}
        value={i18n.language}
        data-testid="language"
        onChange={(event) => void switchLanguage(event.target.value as Language)}
      >
        {LANGUAGES.map((language) => (
          <option key={language} value={language} lang={language}>
            {LANGUAGE_NAMES[language]}
          </option>
        ))}
      </Select>
    </div>
  );
}
