import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { CHROMIUM_ARGS, chromiumPath } from './browsers/chromium.ts';
import { startPageServer } from './page-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly pageUrl: string;
    readonly chromiumEndpoint: string;
  }
}

/** One Chromium and one page server for the whole run; ended with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const pages = await startPageServer();
  const browser = await chromium.launchServer({ executablePath: chromiumPath(), args: [...CHROMIUM_ARGS] });
  project.provide('pageUrl', pages.url);
  project.provide('chromiumEndpoint', browser.wsEndpoint());
  return async () => {
    await browser.close();
    await pages.close();
  };
}
