import { RoomList } from '@lianmai/client-core';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { client } from '../app/client.ts';
import { endsCodeSession } from '../app/signed-in.ts';
import { Page, usePageTitle } from '../ui/Page.tsx';
import { CreateForm } from './CreateForm.tsx';
import { JoinForm } from './JoinForm.tsx';
import { Rooms } from './Rooms.tsx';
import './lobby.css';

const LIST_LIMIT = 50;

export function LobbyPage() {
  const { t } = useTranslation();
  const [list] = useState(() => new RoomList({ client, limit: LIST_LIMIT }));
  const state = useSyncExternalStore(list.subscribe, list.getState);
  usePageTitle(t('lobby.title'));

  useEffect(() => {
    const follow = () => (document.hidden ? list.pause() : list.start());
    const online = () => list.refresh();
    follow();
    document.addEventListener('visibilitychange', follow);
    window.addEventListener('online', online);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      window.removeEventListener('online', online);
      list.pause();
    };
  }, [list]);

  return (
    <Page testId="lobby">
      <div className="lobby">
        <section className="hero">
          <h1>{t('lobby.heading')}</h1>
          <p>{t('lobby.lead')}</p>
        </section>
        <div className="lobby-forms">
          <CreateForm />
          <JoinForm />
        </div>
        <Rooms
          state={state}
          over={endsCodeSession(state.failure, client.session.current)}
          onRetry={() => list.refresh()}
          onGuest={() => {
            client.session.signOut();
            list.refresh();
          }}
        />
      </div>
    </Page>
  );
}
