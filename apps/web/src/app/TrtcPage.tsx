import { useTranslation } from 'react-i18next';
import { Icon } from '../ui/Icon.tsx';
import { Page, usePageTitle } from '../ui/Page.tsx';
import type { Route } from './routes.ts';

/**
 * What every address of a deployment says whose rooms are in Tencent TRTC: there is no Lianmai server to ask, so nothing is
 * asked, and a link that somebody shared is told apart from one that is broken.
 */
export function TrtcPage({ route }: { readonly route: Route }) {
  const { t } = useTranslation();
  const title = t('trtc.title');
  usePageTitle(title);
  return (
    <Page testId="trtc">
      <section className="message card">
        <span className="message-icon">
          <Icon name="phone" size={28} />
        </span>
        <h1>{title}</h1>
        <p>{t('trtc.body')}</p>
        <p data-testid="trtc-next">
          {route.page === 'room' ? t('trtc.room', { number: route.roomId }) : t('trtc.open')}
        </p>
        <p className="message-code">{t('trtc.operator')}</p>
      </section>
    </Page>
  );
}
