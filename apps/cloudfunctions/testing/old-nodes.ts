import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The two oldest of the versions that CloudBase offers (16.13, 18.15, 20.19, 22.21, 24.11, 26). */
export const OLD_NODES = ['16.13.2', '18.15.0'] as const;

/**
 * Path of a Node.js of this version, from the package that carries the binary: installed once, into the user's cache. Null, and one
 * line that says so, where it cannot be had.
 */
export function oldNode(version: string): string | null {
  const carrier = `node-${process.platform}-${process.arch}`;
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'lianmai', `node-${version}`);
  const binary = join(folder, 'node_modules', carrier, 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const npm = ['install', '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--fetch-retries=0'];
  try {
    execFileSync('npm', [...npm, '--prefix', folder, `${carrier}@${version}`], { stdio: 'pipe', timeout: 240_000 });
  } catch {
    console.warn(`Node.js ${version} cannot be installed here: the functions are NOT run on it this time.`);
    return null;
  }
  return existsSync(binary) ? binary : null;
}
