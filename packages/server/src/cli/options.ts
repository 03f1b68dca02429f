import type { Command } from 'commander';
import { readEnvironment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { SETTINGS } from '../config/settings.ts';

/** Adds `--config` and a flag for every setting (or for those named). */
export function addSettings(command: Command, only?: readonly string[]): Command {
  command.option('--config <file>', 'YAML file of settings (default: lianmai.yaml, if there is one)');
  for (const setting of SETTINGS) {
    if (only !== undefined && !only.includes(setting.flag)) continue;
    const empty =
      setting.defaultValue === '' || (Array.isArray(setting.defaultValue) && setting.defaultValue.length === 0);
    const value = Array.isArray(setting.defaultValue) ? setting.defaultValue.join(',') : String(setting.defaultValue);
    command.option(`--${setting.flag} <value>`, `${setting.en} [${setting.env}${empty ? '' : `, default ${value}`}]`);
  }
  return command;
}

/** The settings of a command whose options {@link addSettings} made. @throws ExitError */
export function configOf(command: Command): Config {
  const options: Record<string, unknown> = command.opts();
  const flags: Record<string, string | undefined> = {};
  for (const setting of SETTINGS) {
    const value = options[camelCase(setting.flag)];
    if (typeof value === 'string') flags[setting.flag] = value;
  }
  const file = typeof options['config'] === 'string' ? options['config'] : undefined;
  return loadConfig({ file, environment: readEnvironment(), flags });
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
