import { useMediaDevices } from '@livekit/components-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Select } from '../../ui/Select.tsx';

interface DeviceChoiceProps {
  readonly kind: MediaDeviceKind;
  readonly label: string;
  readonly chosen: string;
  /** A device of the kind is open, so that the browser tells their names. */
  readonly ready: boolean;
  readonly disabled?: boolean;
  readonly onChoose: (deviceId: string) => void;
}

/** A choice among the devices of one kind, read anew once the browser names them. */
export function DeviceChoice(props: DeviceChoiceProps) {
  const [named, setNamed] = useState(props.ready);
  if (props.ready && !named) setNamed(true);
  return <DeviceSelect key={String(named)} {...props} />;
}

function DeviceSelect({ kind, label, chosen, ready, disabled = false, onChoose }: DeviceChoiceProps) {
  const { t } = useTranslation();
  const id = useId();
  const devices = useMediaDevices({ kind }).filter((device) => device.deviceId !== '');
  const known = devices.some((device) => device.deviceId === chosen);
  return (
    <div className="field device">
      <label htmlFor={id}>{label}</label>
      <Select
        id={id}
        value={known ? chosen : (devices[0]?.deviceId ?? '')}
        disabled={disabled || !ready || devices.length === 0}
        data-testid={`device-${kind}`}
        onChange={(event) => onChoose(event.target.value)}
      >
        {devices.length === 0 && <option value="">{ready ? t('devices.none') : t('prejoin.defaultDevice')}</option>}
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || `${label} ${index + 1}`}
          </option>
        ))}
      </Select>
    </div>
  );
}
