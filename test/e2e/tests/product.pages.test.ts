import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Product, startProduct } from '../src/product/server.ts';
import { findFaults, launchVisitor, pressJoin, visit } from '../src/product/visitor.ts';
import { waitFor } from '../src/wait.ts';

let product: Product;
let browser: Browser;
/** What keeps owners in their seats. */
const heartbeats = new Set<NodeJS.Timeout>();

interface Owner {
  readonly roomID: string;
  call(name: string, event?: object): Promise<unknown>;
}

describe('the pages: what they say when something fails, and to whom', () => {
  beforeAll(async () => {
    product = await startProduct();
    browser = await launchVisitor();
  }, 120_000);
  afterEach(async () => {
    for (const heartbeat of heartbeats) clearInterval(heartbeat);
    heartbeats.clear();
    await Promise.all(browser.contexts().map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
    await product?.close();
  });

  async function post(name: string, event: object, authorization = ''): Promise<unknown> {
    const answer = await fetch(`${product.httpUrl}/functions/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === '' ? {} : { authorization }) },
      body: JSON.stringify(event),
    });
    const { code, message, data } = (await answer.json()) as { code: number; message: string; data: unknown };
    if (code !== 0) throw new Error(`${name} answered ${code}: ${message}`);
    return data;
  }

  /** Somebody without a page, who has made a room and sits in it, for as long as the test takes. */
  async function ownerOf(room: { readonly roomName: string; readonly capacity?: number }): Promise<Owner> {
    const { token } = (await post('webrtc-login', { type: 'guest', name: 'Olga' })) as { token: string };
    const { roomID } = (await post('webrtc-create-room', room, `Bearer ${token}`)) as { roomID: string };
    const call = (name: string, event: object = {}) => post(name, { roomID, ...event }, `Bearer ${token}`);
    // A seat that has reached no media room lapses (and the room passes on) unless its client tells that it is there. One
    // that is refused, as when he has left, needs none.
    heartbeats.add(setInterval(() => void call('webrtc-heartbeat').catch(() => {}), 5_000));
    return { roomID, call };
  }

  /** The failure page's reason, once it is up and nothing is wrong with the page itself. */
  async function failureOf(page: Page): Promise<string> {
    const failure = page.getByTestId('failure');
    await failure.waitFor({ timeout: 40_000 });
    const reason = (await failure.getAttribute('data-reason')) ?? '';
    expect(await findFaults(page, reason)).toEqual([]);
    return reason;
  }

  /** The one way that every failure page has. */
  async function backToTheRooms(page: Page): Promise<void> {
    await page.getByTestId('failure').getByRole('button', { name: 'Back to the rooms' }).click();
    await page.getByTestId('lobby').waitFor();
  }

  const identity = (page: Page) => page.evaluate('__lianmaiRoom.localParticipant.identity');

  it('[CC1] a full room: said so, and open again once there is a seat', async () => {
    const owner = await ownerOf({ roomName: 'One seat', capacity: 1 });
    const page = await visit(browser, `${product.httpUrl}/r/${owner.roomID}`);
    await pressJoin(page);
    expect(await failureOf(page)).toBe('full');
    await owner.call('webrtc-quit-room');
    await page.getByTestId('retry').click();
    await page.getByTestId('room').waitFor({ timeout: 40_000 });
  }, 120_000);

  it('[CC1] [CC7] kicked and dissolved: the way back to the rooms', async () => {
    const owner = await ownerOf({ roomName: 'Ends' });
    const address = `${product.httpUrl}/r/${owner.roomID}`;
    const [kicked, other] = await Promise.all([visit(browser, address), visit(browser, address)]);
    for (const page of [kicked, other]) {
      await pressJoin(page);
      await page.getByTestId('room').waitFor({ timeout: 40_000 });
    }
    await owner.call('webrtc-kick-member', { memberID: await identity(kicked) });
    await owner.call('webrtc-dissolve-room');
    expect(await failureOf(kicked)).toBe('kicked');
    expect(await failureOf(other)).toBe('dissolved');
    for (const page of [kicked, other]) {
      expect(await page.getByTestId('retry').count()).toBe(0);
      await backToTheRooms(page);
    }
  }, 120_000);

  it('[CC1] [CC6] the server gone on the way in: said so, and in by a second try', async () => {
    const page = await visit(browser, `${product.httpUrl}/?create=Outage`);
    await page.getByTestId('display-name').waitFor();
    await product.stop();
    try {
      await pressJoin(page);
      expect(await failureOf(page)).toBe('network');
    } finally {
      await product.start();
    }
    await page.getByTestId('retry').click();
    await page.getByTestId('room').waitFor({ timeout: 40_000 });
  }, 120_000);

  it.each([
    ['denied', { refuses: true }],
    ['missing', { devices: 0 }],
  ])(
    '[WEB7] devices %s: said so, and what to do about it works',
    async (problem, hardware) => {
      const own = await launchVisitor(hardware);
      try {
        // Any granted permission makes the browser refuse the others instead of asking.
        const permissions = problem === 'denied' ? ['clipboard-read'] : ['camera', 'microphone'];
        const page = await visit(own, `${product.httpUrl}/?create=Listening`, { permissions });
        const notes = page.locator(`[data-testid="device-problem"][data-problem="${problem}"]`);
        // One for the camera, one for the microphone.
        await waitFor(
          'both notes',
          () => notes.count(),
          (count) => count === 2,
        );
        expect(await findFaults(page, problem)).toEqual([]);
        if (problem === 'denied') {
          // What the note says: allow it, then try again.
          await page.context().grantPermissions(['camera', 'microphone']);
          await notes.first().getByRole('button').click();
          await waitFor(
            'one note',
            () => notes.count(),
            (count) => count === 1,
          );
        } else {
          await pressJoin(page);
          await page.getByTestId('room').waitFor({ timeout: 40_000 });
          expect(await findFaults(page, 'the room without devices')).toEqual([]);
        }
      } finally {
        await own.close();
      }
    },
    120_000,
  );

  it('[WEB3] a link to a number that no room can have', async () => {
    for (const [path, reason] of [
      ['/r/0123', 'bad-room-id'],
      ['/r/4294967295', 'bad-room-id'],
    ] as const) {
      const page = await visit(browser, `${product.httpUrl}${path}`);
      expect(await failureOf(page)).toBe(reason);
      await backToTheRooms(page);
    }
  }, 120_000);

  it('[WEB14] a deployment in TRTC says where its rooms live, and asks nothing of any server', async () => {
    for (const [locale, path, words] of [
      ['en-US', '/r/4321', 'join room 4321'],
      ['zh-CN', '/', '在微信里打开小程序'],
    ] as const) {
      const context = await browser.newContext({ locale, viewport: { width: 390, height: 844 } });
      const page = await context.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      // The same built file, with the one line edited.
      await page.route(`${product.httpUrl}${path}`, async (route) => {
        const answer = await route.fetch();
        const line = 'name="lianmai-provider" content="';
        const body = (await answer.text()).replace(`${line}lianmai"`, `${line}trtc"`);
        await route.fulfill({ response: answer, body });
      });
      await page.goto(`${product.httpUrl}${path}`);
      await page.getByTestId('trtc').waitFor();
      expect(await page.getByTestId('trtc-next').textContent()).toContain(words);
      expect(await page.getByTestId('trtc').textContent()).toContain('TRTC');
      expect(await findFaults(page, locale)).toEqual([]);
      expect(asked.filter((one) => /^\/(functions|v4|rtc)/.test(one))).toEqual([]);
    }
  }, 120_000);

  it('[WEB1] a room number is checked as it is typed', async () => {
    const page = await visit(browser, product.httpUrl);
    const input = page.getByTestId('join-number');
    await input.waitFor();
    const hint = page.locator(`[id="${await input.getAttribute('aria-describedby')}"]`);
    for (const [typed, told] of [
      ['12a', 'A room number has digits only.'],
      ['042', 'A room number does not begin with 0.'],
      ['4294967295', 'The largest room number is 4294967294.'],
      ['4294967294', ''],
      ['４２', ''],
    ] as const) {
      await input.fill('');
      await input.pressSequentially(typed);
      expect(await hint.textContent(), typed).toBe(told);
      expect(await input.getAttribute('aria-invalid'), typed).toBe(String(told !== ''));
    }
    await input.fill('012');
    await input.press('Enter');
    expect(new URL(page.url()).pathname).toBe('/');
    await input.fill('4321');
    await input.press('Enter');
    await page.waitForURL(({ pathname }) => pathname === '/r/4321');
    await page.getByTestId('prejoin').waitFor();
  }, 120_000);

  /** Goes from control to control, as without a mouse. */
  async function tabTo(page: Page, testId: string): Promise<void> {
    const passed: (string | null)[] = [];
    for (let presses = 0; presses < 30; presses += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate<string | null>(`document.activeElement?.getAttribute('data-testid') ?? null`);
      if (at === testId) return;
      passed.push(at);
    }
    throw new Error(`no ${testId} on the way of the Tab key: ${passed.join(', ')}`);
  }

  it('[WEB5] 简体中文 by the browser, and into a room of one’s own by keyboard alone', async () => {
    const page = await visit(browser, product.httpUrl, { locale: 'zh-CN', viewport: { width: 390, height: 844 } });
    await page.getByTestId('lobby').waitFor();
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN');
    expect(await page.getByTestId('join-submit').textContent()).toMatch(/\p{Script=Han}/u);
    await tabTo(page, 'create-name');
    await page.keyboard.type('周会');
    await page.keyboard.press('Enter');
    await page.getByTestId('prejoin').waitFor();
    await tabTo(page, 'display-name');
    await page.keyboard.type('小明');
    await tabTo(page, 'prejoin-join');
    await page.keyboard.press('Enter');
    await page.getByTestId('room').waitFor({ timeout: 40_000 });
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('周会');
    await tabTo(page, 'toggle-chat');
    await page.keyboard.press('Enter');
    await page.getByTestId('chat-input').waitFor();
    await page.keyboard.press('Escape');
    await tabTo(page, 'leave');
    await page.keyboard.press('Enter');
    await page.getByTestId('lobby').waitFor();
    const english = await visit(browser, product.httpUrl);
    await english.getByTestId('lobby').waitFor();
    expect(await english.getAttribute('html', 'lang')).toBe('en');
  }, 120_000);

  it.each([
    ['light', 390, 'zh-CN'],
    ['dark', 360, 'zh-CN'],
    ['dark', 1200, 'en-US'],
    ['light', 360, 'en-US'],
  ] as const)(
    '%s at %i px in %s: axe finds nothing, and nothing sticks out',
    async (colorScheme, width, locale) => {
      const page = await visit(browser, product.httpUrl, { colorScheme, locale, viewport: { width, height: 800 } });
      const look = async (where: string) => expect(await findFaults(page, where)).toEqual([]);
      await page.getByTestId('lobby').waitFor();
      await look('lobby');
      await page.getByTestId('create-name').fill('A room whose name is rather long, so that it wants two lines');
      await page.getByTestId('create-submit').click();
      await page.getByTestId('prejoin').waitFor();
      await look('pre-join');
      await pressJoin(page, 'Somebody with a long name here');
      await page.getByTestId('room').waitFor({ timeout: 40_000 });
      await look('room');
      await page.getByTestId('toggle-chat').click();
      await page.getByTestId('chat-input').fill(`${'long'.repeat(40)} https://example.org/${'x'.repeat(90)}`);
      await page.getByTestId('chat-send').click();
      await page.getByTestId('chat-message').waitFor();
      await look('chat');
      await page.keyboard.press('Escape');
      await page.getByTestId('toggle-people').click();
      await page.getByTestId('people-item').waitFor();
      await look('people');
      await page.getByTestId('dissolve-room').click();
      await page.getByTestId('confirm-no').waitFor();
      await look('the question before the end');
      await page.getByTestId('confirm-no').click();
      await page.keyboard.press('Escape');
      await page.getByTestId('open-devices').click();
      await page.getByTestId('room-device-audioinput').waitFor();
      await look('devices');
    },
    120_000,
  );
});
