import { freeUdpPort } from '@lianmai/gateway/testing/ports';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Product, startProduct } from '../src/product/server.ts';
import { launchVisitor, pressJoin, relayScript, visit } from '../src/product/visitor.ts';
import { onLiveKit } from '../src/targets/index.ts';
import { UdpRelay } from '../src/udp-relay.ts';
import { waitFor } from '../src/wait.ts';

let product: Product;
let browser: Browser;
let mediaPort: number;

describe('devices before and during the call, and what the room shows of them', () => {
  beforeAll(async () => {
    mediaPort = await freeUdpPort();
    product = await startProduct({ LIANMAI_RTC_PORT: String(mediaPort) });
    // Two cameras and two microphones, with a picture and beeps.
    browser = await launchVisitor({ devices: 2 });
  }, 120_000);
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
  });

  function open(path: string, name = 'Vera'): Promise<Page> {
    return visit(browser, `${product.httpUrl}${path}`, { permissions: ['camera', 'microphone'] }).then(async (page) => {
      await page.getByTestId('display-name').fill(name);
      return page;
    });
  }

  async function goIn(page: Page): Promise<void> {
    await pressJoin(page);
    await page.getByTestId('room').waitFor({ timeout: 40_000 });
  }

  /** The devices to choose from, once there are two of them to choose among. Read at once: the list is made anew meanwhile. */
  async function choicesOf(page: Page, testId: string): Promise<readonly string[]> {
    const options = page.locator(`[data-testid="${testId}"]:enabled option:not([value=""])`);
    return await waitFor(
      `two choices in ${testId}`,
      () => options.evaluateAll((all) => all.map((option) => option.getAttribute('value') ?? '')),
      (values) => values.length >= 2,
    );
  }

  /** The device that a published track really comes from. */
  function published(page: Page, source: 'camera' | 'microphone'): Promise<string | null> {
    return page.evaluate(
      `__lianmaiRoom.localParticipant.getTrackPublication('${source}')?.track?.mediaStreamTrack.getSettings().deviceId ?? null`,
    );
  }

  it('the level before the call moves with the microphone, and rests when it is off', async () => {
    const page = await open('/?create=Levels');
    const level = async () => Number(await page.getByTestId('level').getAttribute('data-level'));
    await waitFor('a level above zero', level, (lit) => lit > 0, { interval: 30 });
    await page.getByTestId('prejoin-mic').click();
    // Longer than the pause between two beeps.
    let quiet = 0;
    await waitFor(
      'no level',
      level,
      (lit) => {
        quiet = lit === 0 ? quiet + 1 : 0;
        return quiet >= 50;
      },
      { interval: 30 },
    );
    await page.getByTestId('prejoin-mic').click();
    await waitFor('a level again', level, (lit) => lit > 0, { interval: 30 });
  }, 120_000);

  it('another camera and microphone, chosen before the call, are the ones in the call', async () => {
    const page = await open('/?create=Choices');
    const camera = (await choicesOf(page, 'device-videoinput')).at(-1) ?? '';
    const microphone = (await choicesOf(page, 'device-audioinput')).at(-1) ?? '';
    await page.getByTestId('device-videoinput').selectOption(camera);
    await page.getByTestId('device-audioinput').selectOption(microphone);
    for (const [testId, chosen] of [
      ['device-videoinput', camera],
      ['device-audioinput', microphone],
    ] as const) {
      // Disabled while the other device starts.
      await waitFor(
        `${testId} with the choice in effect`,
        async () => {
          const select = page.getByTestId(testId);
          return (await select.isEnabled()) && (await select.inputValue());
        },
        (value) => value === chosen,
      );
    }
    await goIn(page);
    for (const [source, chosen] of [
      ['camera', camera],
      ['microphone', microphone],
    ] as const) {
      await waitFor(
        `the chosen ${source} published`,
        () => published(page, source),
        (id) => id === chosen,
      );
    }
  }, 120_000);

  it('another camera and microphone by the dialog during the call', async () => {
    const page = await open('/?create=Changes');
    await goIn(page);
    for (const [source, kind] of [
      ['camera', 'videoinput'],
      ['microphone', 'audioinput'],
    ] as const) {
      const before = await waitFor(
        `a ${source} published`,
        () => published(page, source),
        (id) => id !== null,
      );
      await page.getByTestId('open-devices').click();
      const testId = `room-device-${kind}`;
      const choices = await choicesOf(page, testId);
      // The SDK tells which device it uses once it has listened whether the microphone gives anything.
      await waitFor(
        `the ${source} in use shown as chosen`,
        () => page.getByTestId(testId).inputValue(),
        (id) => id === before,
      );
      const other = choices.findLast((id) => id !== before && id !== 'default') ?? '';
      await page.getByTestId(testId).selectOption(other);
      await waitFor(
        `the other ${source} published`,
        () => published(page, source),
        (id) => id === other,
      );
      await waitFor(
        `the other ${source} shown as chosen`,
        () => page.getByTestId(testId).inputValue(),
        (id) => id === other,
      );
      await page.keyboard.press('Escape');
      await waitFor(
        'the dialog gone',
        () => page.getByTestId(testId).count(),
        (count) => count === 0,
      );
    }
  }, 120_000);

  it('[WEB8] the speaker view and back, and a pinned picture is the large one', async () => {
    const page = await open('/?create=Views');
    await goIn(page);
    const other = await open(new URL(page.url()).pathname, 'Otto');
    await goIn(other);
    const tiles = page.getByTestId('participant-tile');
    await waitFor(
      'two tiles',
      () => tiles.count(),
      (count) => count === 2,
    );
    const toggle = page.getByTestId('toggle-view');
    const large = page.locator('[data-testid="participant-tile"].large');
    expect(await toggle.getAttribute('data-view')).toBe('grid');
    expect(await large.count()).toBe(0);
    await toggle.click();
    expect(await toggle.getAttribute('data-view')).toBe('speaker');
    await large.waitFor();
    expect(await tiles.count()).toBe(2);
    const small = page.locator('[data-testid="participant-tile"]:not(.large)');
    const pinned = (await small.getAttribute('data-identity')) ?? '';
    await small.getByRole('button').focus();
    await page.keyboard.press('Enter');
    await waitFor(
      'the pinned one large',
      () => large.getAttribute('data-identity'),
      (identity) => identity === pinned,
    );
    await toggle.click();
    await waitFor(
      'the grid',
      () => large.count(),
      (count) => count === 0,
    );
    expect(await toggle.getAttribute('data-view')).toBe('grid');
  }, 120_000);

  // An external livekit-server tells its media port to nobody but the clients.
  it.skipIf(onLiveKit)(
    'the mark of the connection turns bad under loss, and good again',
    async () => {
      const link = await new UdpRelay(mediaPort, 5).listen();
      try {
        const context = await browser.newContext({ locale: 'en-US', permissions: ['camera', 'microphone'] });
        await context.addInitScript(await relayScript(link.port));
        const page = await context.newPage();
        await page.goto(`${product.httpUrl}/?create=Loss&debug=1`);
        await goIn(page);
        const mark = page.locator('[data-lk-local-participant="true"] .tile-quality');
        const quality = () => mark.getAttribute('data-lk-quality');
        const patience = { timeout: 60_000 };
        const isGood = (told: string | null) => told === 'good' || told === 'excellent';
        await waitFor('a good connection', quality, isGood, patience);
        link.set({ lossUp: 0.4 });
        await waitFor('a poor connection', quality, (told) => told === 'poor' || told === 'lost', patience);
        expect(link.dropped).toBeGreaterThan(0);
        link.set({});
        await waitFor('a better connection', quality, isGood, patience);
      } finally {
        link.close();
      }
    },
    240_000,
  );
});
