import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from './Dialog.tsx';

/** Asks before something that cannot be undone. */
export function ConfirmDialog({
  title,
  body,
  confirm,
  onConfirm,
  onClose,
}: {
  readonly title: string;
  readonly body: string;
  readonly confirm: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <Dialog labelledBy={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      <p>{body}</p>
      <div className="dialog-actions">
        <button type="button" className="button" data-testid="confirm-no" onClick={onClose}>
          {t('app.cancel')}
        </button>
        <button type="button" className="button danger" data-testid="confirm-yes" onClick={onConfirm}>
          {confirm}
        </button>
      </div>
    </Dialog>
  );
}
