import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { EXIT, ExitError } from '../cli/exit.ts';
import { type Config, configSchema } from './schema.ts';
import { SETTINGS, type Setting } from './settings.ts';

/** Where settings come from; a later source wins: defaults, file, environment, flags. */
export interface ConfigSources {
  /** `--config`; when undefined, `lianmai.yaml` in the working folder is read if it is there. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flags by their names without dashes. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_FILE = 'lianmai.yaml';
/** A configuration file is small; anything bigger is a mistake. */
const MAX_FILE_BYTES = 1_000_000;

type Tree = { [key: string]: unknown };

/**
 * Reads and validates the settings.
 * @throws ExitError with one sentence that names the setting and where it was given.
 */
export function loadConfig(sources: ConfigSources): Config {
  const tree = readConfigFile(sources.file);
  const origins = new Map<string, string>();
  for (const setting of SETTINGS) {
    const fromEnvironment = sources.environment[setting.env];
    // An empty variable counts as absent: that is how container files unset one.
    if (fromEnvironment !== undefined && fromEnvironment !== '') {
      assign(tree, setting, parseText(setting, fromEnvironment, setting.env));
      origins.set(setting.path.join('.'), setting.env);
    }
    const fromFlag = sources.flags?.[setting.flag];
    if (fromFlag !== undefined) {
      assign(tree, setting, parseText(setting, fromFlag, `--${setting.flag}`));
      origins.set(setting.path.join('.'), `--${setting.flag}`);
    }
  }
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) throw badSetting(parsed.error, origins);
  return parsed.data;
}

function readConfigFile(file: string | undefined): Tree {
  const path = file ?? DEFAULT_FILE;
  if (!existsSync(path)) {
    if (file === undefined) return {};
    throw new ExitError(EXIT.noInput, `The configuration file ${path} does not exist.`);
  }
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ExitError(EXIT.noInput, `The configuration file ${path} cannot be read (${errorCode(error)}).`);
  }
  if (text.length > MAX_FILE_BYTES) throw new ExitError(EXIT.config, `The configuration file ${path} is too large.`);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 10 });
  } catch (error) {
    const where = error instanceof Error ? error.message.split('\n')[0] : '';
    throw new ExitError(EXIT.config, `The configuration file ${path} is not valid YAML: ${where}`);
  }
  if (value === null || value === undefined) return {};
  if (!isTree(value)) throw new ExitError(EXIT.config, `The configuration file ${path} must hold settings by name.`);
  // An empty section ("http:" with everything commented out) means its defaults.
  return Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null));
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function assign(tree: Tree, setting: Setting, value: unknown): void {
  let node = tree;
  for (const key of setting.path.slice(0, -1)) {
    const child = node[key];
    if (isTree(child)) {
      node = child;
    } else {
      const made: Tree = {};
      node[key] = made;
      node = made;
    }
  }
  node[setting.path.at(-1) ?? ''] = value;
}

function parseText(setting: Setting, text: string, origin: string): unknown {
  switch (setting.kind) {
    case 'text':
      return text;
    case 'number': {
      const value = Number(text);
      if (text.trim() === '' || !Number.isFinite(value)) throw refused(origin, 'must be a number');
      return value;
    }
    case 'boolean':
      if (/^(true|yes|on|1)$/i.test(text)) return true;
      if (/^(false|no|off|0)$/i.test(text)) return false;
      throw refused(origin, 'must be true or false');
    case 'list':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        throw refused(origin, 'must be JSON');
      }
  }
}

function refused(origin: string, problem: string): ExitError {
  return new ExitError(EXIT.config, `The setting ${origin} ${problem}.`);
}

/** One sentence about the first problem; values are never repeated, since they may be secrets. */
function badSetting(error: z.ZodError, origins: ReadonlyMap<string, string>): ExitError {
  const issue = error.issues[0];
  if (issue === undefined) return new ExitError(EXIT.config, 'The configuration is not valid.');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => [...issue.path, key].join('.')).join(', ');
    return new ExitError(EXIT.config, `There is no setting "${names}". lianmai.sample.yaml lists them all.`);
  }
  const path = issue.path.map(String).join('.');
  const named = SETTINGS.find(
    (setting) => path === setting.path.join('.') || path.startsWith(`${setting.path.join('.')}.`),
  );
  const origin = named === undefined ? undefined : origins.get(named.path.join('.'));
  const where = origin === undefined ? '' : ` (given by ${origin})`;
  return new ExitError(EXIT.config, `The setting ${path}${where}: ${issue.message.replace(/\.$/, '')}.`);
}

/** `EACCES` and the like, for messages. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'unknown error';
}
