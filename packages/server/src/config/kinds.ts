/** How settings are described, and the schemas that several of them share. */
import { z } from 'zod';
import type { SettingInfo } from './setting.ts';

type Names = readonly [env: string, flag: string];

function describe(kind: SettingInfo['kind'], [env, flag]: Names, en: string, zh: string): SettingInfo {
  return { kind, env, flag, en, zh };
}

export const text = (names: Names, en: string, zh: string) => describe('text', names, en, zh);
export const number = (names: Names, en: string, zh: string) => describe('number', names, en, zh);
export const flagged = (names: Names, en: string, zh: string) => describe('boolean', names, en, zh);
export const list = (names: Names, en: string, zh: string) => describe('list', names, en, zh);
export const json = (names: Names, en: string, zh: string) => describe('json', names, en, zh);
export const secret = (names: Names, en: string, zh: string): SettingInfo => ({ ...text(names, en, zh), secret: true });

export const port = z.int().min(0).max(65_535);
export const seconds = (least: number, most: number) => z.int().min(least).max(most);

/** An http(s) origin with an optional path, no query. */
export const httpUrl = z.url({ protocol: /^https?$/, hostname: /./ }).transform((url) => url.replace(/\/+$/, ''));
