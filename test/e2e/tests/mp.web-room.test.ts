import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openInChromium, PHONE } from '@lianmai/mp-host/chromium';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { buildMiniProgram, type MiniBundle } from '../src/miniprogram/bundle.ts';
import { Caller } from '../src/product/caller.ts';
import { type Product, startProduct } from '../src/product/server.ts';
import { waitFor } from '../src/wait.ts';

const OPEN_ID = 'o1YH64abcdefghijklmnopqrstuv';
const PATIENCE = { timeout: 40_000 };

let wechat: Server;
let product: Product;
let bundle: MiniBundle;
let browser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  // WeChat's code2session: whatever the code, it is always the same person.
  wechat = createServer((_request, response) => response.end(JSON.stringify({ openid: OPEN_ID, session_key: 'x' })));
  await new Promise<void>((resolve) => wechat.listen(0, '127.0.0.1', resolve));
  product = await startProduct({
    LIANMAI_WECHAT_APP_ID: 'wx1234',
    LIANMAI_WECHAT_SECRET: 'the-app-secret',
    LIANMAI_WECHAT_BASE_URL: `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`,
  });
  bundle = await buildMiniProgram({ kind: 'self-hosted', baseUrl: product.httpUrl, login: 'wechat' });
  browser = await chromium.connect(inject('chromiumEndpoint'));
}, 90_000);

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

afterAll(async () => {
  await browser?.close();
  await product?.close();
  wechat?.close();
});

/** A web-view as WeChat has them: the address in a browser of its own, which knows nothing of the mini program. */
async function webView(): Promise<{ page: Page; asked: string[] }> {
  const context = await browser.newContext({ ...PHONE, locale: 'en-US' });
  contexts.push(context);
  const page = await context.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.url()} ${request.headers()['referer'] ?? ''}`));
  return { page, asked };
}

/** Opens `pages/web-room` and answers what it gives its web-view, and who the mini program is. */
async function fromMiniProgram(roomId: string): Promise<{ src: string; userId: string }> {
  const context = await browser.newContext(PHONE);
  contexts.push(context);
  const phone = await openInChromium(await context.newPage(), bundle.app, {
    url: `pages/web-room/web-room?roomID=${roomId}`,
    // The frame that stands for the web-view must not use the code up: what WeChat opens is opened by the test.
    prepare: `mp.device.language = 'en'; document.head.insertAdjacentHTML('beforeend',
      '<meta http-equiv="content-security-policy" content="frame-src \\'none\\'">');`,
  });
  expect(await phone.text('who')).toContain('WeChat user');
  await phone.tap('open');
  const src = await waitFor(
    'the address of the web-view',
    () => phone.run<string>('mp.page.data.src'),
    (text) => text !== '',
    PATIENCE,
  );
  const session = await phone.run<string>(`mp.storage.get('lianmai.session')`);
  await phone.close();
  return { src, userId: (JSON.parse(session) as { userID: string }).userID };
}

describe('the web page of a room, in a web-view of the mini program', () => {
  it('[MP27] [WEB13] is joined as the WeChat user, once; who shows the address again is told so, and may be a guest', async () => {
    const roomId = '61001';
    const operator = await Caller.serverKey(product);
    const { src, userId } = await fromMiniProgram(roomId);
    expect(src).toMatch(new RegExp(`^${product.httpUrl}/r/${roomId}#code=[A-Za-z0-9_-]{32}$`));
    const code = src.split('#code=')[1] ?? '';

    const first = await webView();
    await first.page.goto(src);
    await first.page.getByTestId('login-known').waitFor(PATIENCE);
    expect(first.page.url()).toBe(`${product.httpUrl}/r/${roomId}`);
    const name = first.page.getByTestId('display-name');
    expect(await name.inputValue()).toBe(`微信用户${OPEN_ID.slice(-4)}`);
    expect(await name.getAttribute('readonly')).not.toBeNull();
    await first.page.getByTestId('prejoin-join').click();
    await first.page.getByTestId('room').waitFor(PATIENCE);
    expect((await operator.info(roomId)).members?.map((member) => member.userID)).toEqual([userId]);
    expect(first.asked.length).toBeGreaterThan(5);
    expect(first.asked.filter((line) => line.includes(code) || !line.endsWith(' '))).toEqual([]);

    // Brought back by WeChat with its first address: still the same user, and not told anything.
    await first.page.goto('about:blank');
    await first.page.goto(src);
    await first.page.getByTestId('login-known').waitFor(PATIENCE);
    expect(await first.page.getByTestId('login-problem').count()).toBe(0);

    const second = await webView();
    await second.page.goto(src);
    const note = second.page.getByTestId('login-problem');
    await note.waitFor(PATIENCE);
    expect(await note.getAttribute('data-problem')).toBe('spent');
    expect(await note.innerText()).toContain('used already');
    expect(second.page.url()).toBe(`${product.httpUrl}/r/${roomId}`);
    await second.page.getByTestId('display-name').fill('Gast');
    await second.page.getByTestId('prejoin-join').click();
    await second.page.getByTestId('room').waitFor(PATIENCE);
    const guests = (await operator.info(roomId)).members?.map((member) => member.userID).filter((id) => id !== userId);
    expect(guests).toEqual([expect.stringMatching(/^g_/)]);
    expect(product.lines().filter((line) => line.includes(code))).toEqual([]);
  }, 180_000);
});
