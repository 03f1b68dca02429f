import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../node_modules/.mp-host-tools', import.meta.url));

/**
 * Loads a package that is too heavy for everybody's `npm ci`: it is installed once, at this version and without its scripts, into
 * a folder of its own.
 */
export function tool<T>(name: string, version: string): T {
  const folder = join(FOLDER, name);
  if (!existsSync(join(folder, 'node_modules', name))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    console.log(`installing ${name}@${version}, once`);
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', `${name}@${version}`],
      {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
  }
  return createRequire(join(folder, 'package.json'))(name) as T;
}

/** Ends with a usage line when an argument is missing. */
export function argument(index: number, usage: string): string {
  const value = process.argv[index + 1];
  if (value !== undefined) return value;
  console.error(`usage: ${usage}`);
  process.exit(64);
}
