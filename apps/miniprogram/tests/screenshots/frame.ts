import type { CDPSession, Page } from 'playwright-core';

/** A phone's screen in points, without the status bar, which is above every page. */
export interface Screen {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Height of the home indicator. */
  readonly bottom: number;
}

export const SCREENS: readonly Screen[] = [
  { name: '320', width: 320, height: 568 - 20, bottom: 0 },
  { name: '375', width: 375, height: 812 - 44, bottom: 34 },
  { name: '430', width: 430, height: 932 - 59, bottom: 34 },
];

const CAPSULE = `
.mp-title > span { display: block; margin: 0 102px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.mp-title::after { content: '•••   ◉'; position: absolute; top: 6px; right: 7px; box-sizing: border-box; width: 87px; height: 32px;
  border: 1px solid rgb(128 128 128 / 30%); border-radius: 16px; font: 14px/30px sans-serif; white-space: pre; }`;

/** Somebody before a wall, light enough to show whether words over a picture can be read. */
function somebody(wall: string, coat: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 120" preserveAspectRatio="xMidYMid slice">
    <rect width="90" height="120" fill="${wall}"/><rect x="58" width="24" height="48" fill="#fff" opacity=".7"/>
    <path d="M8 120c0-34 14-44 37-44s37 10 37 44z" fill="${coat}"/><circle cx="45" cy="50" r="21" fill="#e8b796"/>
    <path d="M22 52c-2-22 10-32 24-31s24 10 21 31c-5-13-12-17-22-17s-18 4-23 17z" fill="#2b211d"/></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}") 50% / cover !important`;
}

const PICTURES = `
wx-live-pusher { background: ${somebody('#d9e4ea', '#3c5a78')}; }
wx-live-player { background: ${somebody('#f2efe6', '#7a4a3a')}; }
[data-testid^=tile-]:nth-child(3n) wx-live-player { background: ${somebody('#9fb7a4', '#2f4a3b')}; }
[data-testid^=tile-]:nth-child(3n + 1) wx-live-player { background: ${somebody('#8d8796', '#c9b458')}; }`;

/** What surrounds a page on a phone: the capsule, and something for a camera to see. */
export function dress(page: Page): Promise<unknown> {
  return page.addStyleTag({ content: CAPSULE + PICTURES });
}

/** The page is on this screen now. */
export async function putOn(page: Page, session: CDPSession, screen: Screen, theme: 'light' | 'dark'): Promise<void> {
  await page.setViewportSize({ width: screen.width, height: screen.height });
  await page.emulateMedia({ colorScheme: theme });
  const { bottom } = screen;
  await session.send('Emulation.setSafeAreaInsetsOverride', { insets: { bottom, bottomMax: bottom } });
  // The bar has the theme's colours from app.json unless the page has its own, as the room has.
  await page.evaluate(`(() => {
    if (!window.__mp.page.route.startsWith('pages/room/'))
      window.__mp.pages.topFrame.setColors(...${theme === 'dark' ? "['#111111', '#ffffff']" : "['#ededed', '#000000']"});
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  })()`);
}
