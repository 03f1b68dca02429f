import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { hasNavigated, navigate } from '../app/router.ts';
import { LanguageSwitch } from './LanguageSwitch.tsx';
import { Logo } from './Logo.tsx';

/** Sets the title of the window while the page is shown. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Lianmai 连麦`;
  }, [title]);
}

/** Takes the focus into a page that replaced another one; what had it before is gone. */
export function useArrivalFocus(): RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    if (hasNavigated() && document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, []);
  return main;
}

/** Frame of every page but the call itself. */
export function Page({ children, testId }: { readonly children: ReactNode; readonly testId?: string }) {
  const { t } = useTranslation();
  const main = useArrivalFocus();
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
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
