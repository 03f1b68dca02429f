import { type ChromiumPhone, openInChromium, PHONE } from '@lianmai/mp-host/chromium';
import { type Media, startMedia } from '@lianmai/mp-host/media';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { isColor } from '../client.ts';
import type { Look, Rgb } from '../harness-api.ts';
import { COLORS, TONES } from '../palette.ts';
import type { Publisher } from '../product/person.ts';
import { type WaitOptions, waitFor } from '../wait.ts';
import type { MiniBundle } from './bundle.ts';
import type { LivePlayersApi } from './live-players-api.ts';

/** What the camera and the microphone of every mini program here give. */
export const MINI = { color: COLORS.green, tone: TONES.c } as const;

/** For everything that is waited for, on a machine that has other things to do, ms. */
const PATIENCE = 40_000;

/** Notes what the live components tell their page, and when: `push 1002`, `play 2004`. */
const NOTE_CODES = `{
  const { backend } = mp.live;
  const codes = (window.__codes = []);
  const times = (window.__times = []);
  const noting = (kind, view) => Object.create(view, { state: { value: (code, message) => {
    codes.push(kind + ' ' + code + (code < 0 || code >= 3000 ? ' ' + message : ''));
    times.push((performance.now() / 1000).toFixed(1));
    view.state(code, message);
  } } });
  mp.live.backend = {
    pusher: (view) => backend.pusher(noting('push', view)),
    player: (view) => backend.player(noting('play', view)),
  };
}`;

export interface MiniPhoneOptions {
  /** The page to open, with its query; the list of rooms otherwise. */
  readonly url?: string;
  readonly language?: 'en' | 'zh_CN';
  /** JavaScript before the scripts of the mini program; it sees the host as `mp`. */
  readonly prepare?: string;
  /** Functions of `wx.cloud.callFunction`, which run in the test. */
  readonly cloud?: Readonly<Record<string, (data: unknown) => unknown>>;
}

/** A phone with the mini program open, in a page of Chromium: its user's hands, eyes and ears. */
export class MiniPhone implements Publisher {
  readonly name: string;
  readonly color = MINI.color;
  readonly tone = MINI.tone;
  /** The mini program itself. */
  readonly app: ChromiumPhone;
  readonly #context: BrowserContext;
  readonly #media: Media;

  static async open(
    name: string,
    browser: Browser,
    bundle: MiniBundle,
    { url, language = 'en', prepare = '', cloud }: MiniPhoneOptions,
  ): Promise<MiniPhone> {
    const [media, context] = await Promise.all([startMedia(), browser.newContext({ ...PHONE, deviceScaleFactor: 1 })]);
    await context.addInitScript(bundle.watch);
    const app = await openInChromium(await context.newPage(), bundle.app, {
      media,
      prepare: `mp.device.language = ${JSON.stringify(language)}; ${NOTE_CODES} ${prepare}`,
      ...(url === undefined ? {} : { url }),
      ...(cloud === undefined ? {} : { cloud }),
    });
    return new MiniPhone(name, app, context, media);
  }

  private constructor(name: string, app: ChromiumPhone, context: BrowserContext, media: Media) {
    this.name = name;
    this.app = app;
    this.#context = context;
    this.#media = media;
  }

  get page(): Page {
    return this.app.page;
  }

  // Hands

  get(testId: string): Locator {
    return this.app.get(testId);
  }

  tap(testId: string): Promise<void> {
    return this.app.tap(testId);
  }

  input(testId: string, value: string): Promise<void> {
    return this.app.input(testId, value);
  }

  text(testId: string): Promise<string> {
    return this.app.text(testId);
  }

  /** The value of an expression in the page; it sees the host as `mp`. */
  run<T>(expression: string): Promise<T> {
    return this.app.run(expression);
  }

  /** From the list of rooms, as a guest by number, into the room. */
  async join(roomId: string): Promise<void> {
    await this.tap('join');
    await this.input('number', roomId);
    await this.#submit();
  }

  /** From the list of rooms, as a guest: makes a room. Answers its number. */
  async create(roomName: string): Promise<string> {
    await this.tap('create');
    await this.input('name', roomName);
    await this.#submit();
    const number = await this.run<string>('String(mp.page.data.view.number)');
    if (!/^[1-9]\d*$/.test(number)) throw new Error(`${this.name} is in a room without a number`);
    return number;
  }

  async waitInRoom(options: WaitOptions = {}): Promise<void> {
    await this.#withFacts(() => this.get('room-in-room').waitFor({ timeout: options.timeout ?? PATIENCE }));
  }

  /** Leaves by the button. */
  leave(): Promise<void> {
    return this.tap('leave');
  }

  /** Writes into the room's conversation; the sheet stays open. */
  async say(text: string): Promise<void> {
    await this.openChat();
    await this.input('chat-input', text);
    await this.tap('chat-send');
  }

  async openChat(): Promise<void> {
    if ((await this.get('sheet-chat').count()) === 0) await this.tap('chat');
    await this.get('sheet-chat').waitFor();
  }

  closeSheet(): Promise<void> {
    // Above the sheet, which lies over the lower part of the shade.
    return this.get('shade').click({ position: { x: 20, y: 20 } });
  }

  // The phone around it

  /** Nothing comes or goes any more; what runs breaks without a goodbye. */
  async goOffline(): Promise<void> {
    // The mini program hears of its network before its media break, as it does on a phone.
    await this.run("mp.network.set('none')");
    this.#media.setNetwork(false);
  }

  async goOnline(): Promise<void> {
    this.#media.setNetwork(true);
    await this.run("mp.network.set('wifi')");
  }

