import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { build } from 'esbuild';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { CHROMIUM_ARGS, chromiumPath } from '../browsers/chromium.ts';
import { waitFor } from '../wait.ts';

/** Switches that give every page a camera and a microphone, and the permission to use them. */
const FAKE_PERMISSION = '--use-fake-ui-for-media-stream';
const FAKE_DEVICES = '--use-fake-device-for-media-stream';

export interface Hardware {
  /** Cameras and microphones of the browser's own making; 0 = a machine without any. Default 1. */
  readonly devices?: number;
  /** Nobody says yes when a page asks for a device. */
  readonly refuses?: boolean;
}

/** A browser whose devices are Chromium's own test picture and beeps, as a machine with that hardware has them. */
export function launchVisitor({ devices = 1, refuses = false }: Hardware = {}): Promise<Browser> {
  const rest = CHROMIUM_ARGS.filter((arg) => arg !== FAKE_PERMISSION && arg !== FAKE_DEVICES);
  return chromium.launch({
    executablePath: chromiumPath(),
    args: [
      ...rest,
      ...(refuses ? [] : [FAKE_PERMISSION]),
      ...(devices === 0 ? [] : [`${FAKE_DEVICES}=device-count=${devices}`]),
    ],
  });
}

/** Opens a page of the product in a context of its own: a stranger to the server. */
export async function visit(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  const url = new URL(address);
  url.searchParams.set('debug', '1');
  await page.goto(url.href);
  return page;
}

/** From the pre-join page towards the room; the room, or why not, is the test's to see. */
export async function pressJoin(page: Page, name = 'Vera'): Promise<void> {
  await page.getByTestId('display-name').fill(name);
  await page.getByTestId('prejoin-join').click();
}

/** Waits for what fades and slides to arrive: half-way there, nothing has the colours that it is to have. */
async function comeToRest(page: Page): Promise<void> {
  await waitFor(
    'a page at rest',
    () =>
      page.evaluate<string[]>(`
        document.getAnimations()
          .filter((one) => one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity)
          .map((one) => (one.animationName ?? one.transitionProperty) + ' of ' + one.effect.target?.className)
      `),
    (moving) => moving.length === 0,
  );
}

/** What axe and a ruler find wrong with the page as it stands. */
export async function findFaults(page: Page, where: string): Promise<string[]> {
  await comeToRest(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const faults = violations.map(({ id, nodes }) => {
    const [first] = nodes;
    return `${where}: ${id} at ${first?.target.join(' ')}: ${first?.failureSummary ?? ''}`;
  });
  // What is fixed to the window adds nothing to the document's width, and is measured by itself.
  const wide: readonly string[] = await page.evaluate(`
    [...document.querySelectorAll('body *')]
      .filter((part) => getComputedStyle(part).position === 'fixed')
      .concat(document.documentElement)
      .filter((part) => part.scrollWidth > part.clientWidth && part.clientWidth > 1)
      .map((part) => part.tagName + '.' + part.className + ': ' + part.scrollWidth + ' px in ' + part.clientWidth + ' px')
  `);
  faults.push(...wide.map((part) => `${where}: ${part}`));
  return faults;
}

/** A script that sends the page's media through a UDP relay on this port of 127.0.0.1. */
export async function relayScript(port: number): Promise<string> {
  const path = fileURLToPath(new URL('../../pages/network.ts', import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { network } from ${JSON.stringify(path)}; network.setRelay(${port});`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
