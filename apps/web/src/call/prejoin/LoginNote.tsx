import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { codeLogin } from '../../app/client.ts';
import { Icon } from '../../ui/Icon.tsx';

/** Why the code in the address signed nobody in, and the ways on. */
export function LoginNote() {
  const { t } = useTranslation();
  const { step } = useSyncExternalStore(codeLogin.subscribe, codeLogin.getState);
  if (step !== 'spent' && step !== 'failed') return null;
  return (
    <div className="note" role="alert" data-testid="login-problem" data-problem={step}>
      <Icon name="lock" size={20} />
      <div>
        <strong>{t(`login.${step}.title`)}</strong>
        <p>{t(`login.${step}.body`)}</p>
        {step === 'failed' && (
          <button type="button" className="button small" onClick={codeLogin.retry}>
            {t('app.tryAgain')}
          </button>
        )}
      </div>
    </div>
  );
}
