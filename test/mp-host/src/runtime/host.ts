import type { CodeSpace } from 'glass-easel-miniprogram-adapter';
import { MiniProgramEnv } from 'glass-easel-miniprogram-adapter';
import { DEFAULT_ANSWERS, defineButton, type UserAnswers } from './builtins/button.ts';
import { defineChoices, defineForm, definePicker, defineTextFields, defineToggles } from './builtins/fields.ts';
import { defineLive } from './builtins/live.ts';
import { definePlain } from './builtins/plain.ts';
import { describe, Failures, setSink } from './failures.ts';
import { Lifetimes } from './lifetimes.ts';
import { LiveRegistry } from './live/registry.ts';
import { Pages } from './pages.ts';
import { registerUnit } from './register.ts';
import { installStyles, PageStyles } from './styles.ts';
import { prepareFramework } from './tree.ts';
import type { BuiltApp, Caller, Query, UnitConfig } from './types.ts';
import { parsePageUrl } from './url.ts';
import { ApiFactory, type WxCall } from './wx/api.ts';
import { DEFAULT_DEVICE, type Device, type PhoneState } from './wx/device.ts';
import { createWx } from './wx/index.ts';
import { Consents } from './wx/privacy.ts';
import { Session } from './wx/session.ts';
import { Network } from './wx/socket.ts';
import { Storage } from './wx/storage.ts';
import { Overlays } from './wx/ui.ts';

type AppInstance = Record<string, unknown>;

/** The phone around one mini program: what tests look at and turn. It is `window.__mp`. */
export class Host {
  readonly failures = new Failures();
  readonly device: Device = { ...DEFAULT_DEVICE, lacks: [] };
  readonly state: PhoneState = { keepScreenOn: false, clipboard: '', vibrations: 0, updateReady: false };
  readonly answers: UserAnswers = { ...DEFAULT_ANSWERS };
  readonly storage = new Storage();
  readonly network = new Network();
  readonly consents = new Consents();
  readonly session = new Session();
  readonly overlays = new Overlays();
  readonly live: LiveRegistry;
  readonly pages: Pages;
  readonly #built: BuiltApp;
  readonly #space: CodeSpace;
  readonly #styles = new PageStyles();
  readonly #make: ApiFactory;
  #app: AppInstance | null = null;
  #hidden = false;

  constructor(built: BuiltApp) {
    this.#built = built;
    setSink(this.failures);
    const context = prepareFramework(this.failures);
    const env = new MiniProgramEnv();
    const lifetimes = new Lifetimes();
    const backend = env.associateBackend(context);
    this.#space = env.createCodeSpace('main', true);
    const builtins = this.#space;
    builtins.getComponentSpace().updateComponentOptions({ writeIdToDOM: true });
    this.pages = new Pages({
      app: built.appJson,
      configs: new Map(built.units.filter((unit) => unit.kind === 'page').map((unit) => [unit.path, unit.json])),
      backend,
      space: this.#space,
      lifetimes,
      styles: this.#styles,
      themed: (config) => themed(config, built.theme[this.device.theme]),
    });
    this.live = new LiveRegistry(this.failures, (element) => this.pages.ownerOf(element));
    this.#make = new ApiFactory((message) => this.failures.add('error', message));
    definePlain(builtins, this.pages);
    defineButton(builtins, { pages: this.pages, consents: this.consents, answers: this.answers });
    defineTextFields(builtins);
    defineToggles(builtins);
    defineChoices(builtins);
    defineForm(builtins);
    definePicker(builtins);
    defineLive(builtins, this.live);
    // After the built-in components: they have no use for it.
    lifetimes.follow(this.#space);
    installStyles(built.appStyle);
    this.#globals();
    window.addEventListener('error', (event) => this.failures.add('error', describe(event.error ?? event.message)));
    window.addEventListener('unhandledrejection', (event) => this.failures.add('promise', describe(event.reason)));
    window.addEventListener('scroll', () => this.#scrolled());
  }

  /** Calls of `wx`, the newest last. */
  get calls(): readonly WxCall[] {
    return this.#make.calls;
  }

  get app(): AppInstance {
    if (this.#app === null) throw new Error('the mini program has not called App()');
    return this.#app;
  }

  /** The page on top. */
  get page(): Caller {
    const top = this.pages.top;
    if (top === null) throw new Error('no page is open');
    return top;
  }

  /** Runs the scripts and opens a page: the first of `app.json` unless another is named. */
  launch(url = `/${this.#built.appJson.pages[0] ?? ''}`, scene = 1001): void {
    const { path, query } = parsePageUrl(url.startsWith('/') ? url : `/${url}`, '');
    this.session.launch = { path, query, scene };
    this.#built.startApp();
    // Components first: a page names those it uses.
    for (const unit of [...this.#built.units].reverse())
      registerUnit(this.#space, unit, this.#built.scopeMark, this.#styles);
    this.#app ??= {};
    this.#callApp('onLaunch', this.session.launch);
    this.#callApp('onShow', this.session.launch);
    this.pages.reLaunch(url.startsWith('/') ? url : `/${url}`);
  }

  /** The user leaves WeChat, or another program comes before it. */
  hideApp(): void {
    if (this.#hidden) return;
    this.#hidden = true;
    this.pages.hideTop();
    this.#callApp('onHide', {});
    this.session.hide.fire({});
  }

  showApp(query: Query = {}): void {
    if (!this.#hidden) return;
    this.#hidden = false;
    const options = { ...this.session.launch, query };
    this.#callApp('onShow', options);
    this.session.show.fire(options);
    this.pages.showTop();
  }

  /** The menu's 转发. */
  shareFromMenu(): Record<string, unknown> {
    return this.pages.share('menu').result;
  }

  /** Ends the mini program: its pages are unloaded. */
  close(): void {
    this.pages.closeAll();
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = document.documentElement;
    this.pages.call('onPageScroll', { scrollTop });
    if (scrollHeight - scrollTop - clientHeight <= 50) this.pages.call('onReachBottom');
  }

  #callApp(name: string, options: object): void {
    const method = this.#app?.[name];
    if (typeof method !== 'function') return;
    try {
      method.call(this.#app, options);
    } catch (error) {
      this.failures.add('error', describe(error));
    }
  }

  #globals(): void {
    const wx = createWx({
      make: this.#make,
      pages: this.pages,
      overlays: this.overlays,
      network: this.network,
      storage: this.storage,
      device: this.device,
      state: this.state,
      consents: this.consents,
      session: this.session,
      live: this.live,
      refuse: (message) => this.failures.add('wx', message),
    });
    Object.assign(window, {
      wx,
      App: (definition: AppInstance) => {
        this.#app = definition;
      },
      getApp: () => this.#app ?? undefined,
      getCurrentPages: () => this.pages.callers,
      getRegExp: (source: string, flags?: string) => new RegExp(source, flags),
      getDate: (...values: []) => new Date(...values),
    });
  }
}

function themed(config: UnitConfig, theme: Readonly<Record<string, string>>): UnitConfig {
  const value = (one: unknown) => (typeof one === 'string' && one.startsWith('@') ? (theme[one.slice(1)] ?? one) : one);
  return Object.fromEntries(Object.entries(config).map(([name, one]) => [name, value(one)]));
}
