import { fileURLToPath } from 'node:url';
import { type Bundle, build } from '../src/build/index.ts';
import { type JsdomOptions, type JsdomPhone, openInJsdom } from '../src/drivers/jsdom.ts';

export const SAMPLE = fileURLToPath(new URL('../sample', import.meta.url));

let built: Promise<Bundle> | null = null;

/** The sample mini program, built once. */
export function sample(): Promise<Bundle> {
  built ??= build({ root: SAMPLE });
  return built;
}

/** Opens the sample. */
export async function openSample(options: JsdomOptions = {}): Promise<JsdomPhone> {
  return openInJsdom(await sample(), options);
}

/** What the sample noted of its lifetimes. */
export function logOf(phone: JsdomPhone): string[] {
  return [...(phone.host.app['log'] as string[])];
}
