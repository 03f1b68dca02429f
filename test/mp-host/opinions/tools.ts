import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The part of scripts/setup-miniprogram-tools.mjs that is used here. */
interface Setup {
  placeOfTool(name: string): string;
}

const SETUP = new URL('../../../scripts/setup-miniprogram-tools.mjs', import.meta.url);

export const OPINIONS = fileURLToPath(new URL('.', import.meta.url));
export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Folder of one of WeChat's tools, or null where it is not installed: `node scripts/setup-miniprogram-tools.mjs` does it. */
export async function installedTool(name: 'exparser' | 'official'): Promise<string | null> {
  const place = ((await import(SETUP.href)) as Setup).placeOfTool(name);
  return existsSync(place) ? place : null;
}
