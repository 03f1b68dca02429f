import type { Browser, Locator, Page } from 'puppeteer-core';
import { launchFirefox } from '../browsers/firefox.ts';
import { withFacts } from '../client.ts';
import type { Look } from '../harness-api.ts';
import { type WaitOptions, waitFor } from '../wait.ts';
import type { WatchApi } from '../watch-api.ts';
import { type Publisher, watchBundle } from './person.ts';

/** Somebody with Firefox, whose camera is the browser's fake one: a picture whose colour wanders. */
export class Fox {
  readonly name: string = 'Fox';
  readonly tone: number;
  readonly #browser: Browser;
  readonly #page: Page;

  static async arrive(tone: number): Promise<Fox> {
    const browser = await launchFirefox(tone);
    const page = await browser.newPage();
    await page.setViewport({ width: 1200, height: 800 });
    await page.evaluateOnNewDocument(await watchBundle());
    return new Fox(browser, page, tone);
  }

  private constructor(browser: Browser, page: Page, tone: number) {
    this.#browser = browser;
    this.#page = page;
    this.tone = tone;
  }

  /** By the share link into the room. */
  async enter(roomUrl: string): Promise<void> {
    await this.#page.goto(roomUrl);
    // Locators wait until what they click stands still: the form moves while devices start.
    await this.#at('display-name').fill(this.name);
    await this.#at('prejoin-join').click();
    await this.#at('room').wait();
  }

  async watch<K extends keyof WatchApi>(
    name: K,
    ...args: Parameters<WatchApi[K]>
  ): Promise<Awaited<ReturnType<WatchApi[K]>>> {
    const values = args.map((value) => JSON.stringify(value)).join(', ');
    return (await this.#page.evaluate(`watch.${name}(${values})`)) as Awaited<ReturnType<WatchApi[K]>>;
  }

  identity(): Promise<string> {
    return this.watch('identity');
  }

  /** Waits until the picture of somebody is there and passes `accept`, which sees every look so far. */
  async expectPicture(of: Pick<Publisher, 'identity' | 'name'>, accept: (looks: readonly Look[]) => boolean) {
    await expectPicture(this, of, accept);
  }

  async expectTone(of: Omit<Publisher, 'color'>, options: WaitOptions = {}): Promise<void> {
    const identity = await of.identity();
    await waitFor(
      `${this.name}: ${of.name}'s tone of ${of.tone} Hz`,
      () => this.watch('listen', identity),
      (heard) => heard !== null && Math.abs(heard.peak - of.tone) <= 15 && heard.level > -75,
      { timeout: 45_000, ...options },
    );
  }

  async leave(): Promise<void> {
    await this.#browser.close();
  }

  #at(testId: string): Locator<Element> {
    return this.#page.locator(`[data-testid="${testId}"]`).setVisibility('visible').setTimeout(40_000);
  }
}

/** Waits until the looks at somebody's camera, in whatever page, pass `accept`. */
export async function expectPicture(
  viewer: Pick<Fox, 'name' | 'watch'>,
  of: Pick<Publisher, 'identity' | 'name'>,
  accept: (looks: readonly Look[]) => boolean,
): Promise<void> {
  const identity = await of.identity();
  const looks: Look[] = [];
  const work = () =>
    waitFor(
      `${viewer.name}: the picture of ${of.name}`,
      () => viewer.watch('look', identity, 'camera'),
      (seen) => {
        if (seen !== null) looks.push(seen);
        return accept(looks);
      },
      { timeout: 45_000 },
    );
  await withFacts(work, () => viewer.watch('stats'));
}
