/** What the tests need from Debian's packages: found, or installed where that is possible. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './lib/children.mjs';

const NEEDS = [
  { name: 'Chromium', package: 'chromium', program: 'chromium', variable: 'CHROMIUM_BIN' },
  { name: 'Firefox', package: 'firefox-esr', program: 'firefox-esr', variable: 'FIREFOX_BIN' },
  { name: 'ffmpeg', package: 'ffmpeg', program: 'ffmpeg', variable: 'FFMPEG_BIN' },
];

/** Better with than without: an independent RTMP server. */
const WISHES = [
  {
    name: 'nginx with RTMP',
    package: 'libnginx-mod-rtmp',
    file: '/usr/lib/nginx/modules/ngx_rtmp_module.so',
  },
];

function found(need) {
  if (need.file !== undefined) return existsSync(need.file);
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
  const all = [...missing, ...WISHES.filter((wish) => !found(wish))];
  if (all.length === 0) return [];
  const packages = all.map((need) => need.package);
  const names = all.map((need) => need.name).join(', ');
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) {
    console.log(`Missing: ${names}. Install with: sudo apt-get install ${packages.join(' ')}`);
    return missing.map((need) => need.name);
  }
  console.log(`The tests need ${names}: installing ${packages.join(' ')} with apt-get.`);
  // RUNLEVEL: no service is started by its installation.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('apt-get', ['update', '-q'], { env, quiet: true });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env, quiet: true });
  const left = all.filter((need) => !found(need));
  console.log(left.length === 0 ? 'Installed.' : `Could not install: ${left.map(({ name }) => name).join(', ')}.`);
  return left.filter((need) => missing.includes(need)).map(({ name }) => name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const still = await setupDebian();
  process.exit(still.length === 0 ? 0 : 1);
}
