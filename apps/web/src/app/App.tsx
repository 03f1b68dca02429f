import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { LobbyPage } from '../lobby/LobbyPage.tsx';
import { ErrorBoundary } from '../ui/ErrorBoundary.tsx';
import { NoticeHost } from '../ui/notices.tsx';
import { Page } from '../ui/Page.tsx';
import { codeLogin } from './client.ts';
import { MessagePage } from './MessagePage.tsx';
import { readProvider } from './provider.ts';
import { useRoute } from './router.ts';
import type { Route } from './routes.ts';
import { TrtcPage } from './TrtcPage.tsx';

/** The call with its media libraries is a download of its own: the lobby does without. */
const CallPage = lazy(() => import('../call/CallPage.tsx'));

const PROVIDER = readProvider(document);

export function App() {
  const { route, visit } = useRoute();
  return (
    <ErrorBoundary>
      <NoticeHost>
        {PROVIDER === 'trtc' ? <TrtcPage route={route} /> : <CurrentPage key={visit} route={route} />}
      </NoticeHost>
    </ErrorBoundary>
  );
}

function CurrentPage({ route }: { readonly route: Route }) {
  const { t } = useTranslation();
  const login = useSyncExternalStore(codeLogin.subscribe, codeLogin.getState);
  switch (route.page) {
    case 'lobby':
      return <LobbyPage />;
    case 'room':
    case 'new-room':
      // Who joins is known first.
      if (login.step === 'redeeming') return <Loading />;
      return (
        <Suspense fallback={<Loading />}>
          <CallPage target={route.page === 'room' ? { roomId: route.roomId } : { roomName: route.roomName }} />
        </Suspense>
      );
    case 'bad-room':
      return (
        <MessagePage reason="bad-room-id" title={t('failure.bad-room-id.title')} body={t('failure.bad-room-id.body')} />
      );
    case 'not-found':
      return <MessagePage reason="not-found" title={t('app.notFoundTitle')} body={t('app.notFoundBody')} />;
  }
}

function Loading() {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = 'Lianmai 连麦';
  }, []);
  return (
    <Page>
      <div className="loading" role="status">
        <span className="spinner" aria-hidden="true" />
        {t('app.loading')}
      </div>
    </Page>
  );
}
