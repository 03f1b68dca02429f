import {
  ConnectionQualityIndicator,
  isTrackReference,
  ParticipantTile,
  type TrackReferenceOrPlaceholder,
  useConnectionQualityIndicator,
  useIsMuted,
  useParticipantAttributes,
  useParticipantInfo,
  VideoTrack,
} from '@livekit/components-react';
import { Track } from 'livekit-client';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../ui/Icon.tsx';
import { isPhone } from '../media/phone.ts';
import { decodes } from '../media/phone-codec.ts';
import { colourOf, displayName, initials } from './names.ts';

/** One picture with its name and marks. */
export function Tile({
  track,
  ownerId,
  pinned,
  onPin,
  large = false,
}: {
  readonly track: TrackReferenceOrPlaceholder;
  readonly ownerId: string;
  readonly pinned: boolean;
  readonly onPin: ((track: TrackReferenceOrPlaceholder) => void) | null;
  readonly large?: boolean;
}) {
  const { t } = useTranslation();
  const { participant, source } = track;
  const { name: told, identity } = useParticipantInfo({ participant });
  const name = displayName({ name: told, identity: identity ?? participant.identity });
  const phone = isPhone({ attributes: useParticipantAttributes({ participant }).attributes ?? {} });
  const screen = source === Track.Source.ScreenShare;
  const title = screen ? t('room.screenOf', { name }) : name;
  const pinLabel = t(pinned ? 'room.unpin' : 'room.pin', { name: title });
  return (
    <ParticipantTile
      trackRef={track}
      className={large ? 'tile large' : 'tile'}
      data-testid="participant-tile"
      data-identity={participant.identity}
      data-source={source}
      role="group"
      aria-label={title}
    >
      <Picture track={track} name={name} />
      <div className="tile-foot">
        <span className="tile-name">
          {screen ? <Icon name="screen" size={14} /> : <MicMark track={track} />}
          {participant.identity === ownerId && !screen && (
            <span className="tile-owner" role="img" aria-label={t('room.owner')} title={t('room.owner')}>
              <Icon name="crown" size={14} />
            </span>
          )}
          {phone && !screen && (
            <span className="tile-phone" role="img" aria-label={t('room.phone')} title={t('room.phone')}>
              <Icon name="phone" size={14} />
            </span>
          )}
          <span className="tile-words">{participant.isLocal && !screen ? `${name} (${t('app.you')})` : title}</span>
        </span>
        {!screen && <QualityMark track={track} />}
      </div>
      {onPin && (
        <button
          type="button"
          className="tile-pin"
          aria-label={pinLabel}
          title={pinLabel}
          aria-pressed={pinned}
          onClick={() => onPin(track)}
        >
          <Icon name="pin" size={16} />
        </button>
      )}
    </ParticipantTile>
  );
}

function Picture({ track, name }: { readonly track: TrackReferenceOrPlaceholder; readonly name: string }) {
  const { t } = useTranslation();
  const muted = useIsMuted(track);
  const unshowable =
    isTrackReference(track) && !muted && !track.participant.isLocal && !decodes(track.publication.mimeType);
  const hidden = !isTrackReference(track) || muted || unshowable;
  return (
    <>
      {isTrackReference(track) && <VideoTrack trackRef={track} aria-hidden="true" tabIndex={-1} />}
      {hidden && (
        <div className="tile-empty" style={{ '--own': colourOf(track.participant.identity) } as React.CSSProperties}>
          <span className="avatar" aria-hidden="true">
            {initials(name)}
          </span>
          {unshowable && <span className="tile-note">{t('room.noPicture')}</span>}
        </div>
      )}
    </>
  );
}

function MicMark({ track }: { readonly track: TrackReferenceOrPlaceholder }) {
  const { t } = useTranslation();
  const muted = useIsMuted({ participant: track.participant, source: Track.Source.Microphone });
  if (!muted) return null;
  return (
    <span
      className="tile-muted"
      role="img"
      aria-label={t('room.micOff')}
      title={t('room.micOff')}
      data-testid="tile-muted"
    >
      <Icon name="mic-off" size={14} />
    </span>
  );
}

const BARS = { excellent: 3, good: 2, poor: 1, lost: 0, unknown: 0 } as const;

function QualityMark({ track }: { readonly track: TrackReferenceOrPlaceholder }) {
  const { t } = useTranslation();
  const { quality } = useConnectionQualityIndicator({ participant: track.participant });
  const label = t(`room.quality.${quality}`);
  return (
    <ConnectionQualityIndicator
      participant={track.participant}
      className="tile-quality"
      role="img"
      aria-label={label}
      title={label}
    >
      {[1, 2, 3].map((bar) => (
        <span key={bar} className={bar <= BARS[quality] ? 'lit' : undefined} />
      ))}
    </ConnectionQualityIndicator>
  );
}
