import { z } from 'zod';
import { configSchema } from './schema.ts';
import { type SettingInfo, settingInfo } from './setting.ts';

/** One key of the configuration, with its place in the file. */
export interface Setting extends SettingInfo {
  /** Path in the file: `['http', 'port']`. */
  readonly path: readonly string[];
  readonly defaultValue: unknown;
  readonly schema: z.ZodType;
}

function unwrapObject(schema: unknown): z.ZodObject | null {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodPrefault) return unwrapObject(schema.unwrap());
  return null;
}

function collect(object: z.ZodObject, path: readonly string[], found: Setting[]): Setting[] {
  for (const [key, schema] of Object.entries(object.shape)) {
    if (!(schema instanceof z.ZodType)) continue;
    const info = settingInfo(schema);
    const inner = unwrapObject(schema);
    if (info !== undefined) {
      found.push({ ...info, path: [...path, key], defaultValue: schema.parse(undefined), schema });
    } else if (inner !== null) {
      collect(inner, [...path, key], found);
    } else {
      throw new Error(`the setting ${[...path, key].join('.')} has no description`);
    }
  }
  return found;
}

/** Every setting, in the order of the schema. */
export const SETTINGS: readonly Setting[] = collect(configSchema, [], []);
