import type { MediaLink } from '@lianmai/client-core';
import type { RoomInfo } from '@lianmai/protocol';
import { useTranslation } from 'react-i18next';
import { CopyLink } from '../../ui/CopyLink.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { LogoMark } from '../../ui/Logo.tsx';
import type { StageView } from './Stage.tsx';

export function RoomHeader({
  room,
  heading,
  people,
  view,
  onView,
  link,
}: {
  readonly room: RoomInfo;
  readonly heading: string;
  readonly people: number;
  readonly view: StageView;
  readonly onView: (view: StageView) => void;
  readonly link: MediaLink;
}) {
  const { t } = useTranslation();
  const other: StageView = view === 'grid' ? 'speaker' : 'grid';
  const otherLabel = other === 'grid' ? t('room.viewGrid') : t('room.viewSpeaker');
  return (
    <header className="room-header">
      <LogoMark size={28} />
      <div className="room-heading">
        <h1 title={heading}>{heading}</h1>
        <p>
          {t('lobby.numberShort', { number: room.roomID })} · {t('room.peopleCount', { count: people })}
        </p>
      </div>
      <CopyLink roomId={room.roomID} className="button quiet header-button" />
      <button
        type="button"
        className="button quiet header-button"
        data-testid="toggle-view"
        data-view={view}
        aria-label={otherLabel}
        title={otherLabel}
        onClick={() => onView(other)}
      >
        <Icon name={other} size={18} />
        <span>{otherLabel}</span>
      </button>
      <div className="link-state" role="status" data-testid="link" data-link={link}>
        {link !== 'up' && (
          <span className="link-pill">
            <span className="spinner small" aria-hidden="true" />
            {link === 'reconnecting' ? t('room.reconnecting') : t('room.rejoining')}
          </span>
        )}
      </div>
    </header>
  );
}
