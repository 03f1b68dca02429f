import { ageOf, type RoomListState } from '@lianmai/client-core';
import type { RoomInfo } from '@lianmai/protocol';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../app/router.ts';
import { roomPath } from '../app/routes.ts';
import { CopyLink } from '../ui/CopyLink.tsx';
import { Icon } from '../ui/Icon.tsx';
import { LogoMark } from '../ui/Logo.tsx';
import { isNamed, roomTitle } from '../ui/room-title.ts';

/** The time, told anew often enough for ages in minutes. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 20_000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

/** The list of rooms. `over`: nothing is read any more, because the session by a one-time code is over. */
export function Rooms({
  state,
  over,
  onRetry,
  onGuest,
}: {
  readonly state: RoomListState;
  readonly over: boolean;
  readonly onRetry: () => void;
  readonly onGuest: () => void;
}) {
  const { t } = useTranslation();
  const { rooms, failure, total } = state;
  return (
    <section className="rooms" aria-labelledby="rooms-title" aria-busy={rooms === null && failure === null}>
      <div className="rooms-head">
        <h2 id="rooms-title">{t('lobby.listTitle')}</h2>
        {rooms && rooms.length > 0 && <span className="rooms-count">{t('lobby.count', { count: total })}</span>}
        {rooms && !failure && (
          <span className="live">
            <span className="live-dot" aria-hidden="true" />
            {t('lobby.refreshed')}
          </span>
        )}
        <span className="rooms-stale" role="status">
          {rooms && failure && !over ? t('lobby.stale') : ''}
        </span>
      </div>
      {over ? (
        <SessionOver onGuest={onGuest} />
      ) : (
        <RoomsBody rooms={rooms} failed={failure !== null} total={total} onRetry={onRetry} />
      )}
    </section>
  );
}

/** Trying again does not help: the way on is as a guest. */
function SessionOver({ onGuest }: { readonly onGuest: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="card empty" role="alert" data-testid="login-problem" data-problem="over">
      <span className="message-icon">
        <Icon name="lock" size={28} />
      </span>
      <p>{t('login.over')}</p>
      <button type="button" className="button" data-testid="login-guest" onClick={onGuest}>
        {t('login.asGuest')}
      </button>
    </div>
  );
}

function RoomsBody({
  rooms,
  failed,
  total,
  onRetry,
}: {
  readonly rooms: readonly RoomInfo[] | null;
  readonly failed: boolean;
  readonly total: number;
  readonly onRetry: () => void;
}) {
  const { t } = useTranslation();
  const now = useNow();
  if (rooms === null && failed) {
    return (
      <div className="card empty" role="alert">
        <span className="message-icon">
          <Icon name="warning" size={28} />
        </span>
        <h3>{t('lobby.unreachableTitle')}</h3>
        <p>{t('lobby.unreachableBody')}</p>
        <button type="button" className="button" onClick={onRetry}>
          <Icon name="refresh" size={18} />
          <span>{t('app.tryAgain')}</span>
        </button>
      </div>
    );
  }
  if (rooms === null) {
    return (
      <div className="room-list" role="status">
        <span className="visually-hidden">{t('app.loading')}</span>
        {[0, 1, 2].map((row) => (
          <div key={row} className="room-row skeleton-row" aria-hidden="true">
            <span className="skeleton skeleton-badge" />
            <span className="skeleton-lines">
              <span className="skeleton" />
              <span className="skeleton short" />
            </span>
            <span className="skeleton skeleton-button" />
          </div>
        ))}
      </div>
    );
  }
  if (rooms.length === 0) {
    return (
      <div className="card empty">
        <LogoMark size={44} />
        <h3>{t('lobby.emptyTitle')}</h3>
        <p>{t('lobby.emptyBody')}</p>
      </div>
    );
  }
  return (
    <>
      <ul className="room-list">
        {rooms.map((room) => (
          <RoomRow key={room.roomID} room={room} now={now} />
        ))}
      </ul>
      {total > rooms.length && <p className="rooms-more">{t('lobby.more', { shown: rooms.length, total })}</p>}
    </>
  );
}

function RoomRow({ room, now }: { readonly room: RoomInfo; readonly now: number }) {
  const { t } = useTranslation();
  const full = room.memberCount >= room.capacity;
  const name = roomTitle(room, t);
  const age = ageOf(room.createTime, now);
  const share = Math.min(room.memberCount / Math.max(room.capacity, 1), 1);
  return (
    <li className="room-row" data-testid="room-list-item" data-room={room.roomID} data-full={full}>
      <span className="room-badge" aria-hidden="true">
        {isNamed(room) ? [...name][0]?.toUpperCase() : '#'}
      </span>
      <div className="room-text">
        <h3 title={name}>{name}</h3>
        <p>
          <span>{t('lobby.numberShort', { number: room.roomID })}</span>
          <span>{age.unit === 'now' ? t('age.now') : t(`age.${age.unit}`, { count: age.count })}</span>
        </p>
      </div>
      <div className="room-people">
        <span>{t('lobby.people', { count: room.memberCount, capacity: room.capacity })}</span>
        <meter className="seats" min={0} max={1} value={share} aria-hidden="true" />
      </div>
      <span className={full ? 'tag full' : 'tag open'}>{full ? t('lobby.full') : t('lobby.open')}</span>
      <div className="room-actions">
        <CopyLink roomId={room.roomID} className="button quiet icon-only" />
        <a
          className="button"
          href={roomPath(room.roomID)}
          aria-label={t('lobby.enter', { name })}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            navigate(roomPath(room.roomID));
          }}
        >
          {t('lobby.joinSubmit')}
        </a>
      </div>
    </li>
  );
}
