import type { RoomListState } from '@lianmai/client-core';
import i18next from 'i18next';
import { renderToStaticMarkup } from 'react-dom/server';
import { initReactI18next } from 'react-i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import { Rooms } from './Rooms.tsx';

// Shows the keys of the words.
beforeAll(() => i18next.use(initReactI18next).init({ lng: 'cimode' }));

const nothing = () => {};
const render = (state: Partial<RoomListState>, over: boolean) =>
  renderToStaticMarkup(
    <Rooms
      state={{ rooms: null, total: 0, failure: null, readAt: null, ...state }}
      over={over}
      onRetry={nothing}
      onGuest={nothing}
    />,
  );

describe('[WEB13] the rooms, when the session by a one-time code is over', () => {
  it('say so and offer to go on as a guest, in place of a list or of trying again', () => {
    const failure = { reason: 'sign-in', code: null, detail: '' } as const;
    for (const rooms of [null, []]) {
      const page = render({ rooms, failure }, true);
      expect(page).toContain('login.over');
      expect(page).toContain('data-testid="login-guest"');
      expect(page).not.toMatch(/tryAgain|unreachable|lobby\.stale|lobby\.empty|app\.loading/);
    }
    expect(render({ failure }, false)).toContain('app.tryAgain');
  });
});
