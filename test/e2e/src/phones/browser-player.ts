import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { isColor } from '../client.ts';
import type { Look, Rgb } from '../harness-api.ts';
import type { PlayerApi } from '../player-api.ts';
import { type WaitOptions, waitFor } from '../wait.ts';

/** A page with mpegts.js in Chromium: a player that shares no code with the gateway or with ffmpeg's FLV reader. */
export class BrowserPlayer {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async call<K extends keyof PlayerApi>(
    name: K,
    ...args: Parameters<PlayerApi[K]>
  ): Promise<Awaited<ReturnType<PlayerApi[K]>>> {
    const values = args.map((value) => JSON.stringify(value)).join(', ');
    return (await this.#page.evaluate(`player.${name}(${values})`)) as Awaited<ReturnType<PlayerApi[K]>>;
  }

  async expectPicture(name: string, color: Rgb, options: WaitOptions = {}): Promise<Look> {
    let first: Look | null = null;
    const seen = await this.#withFacts(name, () =>
      waitFor(
        `mpegts.js: a moving picture in ${color.join(',')} of ${name}`,
        () => this.call('look', name),
        (look) => {
          if (look === null || !isColor(look.color, color)) return false;
          first ??= look;
          return look.frames >= first.frames + 3 && Math.abs(look.mark - first.mark) > 0.03;
        },
        { timeout: 20_000, ...options },
      ),
    );
    return seen as Look;
  }

  async expectTone(name: string, hz: number, options: WaitOptions = {}): Promise<void> {
    await this.#withFacts(name, () =>
      waitFor(
        `mpegts.js: ${hz} Hz of ${name}`,
        () => this.call('listen', name),
        (sound) => sound !== null && Math.abs(sound.peak - hz) <= 15 && sound.level > -70,
        { timeout: 20_000, ...options },
      ),
    );
  }

  async #withFacts<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const facts = await this.call('facts', name).catch((gone: unknown) => [String(gone)]);
      throw new Error(`${String(error)}\n${facts.join('\n')}`, { cause: error });
    }
  }
}

/** Gives a test file such pages; they are closed after each test. */
export function useBrowserPlayers(): { open(): Promise<BrowserPlayer> } {
  let browser: Browser | null = null;
  const pages: Page[] = [];
  beforeAll(async () => {
    browser = await chromium.connect(inject('chromiumEndpoint'));
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
  });
  afterAll(async () => {
    await browser?.close();
  });
  return {
    async open() {
      if (browser === null) throw new Error('the browser is not up yet');
      const page = await browser.newPage();
      pages.push(page);
      await page.goto(new URL('/player', inject('pageUrl')).href);
      return new BrowserPlayer(page);
    },
  };
}
