/** What the end-to-end tests need from Debian's packages: found, or installed where that is possible. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './lib/children.mjs';

const NEEDS = [
  { name: 'Chromium', package: 'chromium', program: 'chromium', variable: 'CHROMIUM_BIN' },
  { name: 'Firefox', package: 'firefox-esr', program: 'firefox-esr', variable: 'FIREFOX_BIN' },
  { name: 'ffmpeg', package: 'ffmpeg', program: 'ffmpeg', variable: 'FFMPEG_BIN' },
];

function found(need) {
  const given = process.env[need.variable];
  if (given !== undefined) return existsSync(given);
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, need.program)));
}

/**
 * Installs what lacks. Answers the names of what is still missing after that.
 *
 * @returns {Promise<string[]>}
 */
export async function setupDebian() {
  const missing = NEEDS.filter((need) => !found(need));
  if (missing.length === 0) return [];
  const packages = missing.map((need) => need.package);
  const names = missing.map((need) => need.name).join(', ');
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) {
    console.log(`Missing: ${names}. Install with: sudo apt-get install ${packages.join(' ')}`);
    return missing.map((need) => need.name);
  }
  console.log(`The end-to-end tests need ${names}: installing ${packages.join(' ')} with apt-get.`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env, quiet: true });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env, quiet: true });
  const still = missing.filter((need) => !found(need)).map((need) => need.name);
  console.log(still.length === 0 ? 'Installed.' : `Could not install: ${still.join(', ')}.`);
  return still;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const still = await setupDebian();
  process.exit(still.length === 0 ? 0 : 1);
}
