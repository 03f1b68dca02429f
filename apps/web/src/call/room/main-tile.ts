import type { Track } from 'livekit-client';

/** As much of a track reference as the choice needs. */
interface TileTrack {
  readonly participant: { readonly identity: string; readonly isLocal: boolean };
  readonly source: Track.Source;
}

/** Names a tile: one per participant and source. */
export function tileKey(track: TileTrack): string {
  return `${track.participant.identity}/${track.source}`;
}

const SCREEN = 'screen_share';

/**
 * Who is shown large: the pinned tile, else a shared screen (somebody else's first), else whoever speaks, else whoever was
 * shown before, else the first of the others.
 */
export function chooseMain<T extends TileTrack>(
  tracks: readonly T[],
  pinned: string | null,
  speaking: readonly string[],
  last: string | null,
): T | null {
  const pinnedTrack = tracks.find((track) => tileKey(track) === pinned);
  if (pinnedTrack) return pinnedTrack;
  const screens = tracks.filter((track) => track.source === SCREEN);
  const screen = screens.find((track) => !track.participant.isLocal) ?? screens[0];
  if (screen) return screen;
  for (const identity of speaking) {
    const speaker = tracks.find((track) => track.participant.identity === identity && !track.participant.isLocal);
    if (speaker) return speaker;
  }
  const before = tracks.find((track) => tileKey(track) === last && !track.participant.isLocal);
  return before ?? tracks.find((track) => !track.participant.isLocal) ?? tracks[0] ?? null;
}
