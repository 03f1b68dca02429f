/**
 * Makes the npm package of <webrtc-room> in npm/dist/, ready for `npm publish` as it is: the component in one file of code,
 * with nothing to install beside it, types, both readmes, the licence and a package.json. After 构建 npm in WeChat's tool a
 * page uses it as "@lianmai/webrtc-room/webrtc-room".
 *
 *     node scripts/pack-component.mjs [--out <folder>]
 */
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'webrtc-room';
/** What stands beside the component in the package. */
const BESIDE = ['README.md', 'README.zh-CN.md', 'index.d.ts'];

/** The package's own package.json: the version is the mini program's. */
function manifest() {
  const { version, license } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  return {
    name: `@lianmai/${NAME}`,
    version,
    description: 'WeChat mini-program component: video rooms that phones and browsers share, self-hosted or with TRTC.',
    keywords: ['miniprogram', 'weapp', 'wechat', 'webrtc', 'live-pusher', 'live-player', '小程序', '音视频'],
    license,
    miniprogram: 'miniprogram_dist',
    types: 'index.d.ts',
    files: ['miniprogram_dist', ...BESIDE, 'LICENSE'],
    publishConfig: { access: 'public' },
  };
}

/** Builds; answers the size of the code in bytes. */
export async function packComponent(out = join(here, 'npm', 'dist')) {
  const source = join(here, 'miniprogram', 'components', NAME);
  const { miniprogram, ...more } = manifest();
  const target = join(out, miniprogram);
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
  for (const file of BESIDE) cpSync(join(here, 'npm', file), join(out, file));
  cpSync(join(here, '..', '..', 'LICENSE'), join(out, 'LICENSE'));
  writeFileSync(join(out, 'package.json'), `${JSON.stringify({ ...more, miniprogram }, null, 2)}\n`);
  return statSync(outfile).size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--out');
  const size = await packComponent(at === -1 ? undefined : resolve(process.argv[at + 1] ?? ''));
  process.stdout.write(`${NAME}.js: ${(size / 1024).toFixed(0)} kB\n`);
}
