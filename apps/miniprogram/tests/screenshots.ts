/**
 * Pictures of every page and every template, in both languages and both themes, on three screens, with what a ruler says of them:
 *
 *     node apps/miniprogram/tests/screenshots.ts <folder> [--only <pattern>] [--size 375] [--sheets] [--scale 2] [--big]
 *
 * `<folder>/findings.json` lists poor contrast, small targets, clipped and overlapping words; `--sheets` also puts the
 * pictures of a state side by side; `--big` enlarges all words by a quarter.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bundle } from '@lianmai/mp-host/build';
import { openInChromium, PHONE } from '@lianmai/mp-host/chromium';
import { type Browser, chromium } from 'playwright-core';
import { dress, putOn, SCREENS, type Screen } from './screenshots/frame.ts';
import { type Finding, measure } from './screenshots/measure.ts';
import { contactSheet } from './screenshots/sheet.ts';
import { GUIDE, LAYOUTS, PAGES, type Shot } from './screenshots/shots.ts';
import { bundleAsDelivered, bundleFor } from './support/phone.ts';
import { StandIn } from './support/server.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    size: { type: 'string', default: '' },
    theme: { type: 'string', default: '' },
    scale: { type: 'string', default: '1' },
    sheets: { type: 'boolean', default: false },
    big: { type: 'boolean', default: false },
    browser: { type: 'string', default: '/usr/bin/chromium' },
  },
});
const out = resolve(positionals[0] ?? 'screenshots');
const screens = SCREENS.filter(({ name }) => values.size === '' || values.size.split(',').includes(name));
const themes = (['light', 'dark'] as const).filter((theme) => values.theme === '' || theme === values.theme);
const LANGUAGES = ['zh_CN', 'en'] as const;

/** All words a quarter larger, as for people who set large type. */
const LARGER = `for (const element of document.querySelectorAll('.mp-page *')) {
  element.dataset.size ??= parseFloat(getComputedStyle(element).fontSize);
}
for (const element of document.querySelectorAll('.mp-page *')) element.style.fontSize = element.dataset.size * 1.25 + 'px';`;

interface Taken {
  readonly file: string;
  readonly screen: Screen;
  readonly language: string;
  readonly theme: string;
  readonly findings: readonly Finding[];
}

async function take(browser: Browser, shot: Shot, bundle: Bundle, server: StandIn): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (const language of LANGUAGES) {
    reset(server);
    shot.server?.(server);
    const context = await browser.newContext({ ...PHONE, deviceScaleFactor: Number(values.scale) });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    const user = shot.user ?? '小李';
    const phone = await openInChromium(page, bundle, {
      url: shot.url,
      prepare: `mp.device.language = '${language}';
        ${user === '' ? '' : `mp.storage.set('lianmai.name', '${user}');`} ${shot.prepare ?? ''}`,
    });
    await dress(page);
    await shot.act?.(phone, server);
    for (const theme of themes) {
      for (const screen of screens) {
        await putOn(page, session, screen, theme);
        if (shot.settle !== undefined) await page.evaluate(shot.settle);
        if (values.big) await page.evaluate(LARGER);
        const file = `${out}/${shot.name}-${language.slice(0, 2)}-${theme}-${screen.name}.png`;
        await page.screenshot({ path: file, animations: 'disabled' });
        taken.push({ file, screen, language, theme, findings: await page.evaluate(measure) });
      }
    }
    // What failed in the mini program is for tests to judge; the pictures are there.
    await phone.close().catch((error: Error) => process.stderr.write(`${shot.name}: ${error.message.slice(0, 200)}\n`));
    await context.close();
  }
  return taken;
}

function reset(server: StandIn): void {
  server.rooms = [];
  server.people = [];
  server.chat = [];
  server.refusals.clear();
  server.roomsigCode = 0;
}

/** Findings of all pictures: each once, with how often and where first. */
function summary(taken: readonly Taken[]): object[] {
  const all = new Map<string, Finding & { times: number; first: string; worst: string }>();
  for (const { file, findings } of taken) {
    for (const finding of findings) {
      const key = `${finding.kind} ${finding.what} ${finding.kind === 'overlap' ? finding.detail : ''}`;
      const known = all.get(key);
      const first = file.slice(out.length + 1);
      if (known === undefined) all.set(key, { ...finding, times: 1, first, worst: finding.detail });
      else known.times += 1;
    }
  }
  return [...all.values()].sort((one, two) => one.kind.localeCompare(two.kind));
}

const rowsOf = (taken: readonly Taken[]) =>
  themes.map((theme) => taken.filter((one) => one.theme === theme).map(({ file }) => file));

const server = await StandIn.start();
const bundles = {
  guest: await bundleFor('guest', server.url),
  cloud: await bundleFor('cloud', server.url),
  delivered: await bundleAsDelivered(),
};
const browser = await chromium.launch({ executablePath: values.browser, args: ['--no-sandbox', '--disable-gpu'] });
const everything: Taken[] = [];
await mkdir(out, { recursive: true });
try {
  for (const shot of [...PAGES, ...LAYOUTS, ...GUIDE].filter(({ name }) => new RegExp(values.only).test(name))) {
    const taken = await take(browser, shot, bundles[shot.bundle ?? 'guest'], server);
    everything.push(...taken);
    if (values.sheets) await contactSheet(browser, rowsOf(taken), `${out}/sheet-${shot.name}.png`);
    process.stdout.write(`${shot.name}: ${taken.length}\n`);
  }
  await writeFile(`${out}/findings.json`, `${JSON.stringify(summary(everything), null, 1)}\n`);
  process.stdout.write(`${everything.length} pictures in ${out}\n`);
} finally {
  await browser.close();
  await server.close();
}
