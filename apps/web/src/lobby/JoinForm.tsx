import { type FormEvent, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../app/router.ts';
import { roomPath } from '../app/routes.ts';
import { Icon } from '../ui/Icon.tsx';
import { checkRoomNumber } from './room-number.ts';

export function JoinForm() {
  const { t } = useTranslation();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const [submitted, setSubmitted] = useState(false);
  const check = checkRoomNumber(typed);
  // An empty field is told only once somebody tries to join with it.
  const problem = check.ok || (check.problem === 'empty' && !submitted) ? null : check.problem;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (check.ok) navigate(roomPath(check.roomId));
    else input.current?.focus();
  };

  return (
    <form className="card lobby-form" onSubmit={submit} noValidate aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{t('lobby.joinTitle')}</h2>
      <label htmlFor={id}>{t('lobby.joinLabel')}</label>
      <div className="field-row">
        <input
          ref={input}
          id={id}
          className="number-input"
          data-testid="join-number"
          value={typed}
          inputMode="numeric"
          autoComplete="off"
          enterKeyHint="go"
          maxLength={16}
          placeholder={t('lobby.joinPlaceholder')}
          aria-invalid={problem !== null}
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            setTyped(event.target.value);
            setSubmitted(false);
          }}
        />
        <button type="submit" className="button" data-testid="join-submit">
          <span>{t('lobby.joinSubmit')}</span>
          <Icon name="arrow" size={18} />
        </button>
      </div>
      <p id={`${id}-hint`} className="field-problem" aria-live="polite">
        {problem === null ? '' : t(`lobby.number.${problem}`)}
      </p>
    </form>
  );
}
