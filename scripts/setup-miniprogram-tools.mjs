/**
 * WeChat's own tools for two tests of the mini program: too heavy for everybody's `npm ci`, so each is installed once, apart,
 * from the lockfile in test/mp-host/tools (exact versions with their hashes; no script of a package runs).
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './lib/children.mjs';
import { root } from './lib/places.mjs';

export const TOOLS = ['exparser', 'official'];
const sources = join(root, 'test', 'mp-host', 'tools');

/**
 * Where a tool is, or will be: another lockfile is another folder.
 *
 * @param {string} name one of TOOLS
 */
export function placeOfTool(name) {
  const hash = createHash('sha256').update(readFileSync(join(sources, name, 'package-lock.json')));
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(cache, 'lianmai', `miniprogram-${name}-${hash.digest('hex').slice(0, 12)}`);
}

/**
 * Path of the tool's folder, or null and one line that says so. A folder that is there is complete: it gets its name last.
 *
 * @param {string} name one of TOOLS
 * @returns {Promise<string | null>}
 */
export async function setupMiniprogramTool(name) {
  const place = placeOfTool(name);
  if (existsSync(place)) return place;
  mkdirSync(join(place, '..'), { recursive: true });
  const work = mkdtempSync(`${place}.`);
  try {
    cpSync(join(sources, name), work, { recursive: true });
    console.log(`Installing what the test with WeChat's ${name} tool needs, once.`);
    const quick = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
    const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=30000'];
    const { code } = await run('npm', ['ci', ...quick, ...patience], { cwd: work, quiet: true, timeoutMs: 300_000 });
    if (code === 0) {
      // Somebody else may have been quicker; both did the same.
      if (!existsSync(place)) renameSync(work, place);
      return place;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`WeChat's ${name} tool cannot be installed here: its tests are skipped this time.`);
  return null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let missing = 0;
  for (const name of TOOLS) {
    const place = await setupMiniprogramTool(name);
    if (place === null) missing += 1;
    else console.log(place);
  }
  process.exit(missing === 0 ? 0 : 1);
}
