import type { AssociatedBackend, CodeSpace, Root } from 'glass-easel-miniprogram-adapter';
import { EventChannel } from './channel.ts';
import { raise } from './failures.ts';
import type { Lifetimes } from './lifetimes.ts';
import { PageFrame } from './page-frame.ts';
import type { PageStyles } from './styles.ts';
import type { AppConfig, Caller, Query, Share, UnitConfig } from './types.ts';
import { parsePageUrl } from './url.ts';
import { WxFail } from './wx/api.ts';

/** Pages on the stack at once, as WeChat allows. */
const MAX_DEPTH = 10;

interface OpenPage {
  readonly path: string;
  readonly root: Root;
  readonly caller: Caller;
  readonly frame: PageFrame;
  readonly channel: EventChannel;
  ready: boolean;
}

export interface PagesOptions {
  readonly app: AppConfig;
  readonly configs: ReadonlyMap<string, UnitConfig>;
  readonly backend: AssociatedBackend;
  readonly space: CodeSpace;
  readonly lifetimes: Lifetimes;
  readonly styles: PageStyles;
  /** Puts the theme's values in for `@name`. */
  readonly themed: (config: UnitConfig) => UnitConfig;
}

/** The stack of pages: what is opened, shown, hidden and unloaded, and in which order its functions are called. */
export class Pages {
  readonly shares: Share[] = [];
  readonly #options: PagesOptions;
  #stack: OpenPage[] = [];

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  get callers(): Caller[] {
    return this.#stack.map((page) => page.caller);
  }

  get top(): Caller | null {
    return this.#stack.at(-1)?.caller ?? null;
  }

  get topFrame(): PageFrame | null {
    return this.#stack.at(-1)?.frame ?? null;
  }

  /** The element of a page that a component belongs to. */
  ownerOf(element: Element): Caller | null {
    return this.#stack.find((page) => page.frame.element.contains(element))?.caller ?? null;
  }

  navigateTo(url: string, events: Record<string, (...values: unknown[]) => void> = {}): EventChannel {
    const { path, query } = this.#parse(url);
    if (this.#isTab(path)) throw new WxFail('can not navigateTo a tabbar page');
    if (this.#stack.length >= MAX_DEPTH) throw new WxFail('webview count limit exceed');
    this.#hide(this.#stack.at(-1));
    const page = this.#open(path, query);
    for (const [name, run] of Object.entries(events)) page.channel.on(name, run);
    return page.channel;
  }

  redirectTo(url: string): void {
    const { path, query } = this.#parse(url);
    if (this.#isTab(path)) throw new WxFail('can not redirectTo a tabbar page');
    this.#close(this.#stack.pop());
    this.#open(path, query);
  }

  reLaunch(url: string): void {
    const { path, query } = this.#parse(url);
    this.#closeAll();
    this.#open(path, query);
  }

  switchTab(url: string): void {
    const { path } = this.#parse(url);
    if (!this.#isTab(path)) throw new WxFail('can not switch to no-tabBar page');
    // A tab's page stays in WeChat; here it is opened anew, which a page cannot rely upon either way.
    this.#closeAll();
    this.#open(path, {});
  }

  navigateBack(delta: number): void {
    if (this.#stack.length < 2) throw new WxFail('cannot navigate back at first page.');
    const count = Math.min(Math.max(delta, 1), this.#stack.length - 1);
    for (let index = 0; index < count; index++) this.#close(this.#stack.pop());
    this.#show(this.#stack.at(-1));
  }

  /** The whole application goes to the background, or comes back. */
  hideTop(): void {
    this.#hide(this.#stack.at(-1));
  }

  showTop(): void {
    this.#show(this.#stack.at(-1));
  }

  closeAll(): void {
    this.#closeAll();
  }

  /** Calls a function of the page on top, such as `onPullDownRefresh`. */
  call(name: string, ...values: unknown[]): unknown {
    return this.top === null ? undefined : callPage(this.top, name, ...values);
  }

  /** Asks the page on top what to share. */
  share(from: Share['from'], target: unknown = undefined): Share {
    const result = (this.call('onShareAppMessage', { from, target }) ?? {}) as Record<string, unknown>;
    const share = { from, result };
    this.shares.push(share);
    return share;
  }

  /** Tells the components of the page on top of a change of size. */
  resize(size: { readonly windowWidth: number; readonly windowHeight: number }): void {
    const page = this.#stack.at(-1);
    if (page === undefined) return;
    callPage(page.caller, 'onResize', { size });
    page.root.getComponent().triggerPageLifetime('resize', [{ size }]);
  }

  #parse(url: string): { readonly path: string; readonly query: Query } {
    const { path, query } = parsePageUrl(url, this.#stack.at(-1)?.path ?? '');
    if (!this.#options.configs.has(path)) throw new WxFail(`page "${path}" is not found`);
    return { path, query };
  }

  #isTab(path: string): boolean {
    return this.#options.app.tabBar?.list.some((tab) => tab.pagePath === path) ?? false;
  }

  #open(path: string, query: Query): OpenPage {
    const { backend, space, lifetimes, configs, app } = this.#options;
    const search = Object.entries(query).map(([name, value]) => `${name}=${value}`);
    const root = backend.createRoot('page', space, `/${path}${search.length === 0 ? '' : `?${search.join('&')}`}`);
    const caller = root.get() as unknown as Caller;
    caller.route = path;
    caller.options = query;
    const frame = new PageFrame(
      this.#options.themed({ ...app.window, ...configs.get(path) }),
      this.#stack.length > 0,
      () => {
        if (this.#stack.length > 1) this.navigateBack(1);
      },
    );
    const channel = new EventChannel();
    caller['getOpenerEventChannel'] = () => channel;
    const page: OpenPage = { path, root, caller, frame, channel, ready: false };
    this.#stack.push(page);
    this.#options.styles.show(path);
    frame.mount((parent, placeholder) => {
      root.attach(
        parent as unknown as Parameters<Root['attach']>[0],
        placeholder as unknown as Parameters<Root['attach']>[1],
      );
    });
    callPage(caller, 'onLoad', query);
    this.#show(page);
    lifetimes.afterReady(() => {
      if (page.ready || !this.#stack.includes(page)) return;
      page.ready = true;
      callPage(caller, 'onReady');
    });
    return page;
  }

  #show(page: OpenPage | undefined): void {
    if (page === undefined) return;
    this.#options.styles.show(page.path);
    page.frame.show();
    callPage(page.caller, 'onShow');
    page.root.getComponent().triggerPageLifetime('show', []);
  }

  #hide(page: OpenPage | undefined): void {
    if (page === undefined) return;
    callPage(page.caller, 'onHide');
    page.root.getComponent().triggerPageLifetime('hide', []);
    page.frame.hide();
  }

  #close(page: OpenPage | undefined): void {
    if (page === undefined) return;
    callPage(page.caller, 'onUnload');
    page.root.release();
    page.frame.remove();
  }

  #closeAll(): void {
    for (const page of this.#stack.splice(0).reverse()) this.#close(page);
  }
}

function callPage(caller: Caller, name: string, ...values: unknown[]): unknown {
  const method = caller[name];
  if (typeof method !== 'function') return undefined;
  try {
    return method.apply(caller, values);
  } catch (error) {
    raise(error);
    return undefined;
  }
}
