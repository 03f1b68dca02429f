import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../app/router.ts';
import { LanguageSwitch } from './LanguageSwitch.tsx';
import { Logo } from './Logo.tsx';

/** Sets the title of the window while the page is shown. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Lianmai 连麦`;
  }, [title]);
}

/** Frame of every page but the call itself. */
export function Page({ children, testId }: { readonly children: ReactNode; readonly testId?: string }) {
  const { t } = useTranslation();
  return (
    <div className="page" data-testid={testId}>
      <a className="skip" href="#main">
        {t('app.skip')}
      </a>
      <header className="page-header">
        <a
          className="home"
          href="/"
          aria-label={`Lianmai 连麦 · ${t('lobby.title')}`}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            navigate('/');
          }}
        >
          <Logo />
        </a>
        <LanguageSwitch />
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
