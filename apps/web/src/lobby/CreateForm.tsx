import { type FormEvent, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../app/router.ts';
import { newRoomPath } from '../app/routes.ts';
import { Icon } from '../ui/Icon.tsx';

export function CreateForm() {
  const { t } = useTranslation();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [name, setName] = useState('');
  const [missing, setMissing] = useState(false);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = name.trim();
    if (trimmed === '') {
      setMissing(true);
      input.current?.focus();
      return;
    }
    navigate(newRoomPath(trimmed));
  };

  return (
    <form className="card lobby-form" onSubmit={submit} noValidate aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{t('lobby.createTitle')}</h2>
      <label htmlFor={id}>{t('lobby.createLabel')}</label>
      <div className="field-row">
        <input
          ref={input}
          id={id}
          data-testid="create-name"
          value={name}
          maxLength={64}
          autoComplete="off"
          enterKeyHint="go"
          placeholder={t('lobby.createPlaceholder')}
          aria-invalid={missing}
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            setName(event.target.value);
            setMissing(false);
          }}
        />
        <button type="submit" className="button primary" data-testid="create-submit">
          <Icon name="plus" size={18} />
          <span>{t('lobby.createSubmit')}</span>
        </button>
      </div>
      <p id={`${id}-hint`} className="field-problem" aria-live="polite">
        {missing ? t('lobby.createNeedsName') : ''}
      </p>
    </form>
  );
}
