import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';

/** Pictures of one state side by side, each with its name below; rows as they are given. */
export async function contactSheet(
  browser: Browser,
  rows: readonly (readonly string[])[],
  path: string,
): Promise<void> {
  const lines: string[] = [];
  for (const row of rows) {
    const cells: string[] = [];
    for (const file of row) {
      const picture = (await readFile(file)).toString('base64');
      const name = file.slice(file.lastIndexOf('/') + 1).replace('.png', '');
      cells.push(`<figure><img src="data:image/png;base64,${picture}"><figcaption>${name}</figcaption></figure>`);
    }
    lines.push(`<div>${cells.join('')}</div>`);
  }
  const style = `body{margin:8px;background:#7f8fa6;font:13px sans-serif;width:max-content}
    div{display:flex;gap:8px;align-items:flex-start}figure{margin:0 0 8px}img{display:block}`;
  const page = await browser.newPage({ viewport: { width: 200, height: 200 } });
  await page.setContent(`<style>${style}</style>${lines.join('')}`);
  await page.locator('body').screenshot({ path });
  await page.close();
}
