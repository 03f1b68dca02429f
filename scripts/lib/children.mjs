/** Child processes of the scripts: each in a group of its own, so that it ends with everything that it started. */
import { spawn } from 'node:child_process';

const groups = new Set();

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}

process.on('exit', () => {
  for (const pid of groups) endGroup(pid, 'SIGKILL');
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => {
    for (const pid of groups) endGroup(pid, signal);
    // What does not end by itself ends with us.
    setTimeout(() => process.exit(code), 8_000).unref();
    if (groups.size === 0) process.exit(code);
    process.exitCode = code;
  });
}

/**
 * Runs a command to its end. Answers its exit code; 127 when it could not be run, 124 when it took too long.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, quiet?: boolean, timeoutMs?: number }} [options]
 *   `quiet`: the output is kept and shown only when the command fails
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const stdio = options.quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio,
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (pid === undefined) return;
      // Browsers stand in groups of their own: whoever started them must get the time to end them.
      endGroup(pid, 'SIGTERM');
      setTimeout(() => endGroup(pid, 'SIGKILL'), 8_000).unref();
    }, options.timeoutMs ?? 600_000);
    const finish = (code) => {
      clearTimeout(timer);
      if (pid !== undefined) {
        endGroup(pid, 'SIGKILL');
        groups.delete(pid);
      }
      if (options.quiet && code !== 0) console.log(output.trimEnd());
      if (late) console.log(`${command}: ended after ${(options.timeoutMs ?? 600_000) / 1000} s`);
      resolve({ code: late ? 124 : code, output });
    };
    child.on('error', () => finish(127));
    child.on('exit', (code, signal) => finish(code ?? (signal === null ? 1 : 128)));
  });
}
