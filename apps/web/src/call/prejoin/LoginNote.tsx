import { useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { client, codeLogin } from '../../app/client.ts';
import { codeSessionIsOver } from '../../app/signed-in.ts';
import { Icon } from '../../ui/Icon.tsx';

/** Why nobody is signed in by the code in the address, or by an earlier one any more, and the ways on. */
export function LoginNote() {
  const { t } = useTranslation();
  const { step } = useSyncExternalStore(codeLogin.subscribe, codeLogin.getState);
  const [over, setOver] = useState(() => codeSessionIsOver(client.session.current, client.clock.now()));
  if (over && step !== 'failed') {
    const goOn = () => {
      client.session.signOut();
      setOver(false);
    };
    return (
      <div className="note" role="alert" data-testid="login-problem" data-problem="over">
        <Icon name="lock" size={20} />
        <div>
          <p>{t('login.over')}</p>
          <button type="button" className="button small" onClick={goOn}>
            {t('login.asGuest')}
          </button>
        </div>
      </div>
    );
  }
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
