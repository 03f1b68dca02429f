import { useMediaDeviceSelect, useRoomContext } from '@livekit/components-react';
import { supportsAudioOutputSelection } from 'livekit-client';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { savePreferences } from '../../platform/preferences.ts';
import { useNotify } from '../../ui/notices.tsx';
import { Select } from '../../ui/Select.tsx';
import { currentPageProblem, deviceProblem } from '../media/device-problem.ts';
import { ProblemNote } from '../prejoin/ProblemNote.tsx';
import { Dialog } from './Dialog.tsx';

/** Camera, microphone and loudspeaker during the call. */
export function DevicesDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation();
  const id = useId();
  const problem = currentPageProblem();
  return (
    <Dialog labelledBy={id} onClose={onClose}>
      <h2 id={id}>{t('devices.title')}</h2>
      {problem ? (
        <ProblemNote problem={problem} device={t('prejoin.camera')} />
      ) : (
        <>
          <RoomDevice
            kind="videoinput"
            label={t('prejoin.camera')}
            onChosen={(cameraId) => savePreferences({ cameraId })}
          />
          <RoomDevice
            kind="audioinput"
            label={t('prejoin.microphone')}
            onChosen={(microphoneId) => savePreferences({ microphoneId })}
          />
          {supportsAudioOutputSelection() && <RoomDevice kind="audiooutput" label={t('prejoin.speaker')} />}
        </>
      )}
      <div className="dialog-actions">
        <button type="button" className="button primary" onClick={onClose}>
          {t('app.close')}
        </button>
      </div>
    </Dialog>
  );
}

function RoomDevice({
  kind,
  label,
  onChosen,
}: {
  readonly kind: MediaDeviceKind;
  readonly label: string;
  readonly onChosen?: (deviceId: string) => void;
}) {
  const { t } = useTranslation();
  const notify = useNotify();
  const id = useId();
  const room = useRoomContext();
  const { devices: all, activeDeviceId, setActiveMediaDevice } = useMediaDeviceSelect({ kind, room });
  const devices = all.filter((device) => device.deviceId !== '');
  const known = devices.some((device) => device.deviceId === activeDeviceId);

  const choose = async (deviceId: string) => {
    try {
      await setActiveMediaDevice(deviceId);
      onChosen?.(deviceId);
    } catch (error) {
      const problem = deviceProblem(error);
      notify({
        text: `${t(`device.${problem}.title`, { device: label })}. ${t(`device.${problem}.body`)}`,
        tone: 'bad',
      });
    }
  };

  return (
    <div className="field device">
      <label htmlFor={id}>{label}</label>
      <Select
        id={id}
        value={known ? activeDeviceId : (devices[0]?.deviceId ?? '')}
        disabled={devices.length === 0}
        data-testid={`room-device-${kind}`}
        onChange={(event) => void choose(event.target.value)}
      >
        {devices.length === 0 && <option value="">{t('devices.none')}</option>}
        {devices.map((device, index) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || `${label} ${index + 1}`}
          </option>
        ))}
      </Select>
    </div>
  );
}
