/**
 * Builds what the npm package carries into miniprogram_dist/: <webrtc-room> in one file of code, with nothing to install
 * beside it. After 构建 npm in WeChat's tool a page uses it as "@lianmai/miniprogram/webrtc-room/webrtc-room".
 *
 *     node scripts/pack-component.mjs [--out <folder>]
 */
import { cpSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'webrtc-room';

/** Builds; answers the size of the code in bytes. */
export async function packComponent(out = join(here, 'miniprogram_dist')) {
  const source = join(here, 'miniprogram', 'components', NAME);
  const target = join(out, NAME);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const outfile = join(target, `${NAME}.js`);
  await build({
    entryPoints: [join(source, `${NAME}.ts`)],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'neutral',
    target: 'es2018',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const ending of ['json', 'wxml', 'wxss'])
    cpSync(join(source, `${NAME}.${ending}`), join(target, `${NAME}.${ending}`));
  return statSync(outfile).size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--out');
  const size = await packComponent(at === -1 ? undefined : resolve(process.argv[at + 1] ?? ''));
  process.stdout.write(`${NAME}.js: ${(size / 1024).toFixed(0)} kB\n`);
}
