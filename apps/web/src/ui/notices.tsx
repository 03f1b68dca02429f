import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from './Icon.tsx';

/** A sentence that goes away by itself. `quiet`: for screen readers only. */
export interface Notice {
  readonly text: string;
  readonly tone?: 'neutral' | 'good' | 'bad';
  readonly quiet?: boolean;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Milliseconds on the screen; problems stay longer. */
  readonly ms?: number;
}

type Notify = (notice: Notice) => void;
const NoticeContext = createContext<Notify>(() => {});
const MAX_NOTICES = 4;

/** Tells the user something. */
export function useNotify(): Notify {
  return useContext(NoticeContext);
}

/** Shows notices, and reads them to screen readers. */
export function NoticeHost({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<readonly (Notice & { readonly id: number })[]>([]);
  const next = useRef(0);
  const drop = useCallback((id: number) => setShown((list) => list.filter((notice) => notice.id !== id)), []);
  const notify = useCallback<Notify>(
    (notice) => {
      next.current += 1;
      const id = next.current;
      setShown((list) => [...list.slice(1 - MAX_NOTICES), { ...notice, id }]);
      window.setTimeout(() => drop(id), notice.ms ?? (notice.tone === 'bad' || notice.action ? 8_000 : 4_000));
    },
    [drop],
  );
  const host = useMemo(
    () => (
      <section className="notices" role="log" aria-live="polite" aria-relevant="additions">
        {shown.map((notice) => (
          <div key={notice.id} className={notice.quiet ? 'visually-hidden' : `notice ${notice.tone ?? 'neutral'}`}>
            <span>{notice.text}</span>
            {notice.action && (
              <button
                type="button"
                className="notice-action"
                onClick={() => {
                  notice.action?.run();
                  drop(notice.id);
                }}
              >
                {notice.action.label}
              </button>
            )}
            {!notice.quiet && (
              <button
                type="button"
                className="notice-close"
                aria-label={t('app.close')}
                onClick={() => drop(notice.id)}
              >
                <Icon name="close" size={16} />
              </button>
            )}
          </div>
        ))}
      </section>
    ),
    [shown, drop, t],
  );
  return (
    <NoticeContext.Provider value={notify}>
      {children}
      {host}
    </NoticeContext.Provider>
  );
}
