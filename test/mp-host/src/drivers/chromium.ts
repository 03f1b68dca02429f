import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { Bundle } from '../build/bundle.ts';

/** The screen of the phone: 375 by 812 points, two pixels each. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 375, height: 812 },
  deviceScaleFactor: 2,
  permissions: ['camera', 'microphone'],
};

export interface ChromiumOptions {
  /** The page to open, with its query; the first of `app.json` otherwise. */
  readonly url?: string;
  /** JavaScript that runs before the scripts of the mini program; it sees the host as `mp`. */
  readonly prepare?: string;
  /** Functions of `wx.cloud.callFunction`, which run in the test. */
  readonly cloud?: Readonly<Record<string, (data: unknown) => unknown>>;
  /** Real media for live-pusher and live-player: the page's part, from `startMedia`. */
  readonly media?: { readonly script: string; readonly url: string };
}

interface NodeRequest {
  readonly url: string;
  readonly method?: string;
  readonly body?: string;
  readonly header?: Readonly<Record<string, string>>;
}

/** Opens a mini program in a page of Chromium, whose context should be made with `PHONE`. */
export async function openInChromium(
  page: Page,
  bundle: Bundle,
  options: ChromiumOptions = {},
): Promise<ChromiumPhone> {
  const { origin, server } = await servePage();
  // Mini programs know no origins: requests go out through the test.
  await page.exposeFunction('__mpRequest', request);
  const cloud = options.cloud ?? {};
  await page.exposeFunction('__mpCloud', async (name: string, data: unknown) => cloud[name]?.(data));
  await page.goto(origin);
  await page.addScriptTag({ content: bundle.code });
  if (options.media !== undefined) await page.addScriptTag({ content: options.media.script });
  await page.evaluate(PREPARE, { cloud: Object.keys(cloud), media: options.media?.url ?? null });
  if (options.prepare !== undefined) await page.evaluate(`((mp) => { ${options.prepare} })(window.__mp)`);
  await page.evaluate(`window.__mp.launch(${JSON.stringify(options.url) ?? ''})`);
  return new ChromiumPhone(page, server);
}

const EMPTY =
  '<!doctype html><html lang="zh"><head><meta name="viewport" content="width=device-width"></head><body></body></html>';

/** A real server on the loopback: a page from there is secure, and may speak with other servers there. */
async function servePage(): Promise<{ readonly origin: string; readonly server: Server }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(EMPTY);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** What `Function` makes of it runs in the page: the types of the page are not those of the test. */
const PREPARE = new Function(
  'options',
  `const mp = window.__mp;
  mp.network.handler = async ({ url, method, data, header, dataType }) => {
    const plain = typeof data === 'string' || data === undefined;
    const get = (method ?? 'GET').toUpperCase() === 'GET';
    const query = get && !plain ? new URLSearchParams(Object.entries(data).map(([k, v]) => [k, String(v)])).toString() : '';
    const answer = await window.__mpRequest({
      url: query === '' ? url : url + (url.includes('?') ? '&' : '?') + query,
      method,
      header: { 'content-type': 'application/json', ...header },
      body: get ? undefined : plain ? data : JSON.stringify(data),
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    let value = answer.text;
    if ((dataType ?? 'json') === 'json') try { value = JSON.parse(value); } catch {}
    return { statusCode: answer.status, header: answer.header, data: value };
  };
  for (const name of options.cloud) mp.session.cloud.on(name, (data) => window.__mpCloud(name, data));
  if (options.media !== null) mp.live.backend = window.__mpMedia(options.media);`,
) as (options: { readonly cloud: readonly string[]; readonly media: string | null }) => void;

async function request({ url, method = 'GET', body, header = {} }: NodeRequest): Promise<object> {
  try {
    const response = await fetch(url, { method, headers: header, ...(body === undefined ? {} : { body }) });
    return { status: response.status, header: Object.fromEntries(response.headers), text: await response.text() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** A mini program in Chromium: what a user sees and does. */
export class ChromiumPhone {
  readonly page: Page;
  readonly #server: Server;

  constructor(page: Page, server: Server) {
    this.page = page;
    this.#server = server;
  }

  /** The visible element with this `data-testid`. */
  get(testid: string): Locator {
    return this.page.locator(`[data-testid="${testid}"]:visible`).first();
  }

  byText(text: string): Locator {
    return this.page.getByText(text, { exact: true }).filter({ visible: true }).first();
  }

  async tap(testid: string): Promise<void> {
    await this.get(testid).click();
  }

  /** Types into an input or textarea, replacing what was there. */
  async input(testid: string, value: string): Promise<void> {
    await this.get(testid).locator('input, textarea').fill(value);
  }

  async text(testid: string): Promise<string> {
    return (await this.get(testid).innerText()).trim();
  }

  /** The value of an expression in the page; it sees the host as `mp`. */
  run<T>(expression: string): Promise<T> {
    return this.page.evaluate(`((mp) => (${expression}))(window.__mp)`);
  }

  /** Data of the page on top. */
  data(): Promise<Record<string, unknown>> {
    return this.run('JSON.parse(JSON.stringify(mp.page.data))');
  }

  routes(): Promise<string[]> {
    return this.run('mp.pages.callers.map((page) => page.route)');
  }

  /** @param path a PNG file to write */
  async screenshot(path?: string): Promise<Uint8Array> {
    return this.page.screenshot(path === undefined ? {} : { path });
  }

  /** Ends the mini program. Throws when something failed that nobody took with `mp.failures.take`. */
  async close(): Promise<void> {
    const failures = await this.run<string[]>(
      '(mp.close(), mp.failures.list.map(({ kind, message }) => kind + ": " + message))',
    );
    this.#server.close();
    this.#server.closeAllConnections();
    if (failures.length > 0) throw new Error(`the mini program failed:\n${failures.join('\n')}`);
  }
}
