/**
 * `npm start`, run by whatever Node the machine has: builds the web app when it is missing or older than its sources,
 * then runs the server on the Node 24 that came in with the dependencies. Arguments go to `lianmai serve`.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = join(root, 'node_modules', '.bin', 'node');
const page = join(root, 'apps', 'web', 'dist', 'index.html');
/** Where Node keeps its sources compiled: from the second start on a third of the work is spared. Where it cannot write, it does without. */
const compiled = join(root, 'node_modules', '.cache', 'lianmai');
/** What the page is built from. */
const sources = ['apps/web', 'packages/client-core', 'packages/protocol', 'package-lock.json'].map((path) =>
  join(root, path),
);
const skipped = new Set(['node_modules', 'dist', 'coverage', 'test-results']);

function newest(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return /\.test\.tsx?$/.test(path) ? 0 : stat.mtimeMs;
  let latest = 0;
  for (const name of readdirSync(path)) {
    if (!skipped.has(name)) latest = Math.max(latest, newest(join(path, name)));
  }
  return latest;
}

/** Runs a child to its end; signals that come meanwhile are passed on. Answers its exit code. */
function run(command, args, stdio, prefix) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio, env: { NODE_COMPILE_CACHE: compiled, ...process.env } });
    const pass = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    child.on('error', (error) => {
      console.error(`${prefix}: ${command} cannot be run (${error.code}).`);
      resolve(70);
    });
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve(signal === null ? (code ?? 70) : 130);
    });
  });
}

async function main() {
  if (!existsSync(node)) {
    console.error('start: the dependencies are not installed. Run "npm ci" first.');
    return 69;
  }
  if (process.env.LIANMAI_WEB_DIR === undefined && existsSync(join(root, 'apps', 'web', 'index.html'))) {
    const built = existsSync(page) ? statSync(page).mtimeMs : 0;
    if (built === 0 || built < Math.max(...sources.map(newest))) {
      console.log(
        built === 0
          ? 'Building the web app (once; some seconds) …'
          : 'Building the web app again: its sources have changed …',
      );
      const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
      const args = [vite, 'build', join(root, 'apps', 'web'), '--logLevel', 'warn'];
      const code = await run(node, args, 'inherit', 'start');
      if (code !== 0) {
        console.error('start: the web app could not be built; see above.');
        return code;
      }
      console.log('The web app is built.');
    }
  }
  const server = join(root, 'packages', 'server', 'src', 'main.ts');
  // The channel tells the server when this process is gone, so that none is left behind.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  return run(node, [server, 'serve', ...process.argv.slice(2)], stdio, 'start');
}

process.exitCode = await main();
