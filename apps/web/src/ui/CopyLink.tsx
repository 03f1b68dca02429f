import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { roomPath } from '../app/routes.ts';
import { Icon } from './Icon.tsx';
import { useNotify } from './notices.tsx';

/** Copies the link of a room. Insecure pages have no clipboard: there the link is shown. */
export function CopyLink({ roomId, className = 'button' }: { readonly roomId: string; readonly className?: string }) {
  const { t } = useTranslation();
  const notify = useNotify();
  const [copied, setCopied] = useState(false);

  useEffect(() => {
    if (!copied) return;
    const timer = window.setTimeout(() => setCopied(false), 2_000);
    return () => window.clearTimeout(timer);
  }, [copied]);

  const copy = async () => {
    const link = new URL(roomPath(roomId), window.location.origin).href;
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
      notify({ text: t('app.copied'), quiet: true });
    } catch {
      notify({ text: t('app.copyFailed', { link }), ms: 20_000 });
    }
  };

  return (
    <button type="button" className={className} data-testid="copy-link" onClick={() => void copy()}>
      <Icon name={copied ? 'check' : 'link'} size={18} />
      <span>{copied ? t('app.copied') : t('app.copyLink')}</span>
    </button>
  );
}
