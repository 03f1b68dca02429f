import type { Bundle } from '@lianmai/mp-host/build';
import { type ChromiumPhone, openInChromium, PHONE } from '@lianmai/mp-host/chromium';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { waitFor } from '../wait.ts';

/** Hosts that the component may ask; anything else on the way out of a phone is an error. */
const HOSTS = ['official.opensso.tencent-cloud.com', 'yun.tim.qq.com'];
const PATIENCE = { timeout: 40_000 };

export interface CloudPhoneOptions {
  /** The page to open, with its query; the list of rooms otherwise. */
  readonly url?: string;
  /** Version of WeChat: before 7.0.8 its live-pusher wants a roomsig. */
  readonly wechat?: string;
  /** The guideline still has to be agreed to. */
  readonly privacyNeeded?: boolean;
}

interface World {
  readonly functions: Readonly<Record<string, (data: unknown) => unknown>>;
  readonly tencentUrl: string;
}

/** A phone whose live components are played by a script, since Tencent's media run nowhere but at Tencent. */
export class CloudPhone {
  readonly openId: string;
  readonly #app: ChromiumPhone;
  readonly #context: BrowserContext;
  open = true;

  static async open(
    openId: string,
    browser: Browser,
    bundle: Bundle,
    { functions, tencentUrl }: World,
    { url, wechat, privacyNeeded = false }: CloudPhoneOptions,
  ): Promise<CloudPhone> {
    const context = await browser.newContext(PHONE);
    await context.clock.install({ time: Date.now() });
    const app = await openInChromium(await context.newPage(), bundle, {
      cloud: functions,
      prepare: `
        mp.device.language = 'en';
        ${wechat === undefined ? '' : `mp.device.version = ${JSON.stringify(wechat)};`}
        mp.consents.privacyNeeded = ${privacyNeeded};
        const out = mp.network.handler;
        mp.network.handler = (request) => {
          const host = ${JSON.stringify(HOSTS)}.find((one) => request.url.startsWith('https://' + one + '/'));
          if (host === undefined) throw new Error('no such domain on the list: ' + request.url);
          return out({ ...request, url: request.url.replace('https://', ${JSON.stringify(`${tencentUrl}/`)}) });
        };`,
      ...(url === undefined ? {} : { url }),
    });
    return new CloudPhone(openId, app, context);
  }

  private constructor(openId: string, app: ChromiumPhone, context: BrowserContext) {
    this.openId = openId;
    this.#app = app;
    this.#context = context;
  }

  get page(): Page {
    return this.#app.page;
  }

  get(testId: string): Locator {
    return this.#app.get(testId);
  }

  async sees(testId: string): Promise<string> {
    await this.get(testId)
      .waitFor(PATIENCE)
      .catch(async (error: unknown) => {
        throw new Error(`${this.openId} does not see ${testId} but: ${await this.page.innerText('body')}`, {
          cause: error,
        });
      });
    return this.#app.text(testId);
  }

  async seesNo(testId: string): Promise<void> {
    await this.page
      .locator(`[data-testid="${testId}"]:visible`)
      .first()
      .waitFor({ ...PATIENCE, state: 'detached' });
  }

  tap(testId: string): Promise<void> {
    return this.#app.tap(testId);
  }

  input(testId: string, value: string): Promise<void> {
    return this.#app.input(testId, value);
  }

  run<T>(expression: string): Promise<T> {
    return this.#app.run(expression);
  }

  /** What toasts have said so far. */
  toasts(): Promise<string[]> {
    return this.run(`mp.calls.filter(({ name }) => name === 'showToast').map(({ options }) => options.title)`);
  }

  async isTold(words: string): Promise<void> {
    await waitFor(
      `${this.openId} is told "${words}"`,
      () => this.toasts(),
      (all) => all.includes(words),
      PATIENCE,
    );
  }

  /** Makes a room, from the list; answers its number as soon as there is one. */
  async create(roomName: string): Promise<string> {
    await this.tap('create');
    await this.input('name', roomName);
    await this.tap('submit');
    return this.number();
  }

  /** Joins by number, from the list. */
  async join(number: string): Promise<void> {
    await this.tap('join');
    await this.input('number', number);
    await this.tap('submit');
  }

  /** The number of the room that it has a seat in. */
  number(): Promise<string> {
    return waitFor(
      `${this.openId} has a seat`,
      () => this.run<string>('String(mp.page.data.view?.number ?? "")'),
      (number) => /^[1-9]\d*$/.test(number),
      PATIENCE,
    );
  }

  /** Where live-pusher pushes to, empty while it stands still. */
  pushUrl(): Promise<string> {
    return this.run('mp.live.scripted.pushers.find((one) => one.running)?.view.props.url ?? ""');
  }

  /** Where it pushes to, once it does, and when it is another one than this. */
  pushes(otherThan = ''): Promise<string> {
    return waitFor(
      `${this.openId} pushes`,
      () => this.pushUrl(),
      (url) => url !== '' && url !== otherThan,
      PATIENCE,
    );
  }

  async pushesNoMore(): Promise<void> {
    await waitFor(
      `${this.openId} pushes no more`,
      () => this.pushUrl(),
      (url) => url === '',
      PATIENCE,
    );
  }

  /** live-pusher says this. */
  async pusherSays(code: number, message: unknown): Promise<void> {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    await this.run(`mp.live.scripted.pushers[0].view.state(${code}, ${JSON.stringify(text)})`);
  }

  /** The live-player of this source says this. */
  async playerSays(src: string, code: number): Promise<void> {
    const player = `mp.live.scripted.players.find(({ view }) => view.props.src === ${JSON.stringify(src)})`;
    await this.run(`${player}.view.state(${code}, '')`);
  }

  /** Its live-players play these sources, and nothing else. */
  async plays(...sources: string[]): Promise<void> {
    const wanted = JSON.stringify(sources.map((src) => ({ src, mode: 'RTC', running: true })));
    await waitFor(
      `${this.openId} to play ${sources.join(', ') || 'nothing'}`,
      () =>
        this.run<object[]>(
          'mp.live.scripted.players.map(({ view, running }) => ({ src: view.props.src, mode: view.props.mode, running }))',
        ),
      (players) => JSON.stringify(players) === wanted,
      PATIENCE,
    );
  }

  /** Battery empty: nothing is said to anybody. */
  async vanish(): Promise<void> {
    this.open = false;
    await this.#context.close();
  }

  /** Throws when something failed in the mini program that nobody took with `mp.failures.take`. */
  async close(): Promise<void> {
    this.open = false;
    try {
      await this.#app.close();
    } finally {
      await this.#context.close();
    }
  }
}
