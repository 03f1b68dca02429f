import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { Client, type HarnessPage, type JoinSpec } from './client.ts';
import { startTarget, type Target, type TargetOptions } from './targets/index.ts';
import { undoAll } from './undo.ts';

/** What a test file gets: a target, and pages that are closed after each test. */
export interface Stage {
  readonly target: Target;
  /** A page that has not joined yet. */
  open(identity: string): Promise<Client>;
  /** A page that has joined. */
  join(spec: JoinSpec): Promise<Client>;
  /** Kills the renderer of a client's page, as a crash does. */
  crash(client: Client): Promise<void>;
  /**
   * Waits until the server calls a participant active: from here on it is sent data. Those who join know it earlier,
   * and the others hear of somebody who publishes nothing with up to some seconds' delay.
   */
  active(room: string, identity: string): Promise<void>;
  /** Something to be undone after this test, in reverse order. */
  cleanUp(undo: () => unknown): void;
}

/** Sets up one target for the file and one browser context for each test. */
export function useStage(options: TargetOptions = {}): Stage {
  let target: Target | null = null;
  let browser: Browser | null = null;
  let context: BrowserContext | null = null;
  const undo: (() => unknown)[] = [];
  const pages = new Map<Client, Page>();

  beforeAll(async () => {
    target = await startTarget(options);
    browser = await chromium.connect(inject('chromiumEndpoint'));
  });
  afterEach(async () => {
    const closing = context;
    context = null;
    pages.clear();
    await undoAll([() => closing?.close(), ...undo.splice(0)]);
  });
  afterAll(async () => {
    await browser?.close();
    await target?.close();
  });

  const theTarget = (): Target => {
    if (target === null) throw new Error('the target is not up yet');
    return target;
  };
  const open = async (identity: string): Promise<Client> => {
    if (browser === null) throw new Error('the browser is not up yet');
    context ??= await browser.newContext();
    const page = await context.newPage();
    await page.goto(inject('pageUrl'));
    const client = new Client(harnessPage(page), identity);
    pages.set(client, page);
    return client;
  };
  return {
    get target() {
      return theTarget();
    },
    open,
    async join(spec) {
      const client = await open(spec.identity);
      await client.join(theTarget(), spec);
      return client;
    },
    async crash(client) {
      const page = pages.get(client);
      if (page === undefined) throw new Error('not a page of this test');
      // The navigation never ends: the renderer dies on it.
      page.goto('chrome://crash').catch(() => {});
      await page.waitForEvent('crash');
    },
    async active(room, identity) {
      await theTarget().webhooks.waitFor(room, `participant_joined:${identity}`);
    },
    cleanUp(step) {
      undo.push(step);
    },
  };
}

function harnessPage(page: Page): HarnessPage {
  return {
    evaluate: (expression) => page.evaluate(expression),
    close: () => page.close(),
  };
}
