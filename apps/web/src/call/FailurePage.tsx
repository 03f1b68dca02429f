import type { Failure, FailureReason } from '@lianmai/client-core';
import { useTranslation } from 'react-i18next';
import { client } from '../app/client.ts';
import { MessagePage } from '../app/MessagePage.tsx';
import { endsCodeSession } from '../app/signed-in.ts';
import type { IconName } from '../ui/Icon.tsx';

/** What the user can do himself, beside going back to the rooms. */
export function failureAction(reason: FailureReason): 'again' | 'bring-here' | null {
  switch (reason) {
    case 'duplicate-identity':
      return 'bring-here';
    case 'full':
    case 'network':
    case 'server-restart':
    case 'media':
    case 'busy':
    case 'sign-in':
    case 'server':
    case 'invalid':
      return 'again';
    default:
      return null;
  }
}

const ICONS: Partial<Record<FailureReason, IconName>> = {
  full: 'people',
  kicked: 'remove',
  dissolved: 'leave',
  'duplicate-identity': 'copy',
  'no-permission': 'lock',
};

export function FailurePage({
  failure,
  onRetry,
  onGuest,
}: {
  readonly failure: Failure;
  readonly onRetry: () => void;
  readonly onGuest: () => void;
}) {
  const { t } = useTranslation();
  const { reason, code } = failure;
  // A session by code is over, and only the mini program makes another: going on is as a guest, and said so.
  const over = endsCodeSession(failure, client.session.current);
  const action = failureAction(reason);
  return (
    <MessagePage
      reason={reason}
      icon={ICONS[reason] ?? 'warning'}
      title={t(`failure.${reason}.title`)}
      body={over ? t('login.over') : t(`failure.${reason}.body`)}
      code={code}
      action={
        action && (
          <button type="button" className="button primary" data-testid="retry" onClick={over ? onGuest : onRetry}>
            {over ? t('login.asGuest') : action === 'bring-here' ? t('failure.rejoinHere') : t('app.tryAgain')}
          </button>
        )
      }
    />
  );
}
