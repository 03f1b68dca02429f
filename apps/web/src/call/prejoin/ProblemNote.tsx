import { useTranslation } from 'react-i18next';
import { Icon } from '../../ui/Icon.tsx';
import type { DeviceProblem } from '../media/device-problem.ts';

/** Why a device does not work and what to do about it. */
export function ProblemNote({
  problem,
  device,
  onRetry,
}: {
  readonly problem: DeviceProblem;
  readonly device: string;
  readonly onRetry?: () => void;
}) {
  const { t } = useTranslation();
  return (
    <div className="note" role="alert" data-testid="device-problem" data-problem={problem}>
      <Icon name={problem === 'insecure' ? 'lock' : 'warning'} size={20} />
      <div>
        <strong>{t(`device.${problem}.title`, { device })}</strong>
        <p>{t(`device.${problem}.body`)}</p>
        {onRetry && problem !== 'unsupported' && (
          <button type="button" className="button small" onClick={onRetry}>
            {t('app.tryAgain')}
          </button>
        )}
      </div>
    </div>
  );
}
