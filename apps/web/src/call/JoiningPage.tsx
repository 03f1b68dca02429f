import type { RoomState } from '@lianmai/client-core';
import { useTranslation } from 'react-i18next';
import { Page } from '../ui/Page.tsx';

/** Words for a step of the way in; empty for every other state. */
export function useStepText(state: RoomState | null): string {
  const { t } = useTranslation();
  switch (state?.phase) {
    case 'signing-in':
    case 'entering':
    case 'ticket':
    case 'roomsig':
    case 'connecting':
      return t(`prejoin.step.${state.phase}`);
    default:
      return '';
  }
}

/** On the way in for the second time, when there is nothing left to choose. */
export function JoiningPage({ state }: { readonly state: RoomState }) {
  const { t } = useTranslation();
  const step = useStepText(state);
  return (
    <Page>
      <div className="loading" role="status">
        <span className="spinner" aria-hidden="true" />
        {step || t('app.loading')}
      </div>
    </Page>
  );
}
