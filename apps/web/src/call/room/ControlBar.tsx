import { useLocalParticipantPermissions } from '@livekit/components-react';
import { Track } from 'livekit-client';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../../ui/Icon.tsx';
import { useNotify } from '../../ui/notices.tsx';
import { currentPageProblem, deviceProblem, isScreenShareCancelled } from '../media/device-problem.ts';
import { useSteadyToggle } from './use-steady-toggle.ts';

/** Numbers of LiveKit's TrackSource, as permissions list them. */
const SOURCE_NUMBERS = { camera: 1, microphone: 2, screen_share: 3 } as const;
type Source = keyof typeof SOURCE_NUMBERS;

/** Whether the user may publish this source; an empty list of sources means all. */
function useMayPublish(source: Source): boolean {
  const permissions = useLocalParticipantPermissions();
  if (!permissions) return true;
  const { canPublish, canPublishSources } = permissions;
  return canPublish && (canPublishSources.length === 0 || canPublishSources.includes(SOURCE_NUMBERS[source]));
}

export function ControlBar({
  panel,
  unread,
  people,
  onChat,
  onPeople,
  onDevices,
  onLeave,
}: {
  readonly panel: 'chat' | 'people' | null;
  readonly unread: number;
  readonly people: number;
  readonly onChat: () => void;
  readonly onPeople: () => void;
  readonly onDevices: () => void;
  readonly onLeave: () => void;
}) {
  const { t } = useTranslation();
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  return (
    <nav className="controls" aria-label={t('room.controls')}>
      <MicrophoneToggle />
      <CameraToggle />
      {canShare && <ScreenToggle />}
      <span className="controls-gap" aria-hidden="true" />
      <Control
        icon="chat"
        label={t('room.chat')}
        testId="toggle-chat"
        open={panel === 'chat'}
        badge={unread}
        badgeLabel={t('chat.unread', { count: unread })}
        onClick={onChat}
      />
      <Control
        icon="people"
        label={t('room.people')}
        testId="toggle-people"
        open={panel === 'people'}
        badge={people}
        badgeLabel={t('room.peopleCount', { count: people })}
        subtle
        onClick={onPeople}
      />
      <Control icon="settings" label={t('room.devices')} testId="open-devices" onClick={onDevices} />
      <button type="button" className="control leave" data-testid="leave" onClick={onLeave}>
        <span className="control-face">
          <Icon name="leave" size={22} />
        </span>
        <span className="control-label">{t('room.leave')}</span>
      </button>
    </nav>
  );
}

function Control({
  icon,
  label,
  testId,
  open,
  badge = 0,
  badgeLabel = '',
  subtle = false,
  onClick,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly testId: string;
  readonly open?: boolean;
  readonly badge?: number;
  readonly badgeLabel?: string;
  readonly subtle?: boolean;
  readonly onClick: () => void;
}) {
  return (
    <button type="button" className="control" data-testid={testId} aria-expanded={open} onClick={onClick}>
      <span className="control-face">
        <Icon name={icon} size={22} />
        {badge > 0 && (
          <span className={subtle ? 'badge subtle' : 'badge'}>
            <span aria-hidden="true">{badge > 99 ? '99+' : badge}</span>
          </span>
        )}
      </span>
      <span className="control-label">{label}</span>
      {badge > 0 && <span className="visually-hidden">, {badgeLabel}</span>}
    </button>
  );
}

function MicrophoneToggle() {
  const { t } = useTranslation();
  const toggle = useToggle(Track.Source.Microphone, 'microphone', t('prejoin.microphone'));
  const label = toggle.enabled ? t('room.mute') : t('room.unmute');
  return (
    <ToggleButton {...toggle} testId="toggle-mic" label={label}>
      <Icon name={toggle.enabled ? 'mic' : 'mic-off'} size={22} />
    </ToggleButton>
  );
}

function CameraToggle() {
  const { t } = useTranslation();
  const toggle = useToggle(Track.Source.Camera, 'camera', t('prejoin.camera'));
  const label = toggle.enabled ? t('room.cameraStop') : t('room.cameraStart');
  return (
    <ToggleButton {...toggle} testId="toggle-camera" label={label}>
      <Icon name={toggle.enabled ? 'camera' : 'camera-off'} size={22} />
    </ToggleButton>
  );
}

const SCREEN_OPTIONS = { audio: true, selfBrowserSurface: 'include', systemAudio: 'include' } as const;

function ScreenToggle() {
  const { t } = useTranslation();
  const allowed = useMayPublish('screen_share');
  const onDeviceError = useDeviceError(t('device.screen'));
  const { disabled, enabled, onClick } = useSteadyToggle({
    source: Track.Source.ScreenShare,
    captureOptions: SCREEN_OPTIONS,
    onDeviceError: (error: Error) => {
      if (!isScreenShareCancelled(error)) onDeviceError(error);
    },
  });
  const label = enabled ? t('room.screenStop') : t('room.screenStart');
  return (
    <button
      type="button"
      className={enabled ? 'control active' : 'control'}
      data-testid="toggle-screen"
      data-lk-enabled={enabled}
      disabled={!allowed || disabled}
      onClick={onClick}
    >
      <span className="control-face">
        <Icon name={enabled ? 'screen-off' : 'screen'} size={22} />
      </span>
      <span className="control-label">{label}</span>
    </button>
  );
}

function useDeviceError(device: string): (error: Error) => void {
  const { t } = useTranslation();
  const notify = useNotify();
  return (error) => {
    const problem = currentPageProblem() ?? deviceProblem(error);
    notify({ text: `${t(`device.${problem}.title`, { device })}. ${t(`device.${problem}.body`)}`, tone: 'bad' });
  };
}

function useToggle(source: Track.Source.Microphone | Track.Source.Camera, kind: Source, device: string) {
  const allowed = useMayPublish(kind);
  const { t } = useTranslation();
  const notify = useNotify();
  const { disabled, enabled, onClick } = useSteadyToggle({
    source,
    // Told by the room's MediaDevicesError event; without a handler here it would be thrown as well.
    onDeviceError: () => {},
  });
  return {
    enabled,
    disabled: !allowed || disabled,
    onClick: () => {
      const problem = currentPageProblem();
      if (problem) {
        notify({ text: `${t(`device.${problem}.title`, { device })}. ${t(`device.${problem}.body`)}`, tone: 'bad' });
        return;
      }
      onClick();
    },
  };
}

function ToggleButton({
  enabled,
  disabled,
  onClick,
  testId,
  label,
  children,
}: {
  readonly enabled: boolean;
  readonly disabled: boolean;
  readonly onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
  readonly testId: string;
  readonly label: string;
  readonly children: ReactNode;
}) {
  return (
    <button
      type="button"
      className={enabled ? 'control' : 'control off'}
      data-testid={testId}
      data-lk-enabled={enabled}
      disabled={disabled}
      onClick={onClick}
    >
      <span className="control-face">{children}</span>
      <span className="control-label">{label}</span>
    </button>
  );
}
