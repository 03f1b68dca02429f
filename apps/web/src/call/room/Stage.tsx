import {
  type TrackReferenceOrPlaceholder,
  useGridLayout,
  usePagination,
  useSpeakingParticipants,
  useSwipe,
  useTracks,
} from '@livekit/components-react';
import { Track } from 'livekit-client';
import { type RefObject, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyLink } from '../../ui/CopyLink.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { GRID_LAYOUTS } from './grid-layouts.ts';
import { chooseMain, tileKey } from './main-tile.ts';
import { Tile } from './Tile.tsx';

export type StageView = 'grid' | 'speaker';

/** Everybody's picture: all alike, or one large and the others beside it. */
export function Stage({
  view,
  onView,
  ownerId,
  roomId,
}: {
  readonly view: StageView;
  readonly onView: (view: StageView) => void;
  readonly ownerId: string;
  readonly roomId: string;
}) {
  const { t } = useTranslation();
  const tracks = useTracks(
    [
      { source: Track.Source.Camera, withPlaceholder: true },
      { source: Track.Source.ScreenShare, withPlaceholder: false },
    ],
    { onlySubscribed: false },
  );
  const [pinned, setPinned] = useState<string | null>(null);
  const screens = tracks.filter((track) => track.source === Track.Source.ScreenShare).length;
  useScreenView(screens, onView);

  const pin = (track: TrackReferenceOrPlaceholder) => {
    const key = tileKey(track);
    setPinned((current) => (current === key ? null : key));
    onView('speaker');
  };
  const alone = tracks.length === 1;
  return (
    <section className="stage" aria-label={t('room.stage')} data-view={view}>
      {view === 'grid' || alone ? (
        <Grid tracks={tracks} ownerId={ownerId} onPin={alone ? null : pin} />
      ) : (
        <SpeakerView tracks={tracks} ownerId={ownerId} pinned={pinned} onPin={pin} />
      )}
      {alone && (
        <div className="alone">
          <strong>{t('room.aloneTitle')}</strong>
          <span>{t('room.aloneBody')}</span>
          <CopyLink roomId={roomId} className="button small" />
        </div>
      )}
    </section>
  );
}

/** A screen that is shared is what everybody came to see: it is shown large when it appears. */
function useScreenView(screens: number, onView: (view: StageView) => void): void {
  const previous = useRef(0);
  useEffect(() => {
    if (screens > previous.current) onView('speaker');
    if (screens === 0 && previous.current > 0) onView('grid');
    previous.current = screens;
  }, [screens, onView]);
}

interface TilesProps {
  readonly tracks: TrackReferenceOrPlaceholder[];
  readonly ownerId: string;
  readonly onPin: ((track: TrackReferenceOrPlaceholder) => void) | null;
}

function Grid({ tracks, ownerId, onPin }: TilesProps) {
  const { t } = useTranslation();
  // The hooks' types are of React 18, where a ref's element is never null.
  const grid = useRef<HTMLDivElement>(null) as RefObject<HTMLDivElement>;
  const { layout } = useGridLayout(grid, tracks.length, { gridLayouts: GRID_LAYOUTS });
  const { tracks: onPage, totalPageCount, currentPage, nextPage, prevPage } = usePagination(layout.maxTiles, tracks);
  useSwipe(grid, { onLeftSwipe: nextPage, onRightSwipe: prevPage });
  return (
    <>
      <div className="grid" ref={grid} data-count={onPage.length} data-columns={layout.columns}>
        {onPage.map((track) => (
          <Tile key={tileKey(track)} track={track} ownerId={ownerId} pinned={false} onPin={onPin} />
        ))}
      </div>
      {totalPageCount > 1 && (
        <nav className="pages">
          <button
            type="button"
            className="round small"
            aria-label={t('room.previousPage')}
            disabled={currentPage === 1}
            onClick={prevPage}
          >
            <Icon name="back" size={18} />
          </button>
          <span>{t('room.page', { page: currentPage, pages: totalPageCount })}</span>
          <button
            type="button"
            className="round small"
            aria-label={t('room.nextPage')}
            disabled={currentPage === totalPageCount}
            onClick={nextPage}
          >
            <Icon name="arrow" size={18} />
          </button>
        </nav>
      )}
    </>
  );
}

function SpeakerView({ tracks, ownerId, pinned, onPin }: TilesProps & { readonly pinned: string | null }) {
  const speaking = useSpeakingParticipants();
  const [lastMain, setLastMain] = useState<string | null>(null);
  const main = chooseMain(
    tracks,
    pinned,
    speaking.map((participant) => participant.identity),
    lastMain,
  );
  const mainKey = main ? tileKey(main) : null;
  if (mainKey !== lastMain) setLastMain(mainKey);
  const others = tracks.filter((track) => track !== main);
  return (
    <div className="speaker-view">
      <div className="speaker-main">
        {main && <Tile track={main} ownerId={ownerId} pinned={pinned === mainKey} onPin={onPin} large />}
      </div>
      {others.length > 0 && (
        <div className="speaker-strip">
          {others.map((track) => (
            <Tile
              key={tileKey(track)}
              track={track}
              ownerId={ownerId}
              pinned={pinned === tileKey(track)}
              onPin={onPin}
            />
          ))}
        </div>
      )}
    </div>
  );
}
