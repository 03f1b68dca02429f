/**
 * `npm test`, run by whatever Node the machine has: checks, unit tests, the end-to-end suite on the embedded engine and
 * the same suite on a real livekit-server. Ends with the plain line `N passed, N failed`.
 *
 * `--only check|unit|e2e|livekit` runs one rung; more arguments are handed to vitest.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { check } from './check.mjs';
import { run } from './lib/children.mjs';
import { installed, node, root } from './lib/places.mjs';
import { setupDebian } from './setup-debian.mjs';
import { setupLiveKit } from './setup-livekit.mjs';
import { setupMiniprogramTool, TOOLS } from './setup-miniprogram-tools.mjs';

const RUNGS = ['check', 'unit', 'e2e', 'livekit'];
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const none = { passed: 0, failed: 0, skipped: 0 };
/** What failed, and why: a run prints thousands of lines, and the last ones are what is read first. */
const failures = [];
/** Of a reason: so many lines. The rest stands further up. */
const REASON_LINES = 6;

/** Runs vitest and counts what it really ran. A run that left no report has failed. */
async function runVitest(args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lianmai-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { code } = await run(node, [vitest, 'run', ...reporters, ...args], {
      cwd: root,
      env,
      timeoutMs: 2_400_000,
    });
    if (!existsSync(report)) return { ...none, failed: 1 };
    const counted = JSON.parse(readFileSync(report, 'utf8'));
    // A file that fails without a failed test: it cannot be read, or one of its hooks has failed.
    const broken = counted.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
    );
    const failed = counted.numFailedTests + broken.length;
    for (const { name, message, assertionResults } of counted.testResults) {
      const file = relative(root, name);
      if (broken.some((one) => one.name === name))
        failures.push({ title: file, reason: message || 'A hook failed; its error stands further up.' });
      for (const { status, fullName, failureMessages } of assertionResults) {
        if (status !== 'failed') continue;
        failures.push({ title: `${file}: ${fullName}`, reason: failureMessages.join('\n') });
      }
    }
    return {
      passed: counted.numPassedTests,
      // An unhandled error outside every test makes the run red too.
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: counted.numPendingTests + counted.numTodoTests,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function endToEnd(target, more, env = {}) {
  const config = join('test', 'e2e', 'vitest.config.ts');
  return await runVitest(['-c', config, ...more], { LIANMAI_TARGET: target, ...env });
}

const steps = {
  check: () => check(),
  async unit(more) {
    // Independent peers: without them their tests are skipped, and say so.
    await setupDebian();
    const binary = await setupLiveKit();
    for (const tool of TOOLS) await setupMiniprogramTool(tool);
    return await runVitest(more, binary === null ? {} : { LIVEKIT_SERVER_BIN: binary });
  },
  async e2e(more) {
    const missing = await setupDebian();
    if (missing.length > 0) return { ...none, failed: 1 };
    return await endToEnd('embedded', more);
  },
  async livekit(more) {
    const binary = await setupLiveKit();
    if (binary === null) {
      console.log('The suite does NOT run against a real livekit-server this time.');
      return { ...none, skipped: 1 };
    }
    const missing = await setupDebian();
    if (missing.length > 0) return { ...none, failed: 1 };
    return await endToEnd('livekit', more, { LIVEKIT_SERVER_BIN: binary });
  },
};

/** The first lines of an error, without its way through the test runner. */
function reasonOf(text) {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines.filter((line) => !/^\s+at .*(node_modules|new Promise)/.test(line)).slice(0, REASON_LINES);
}

async function main() {
  const args = process.argv.slice(2);
  let rungs = RUNGS;
  const at = args.indexOf('--only');
  if (at >= 0) {
    const [, name] = args.splice(at, 2);
    if (!RUNGS.includes(name)) {
      console.error(`test: --only takes one of ${RUNGS.join(', ')}.`);
      return 64;
    }
    rungs = [name];
  }
  if (!installed) {
    console.error('test: the dependencies are not installed. Run "npm ci" first.');
    return 69;
  }
  const total = { ...none };
  const table = [];
  for (const rung of rungs) {
    console.log(`\n== ${rung} ==`);
    const began = Date.now();
    const result = await steps[rung](args);
    for (const key of Object.keys(total)) total[key] += result[key];
    table.push({ rung, ...result, seconds: Math.round((Date.now() - began) / 1000) });
  }
  console.log('');
  for (const { rung, passed, failed, skipped, seconds } of table) {
    console.log(`${rung.padEnd(8)} ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`);
  }
  for (const { title, reason } of failures) {
    console.log(`failed: ${title}`);
    for (const line of reasonOf(reason)) console.log(`  ${line}`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  return total.failed === 0 && total.passed + total.skipped > 0 ? 0 : 1;
}

process.exit(await main());
