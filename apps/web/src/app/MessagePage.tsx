import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { Page, usePageTitle } from '../ui/Page.tsx';
import { navigate } from './router.ts';

/** A page that says one thing and what to do next. */
export function MessagePage({
  reason,
  title,
  body,
  code = null,
  icon = 'warning',
  action = null,
}: {
  readonly reason: string;
  readonly title: string;
  readonly body: string;
  readonly code?: number | null;
  readonly icon?: IconName;
  readonly action?: ReactNode;
}) {
  const { t } = useTranslation();
  usePageTitle(title);
  return (
    <Page>
      <section className="message card" data-testid="failure" data-reason={reason} role="alert">
        <span className="message-icon">
          <Icon name={icon} size={28} />
        </span>
        <h1>{title}</h1>
        <p>{body}</p>
        <div className="message-actions">
          {action}
          <button type="button" className={action ? 'button' : 'button primary'} onClick={() => navigate('/')}>
            {t('app.backToLobby')}
          </button>
        </div>
        {code !== null && <p className="message-code">{t('failure.code', { code })}</p>}
      </section>
    </Page>
  );
}
