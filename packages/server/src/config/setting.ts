import { z } from 'zod';

/** What a setting is, for people and for its other spellings. */
export interface SettingInfo {
  /** English description, one sentence. */
  readonly en: string;
  /** 简体中文 description. */
  readonly zh: string;
  /** Name of the environment variable. */
  readonly env: string;
  /** Name of the command-line flag, without dashes. */
  readonly flag: string;
  /** How a text (environment, flag) becomes the value. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'json';
  /** Its value must never be printed. */
  readonly secret?: true;
}

const registry = z.registry<SettingInfo>();

/** Attaches the description to a schema. `env` and `flag` follow from the key unless given. */
export function setting<T extends z.ZodType>(schema: T, info: SettingInfo): T {
  registry.add(schema, info);
  return schema;
}

/** The description of a schema that {@link setting} made; `undefined` for others. */
export function settingInfo(schema: z.ZodType): SettingInfo | undefined {
  return registry.get(schema);
}