  /** Its media break and cannot come back, while everything else has a network; or can again. */
  setMediaNetwork(up: boolean): void {
    this.#media.setNetwork(up);
  }

  /** Another application comes before WeChat. */
  async hide(): Promise<void> {
    await this.run('mp.hideApp()');
  }

  async show(): Promise<void> {
    await this.run('mp.showApp()');
  }

  // Eyes and ears

  /** One's own id, in a room. */
  async identity(): Promise<string> {
    const id = await waitFor(
      `${this.name}: an id`,
      () => this.run<string>('String(mp.page.data.seat?.userID ?? "")'),
      (text) => text !== '',
    );
    return id;
  }

  /** The picture of somebody is seen, in this colour, and moves. */
  async expectPicture(
    userId: string,
    color: Rgb,
    { type = 'main', ...options }: WaitOptions & { readonly type?: 'main' | 'aux' } = {},
  ): Promise<void> {
    let first: Look | null = null;
    await this.#withFacts(() =>
      waitFor(
        `${this.name}: ${userId} (${type}) in ${color.join(',')}, moving`,
        () => this.watch('look', `${userId}_${type}`),
        (seen) => {
          if (seen === null || !isColor(seen.color, color)) return false;
          // Another element after a new start counts anew.
          if (first === null || seen.frames < first.frames) first = seen;
          return seen.frames >= first.frames + 3 && Math.abs(seen.mark - first.mark) > 0.03;
        },
        { timeout: PATIENCE, ...options },
      ),
    );
  }

  /** Somebody has a tile, and a cover says that there is no picture. */
  async expectNoPicture(userId: string, options: WaitOptions = {}): Promise<void> {
    await this.#withFacts(() =>
      this.get(`cover-${userId}_main`).waitFor({ timeout: options.timeout ?? PATIENCE, state: 'visible' }),
    );
  }

  /** Somebody has no tile any more. */
  async expectGone(userId: string, options: WaitOptions = {}): Promise<void> {
    await this.#withFacts(() =>
      this.page
        .locator(`[data-testid="tile-${userId}_main"]`)
        .waitFor({ timeout: options.timeout ?? PATIENCE, state: 'detached' }),
    );
  }

  async expectTone(userId: string, hz: number, options: WaitOptions = {}): Promise<void> {
    await this.#withFacts(() =>
      waitFor(
        `${this.name}: ${hz} Hz from ${userId}`,
        () => this.watch('listen', `${userId}_main`),
        (heard) => heard !== null && Math.abs(heard.peak - hz) <= 15 && heard.level > -70,
        { timeout: PATIENCE, ...options },
      ),
    );
  }

  /** Nothing has been heard of somebody for longer than a pause of his tone. */
  async expectSilence(userId: string, options: WaitOptions = {}): Promise<void> {
    let quiet = 0;
    await this.#withFacts(() =>
      waitFor(
        `${this.name}: silence from ${userId}`,
        () => this.watch('listen', `${userId}_main`),
        (heard) => {
          quiet = heard === null || heard.level < -85 ? quiet + 1 : 0;
          return quiet >= 10;
        },
        { timeout: PATIENCE, interval: 100, ...options },
      ),
    );
  }

  /** What its live components have told so far: `push 1002`, `play 2004`; failures with their words. */
  codes(): Promise<readonly string[]> {
    return this.run('[...window.__codes]');
  }

  /** Nothing of its camera and microphone goes out any more. */
  async expectNoPush(options: WaitOptions = {}): Promise<void> {
    await waitFor(
      `${this.name}: an end of the push`,
      () => this.#media.pushes,
      (count) => count === 0,
      { timeout: PATIENCE, ...options },
    );
  }

  /** The page that says what went wrong: its words. */
  async problem(key: string, options: WaitOptions = {}): Promise<string> {
    await this.#withFacts(() => this.get(`problem-${key}`).waitFor({ timeout: options.timeout ?? PATIENCE }));
    return this.text(`problem-${key}`);
  }

  /** The lines of the conversation, while its sheet is open. */
  async lines(): Promise<readonly string[]> {
    const bubbles = await this.page.locator('[data-testid="line"]:visible .bubble').allInnerTexts();
    return bubbles.map((text) => text.trim());
  }

  async expectLine(text: string, options: WaitOptions = {}): Promise<void> {
    await waitFor(
      `${this.name}: a line "${text}"`,
      () => this.lines(),
      (all) => all.includes(text),
      { timeout: PATIENCE, ...options },
    );
  }

  async watch<K extends keyof LivePlayersApi>(
    name: K,
    ...args: Parameters<LivePlayersApi[K]>
  ): Promise<Awaited<ReturnType<LivePlayersApi[K]>>> {
    const values = args.map((value) => JSON.stringify(value)).join(', ');
    return (await this.page.evaluate(`livePlayers.${name}(${values})`)) as Awaited<ReturnType<LivePlayersApi[K]>>;
  }

  /** Throws when something failed in the mini program that nobody took with `mp.failures.take`. */
  async close(): Promise<void> {
    try {
      await this.app.close();
    } finally {
      await this.#context.close();
      await this.#media.close();
    }
  }

  async #submit(): Promise<void> {
    await this.input('user-name', this.name);
    await this.tap('submit');
    await this.waitInRoom();
  }

  async #withFacts<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const unknown = (gone: unknown) => [String(gone)];
      const tiles = await this.watch('tiles').catch(unknown);
      const text = await this.page.innerText('body').catch(unknown);
      const codes = await this.run<string[]>('__codes.map((code, at) => code + " at " + __times[at])').catch(unknown);
      const facts = [String(error), `${this.name}: ${String(text)}`, ...tiles, codes.join(', ')];
      throw new Error(facts.join('\n'), { cause: error });
    }
  }
}
