/** The rendered phone: what WeChat's own style sheet gives every page. */
const BASE = `
:root { --rpx: calc(100vw / 750); }
* { margin: 0; box-sizing: content-box; -webkit-tap-highlight-color: transparent; }
body { background: #fff; color: #000; font: 16px/1.4 -apple-system, 'Helvetica Neue', 'PingFang SC', 'Noto Sans CJK SC', sans-serif; }
.mp-page[hidden], [hidden] { display: none !important; }
.mp-page { position: relative; min-height: 100vh; }
.mp-page.mp-bar { padding-top: 44px; min-height: calc(100vh - 44px); }
/* A page that does not scroll holds what is fixed in it, below the bar, as WeChat's own window does. */
.mp-page.mp-bar.mp-still { position: fixed; inset: 44px 0 0; min-height: 0; padding: 0; transform: translateZ(0); }
.mp-still > .mp-title { position: absolute; top: -44px; }
.mp-title { position: fixed; z-index: 900; top: 0; left: 0; right: 0; height: 44px; line-height: 44px; text-align: center;
  font-size: 17px; font-weight: 500; }
.mp-back { position: absolute; left: 12px; top: 0; height: 44px; border: 0; background: none; color: inherit; font-size: 22px; }
wx-page, wx-view, wx-scroll-view, wx-swiper, wx-swiper-item, wx-form, wx-cover-view, wx-button, wx-navigator, wx-rich-text,
wx-progress, wx-picker, wx-root-portal, wx-radio-group, wx-checkbox-group { display: block; }
wx-text, wx-label, wx-icon, wx-radio, wx-checkbox, wx-switch { display: inline-block; }
wx-text { display: inline; white-space: pre-line; }
wx-image, wx-cover-image { display: inline-block; overflow: hidden; width: 320px; height: 240px; }
wx-cover-image { width: auto; height: auto; }
wx-image > img { display: block; width: 100%; height: 100%; }
wx-scroll-view { overflow: hidden; }
wx-scroll-view[data-scroll-y] { overflow-y: auto; }
wx-scroll-view[data-scroll-x] { overflow-x: auto; white-space: nowrap; }
wx-swiper { position: relative; height: 150px; overflow: hidden; }
wx-swiper-item { position: absolute; inset: 0; }
wx-button { position: relative; margin: 0 auto; padding: 0 14px; box-sizing: border-box; font-size: 18px; text-align: center;
  line-height: 2.55555556; border-radius: 5px; overflow: hidden; color: #000; background: #f8f8f8; cursor: default; }
wx-button::after { content: ''; position: absolute; inset: 0; border: 1px solid rgba(0, 0, 0, .1); border-radius: 5px; pointer-events: none; }
wx-button[data-type=primary] { color: #fff; background: #07c160; }
wx-button[data-type=warn] { color: #fff; background: #fa5151; }
wx-button[data-size=mini] { display: inline-block; line-height: 2.3; font-size: 13px; padding: 0 1.32em; }
wx-button[data-plain] { background: transparent; border: 1px solid #353535; }
wx-button[data-disabled] { color: rgba(0, 0, 0, .3); }
wx-button[data-type=primary][data-disabled] { background: #9ed99d; color: rgba(255, 255, 255, .6); }
wx-input { display: block; height: 1.4rem; min-height: 1.4rem; overflow: hidden; cursor: auto; }
wx-textarea { display: block; width: 300px; height: 150px; }
wx-input > input, wx-textarea > textarea { width: 100%; height: 100%; min-height: inherit; padding: 0; border: 0; outline: 0; resize: none;
  background: none; font: inherit; color: inherit; text-align: inherit; box-sizing: border-box; display: block; }
wx-switch > input { width: 52px; height: 32px; margin: 0; accent-color: #07c160; }
wx-slider { display: block; margin: 10px 18px; } wx-slider > input { width: 100%; accent-color: #07c160; }
wx-icon { width: 23px; height: 23px; border-radius: 50%; background: #07c160; }
wx-live-pusher, wx-live-player { display: block; position: relative; width: 300px; height: 225px; background: #000; overflow: hidden; }
wx-live-pusher > video, wx-live-player > video, wx-live-pusher > canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
wx-live-pusher > :not(video):not(canvas), wx-live-player > :not(video) { position: relative; z-index: 1; }
wx-web-view, wx-web-view > iframe { position: fixed; inset: 0; width: 100%; height: 100%; border: 0; background: #fff; }
.mp-veil { position: fixed; z-index: 1000; inset: 0; background: rgba(0, 0, 0, .5); display: flex; align-items: center; justify-content: center; }
.mp-veil.mp-clear { background: none; pointer-events: none; }
.mp-veil.mp-low { align-items: flex-end; }
.mp-modal { width: 300px; border-radius: 10px; background: #fff; text-align: center; overflow: hidden; }
.mp-modal h3 { padding: 28px 24px 12px; font-size: 17px; } .mp-modal p { padding: 0 24px 28px; color: rgba(0, 0, 0, .5); white-space: pre-wrap; }
.mp-modal input { margin: 0 24px 24px; width: 232px; padding: 6px; }
.mp-modal footer { display: flex; border-top: 1px solid #eee; }
.mp-modal button, .mp-sheet button { flex: 1; padding: 14px; border: 0; background: none; font-size: 17px; }
.mp-sheet { width: 100%; background: #fff; border-radius: 12px 12px 0 0; display: flex; flex-direction: column; }
.mp-sheet button + button { border-top: 1px solid #eee; }
.mp-toast { min-width: 80px; max-width: 220px; padding: 16px; border-radius: 10px; background: #4c4c4c; color: #fff; text-align: center; }
`;

/** Puts the base and the application's styles into the page; the components' come as they are registered. */
export function installStyles(appStyle: string): void {
  add('base', BASE);
  add('app', appStyle);
}

/** Adds one style sheet; an empty one is nothing. */
export function add(name: string, css: string): HTMLStyleElement | null {
  if (css === '') return null;
  const element = document.createElement('style');
  element.dataset['wxss'] = name;
  element.textContent = css;
  document.head.append(element);
  return element;
}

/** A page's own styles count only while it is on top: in WeChat each page is a web view of its own. */
export class PageStyles {
  readonly #sheets = new Map<string, HTMLStyleElement>();

  set(path: string, css: string): void {
    const element = add(path, css);
    if (element === null) return;
    element.media = 'not all';
    this.#sheets.set(path, element);
  }

  show(path: string): void {
    for (const [name, element] of this.#sheets) element.media = name === path ? 'all' : 'not all';
  }
}
