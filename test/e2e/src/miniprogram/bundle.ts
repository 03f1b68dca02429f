import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bundle, build } from '@lianmai/mp-host/build';
import * as esbuild from 'esbuild';

const exec = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../../../../apps/miniprogram', import.meta.url));
const WATCH = fileURLToPath(new URL('../../pages/live-players.ts', import.meta.url));

/** `BACKEND` of the mini program's `config.ts`. */
export type MiniConfig =
  | { readonly kind: 'self-hosted'; readonly baseUrl: string; readonly login: 'wechat' | 'guest' }
  | {
      readonly kind: 'cloud';
      readonly env: string;
      readonly sdkAppId: number;
      readonly media: { readonly kind: 'trtc' } | { readonly kind: 'self-hosted'; readonly baseUrl: string };
    };

export interface MiniBundle {
  readonly app: Bundle;
  /** The script that its pages are watched with. */
  readonly watch: string;
}

/** Builds the mini program as WeChat's tool would open it, never an old one, with another configuration. */
export async function buildMiniProgram(config: MiniConfig): Promise<MiniBundle> {
  const folder = await mkdtemp(join(tmpdir(), 'lianmai-mp-'));
  try {
    await exec(process.execPath, [join(PROGRAM, 'scripts', 'build.mjs'), '--out', folder]);
    await writeFile(join(folder, 'config.js'), `exports.BACKEND = ${JSON.stringify(config)};`);
    const [app, watch] = await Promise.all([build({ root: folder }), buildWatch()]);
    return { app, watch };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function buildWatch(): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [WATCH],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
