import type { Room } from 'livekit-client';

declare global {
  interface Window {
    /** The call's room, for support and tests: only on pages with `?debug=1`. */
    __lianmaiRoom?: Room | undefined;
  }
}

/** Puts the room where a console can reach it; the answer takes it away again. */
export function exposeRoom(room: Room): () => void {
  window.__lianmaiRoom = room;
  return () => {
    if (window.__lianmaiRoom === room) window.__lianmaiRoom = undefined;
  };
}
