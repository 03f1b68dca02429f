import { useTrackVolume } from '@livekit/components-react';
import { facingModeFromLocalTrack, type LocalAudioTrack, type LocalVideoTrack } from 'livekit-client';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../ui/Icon.tsx';
import type { Preview } from '../media/use-preview.ts';

const LEVEL_BARS = 20;

/** The user's own picture and level, with the two switches on it. */
export function CameraPreview({
  camera,
  cameraOn,
  microphone,
  microphoneOn,
  disabled,
  onCamera,
  onMicrophone,
}: {
  readonly camera: Preview<LocalVideoTrack>;
  readonly cameraOn: boolean;
  readonly microphone: Preview<LocalAudioTrack>;
  readonly microphoneOn: boolean;
  readonly disabled: boolean;
  readonly onCamera: (on: boolean) => void;
  readonly onMicrophone: (on: boolean) => void;
}) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement>(null);
  const track = cameraOn ? camera.track : null;

  useEffect(() => {
    const element = video.current;
    if (!element || !track) return;
    track.attach(element);
    return () => void track.detach(element);
  }, [track]);

  const mirrored = track !== null && facingModeFromLocalTrack(track).facingMode !== 'environment';
  return (
    <div className="preview">
      <video
        ref={video}
        className={mirrored ? 'mirrored' : undefined}
        hidden={track === null}
        muted
        playsInline
        autoPlay
        aria-label={t('prejoin.preview')}
      />
      {track === null && (
        <div className="preview-empty">
          {cameraOn && camera.pending ? (
            <>
              <span className="spinner" aria-hidden="true" />
              <p>{t('prejoin.cameraStarting')}</p>
            </>
          ) : (
            <>
              <Icon name="camera-off" size={36} />
              <p>{t('prejoin.cameraOff')}</p>
            </>
          )}
        </div>
      )}
      <div className="preview-bar">
        <button
          type="button"
          className={microphoneOn ? 'round' : 'round off'}
          disabled={disabled}
          aria-label={microphoneOn ? t('prejoin.turnOffMic') : t('prejoin.turnOnMic')}
          title={microphoneOn ? t('prejoin.turnOffMic') : t('prejoin.turnOnMic')}
          data-testid="prejoin-mic"
          onClick={() => onMicrophone(!microphoneOn)}
        >
          <Icon name={microphoneOn ? 'mic' : 'mic-off'} size={22} />
        </button>
        <Level track={microphoneOn ? microphone.track : null} />
        <button
          type="button"
          className={cameraOn ? 'round' : 'round off'}
          disabled={disabled}
          aria-label={cameraOn ? t('prejoin.turnOffCamera') : t('prejoin.turnOnCamera')}
          title={cameraOn ? t('prejoin.turnOffCamera') : t('prejoin.turnOnCamera')}
          data-testid="prejoin-camera"
          onClick={() => onCamera(!cameraOn)}
        >
          <Icon name={cameraOn ? 'camera' : 'camera-off'} size={22} />
        </button>
      </div>
    </div>
  );
}

/** The microphone's level, as lit bars. Not announced: it changes all the time. */
function Level({ track }: { readonly track: LocalAudioTrack | null }) {
  const { t } = useTranslation();
  const volume = useTrackVolume(track ?? undefined, { fftSize: 256, smoothingTimeConstant: 0.4 });
  const lit = track === null ? 0 : Math.min(LEVEL_BARS, Math.round(volume * 1.6 * LEVEL_BARS));
  return (
    <div className="level" role="img" aria-label={t('prejoin.level')} data-testid="level" data-level={lit}>
      {Array.from({ length: LEVEL_BARS }, (_, bar) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity but their place.
        <span key={bar} className={bar < lit ? 'lit' : undefined} />
      ))}
    </div>
  );
}
